"""What filing payloads that cannot be read means: each is kept and held, and spoils nobody else."""

from collections.abc import Mapping

from domain.payloads import address_of
from domain.records import Kind, Reject
from expectations.gate import Failure
from ledger import holds, inbox
from ledger.database import Transaction
from tasks.holding import hold
from tasks.loops import Intake
from tasks.run import Run


def file_rejects(
    run: Run, tx: Transaction, intake: Intake, rejects: Mapping[str, Reject], *, again: bool = False
) -> list[str]:
    """Keep and hold the rejects, by key, that are new here (all of them `again`, after a release); return their keys."""
    if not rejects:
        return []
    prints = {key: address_of([reject.raw, reject.reason]) for key, reject in rejects.items()}
    new = sorted(rejects if again else inbox.unseen(tx, intake.side, intake.kind, prints))
    keeps = run.feed(intake).keeps
    ids = inbox.store(
        tx,
        [
            inbox.Arrival(
                intake.side,
                intake.kind,
                key,
                prints[key],
                rejects[key].raw,
                keeps,
                inbox.REJECTED,
                account=run.former,
            )
            for key in new
        ],
    )
    for key in new:
        reject, inbox_id = rejects[key], str(ids[intake.kind, key])
        failure = Failure(key, f"expect_{intake.kind.value}_to_be_readable", reject.hold_type, reject.reason, "")
        holds.close_holds(tx, holds.INBOX, [inbox_id], "replaced", "a newer record, or a release")
        order_key = key if intake.kind is Kind.SALES_ORDER else ""
        hold(run, tx, failure, holds.INBOX, inbox_id, order_key=order_key)
    return new
