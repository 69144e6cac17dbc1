"""Safeties of the product, each taken out in a worker process; the kill tests must notice every one."""

from typing import Any

from domain.answers import Absent
from domain.records import Kind
from ledger import messages
from tasks import confirm
from tasks.filing import file
from tasks.filing_orders import store
from tasks.judge import Judged
from tasks.run import Run
from tasks.settling import settle_finding
from tests import walking


def no_attempt_before_call() -> None:
    """Write down that a message was sent only with its answer, not before the call."""
    note = messages.note
    sending: dict[int, Any] = {}

    def late(tx: Any, claimed: Any, **facts: Any) -> bool:
        if set(facts) == {"attempted_at"} and facts["attempted_at"] is not None:
            sending[claimed.id] = facts["attempted_at"]
            return True
        attempt = {"attempted_at": sending.pop(claimed.id)} if claimed.id in sending else {}
        return note(tx, claimed, **{**attempt, **facts})

    messages.note = late


def no_look_before_resend() -> None:
    """Take what has neither an answer nor a ticket for not done, whatever the destination shows."""

    def blind(run: Any, tx: Any, message: Any, record: Any, finding: Any, visible_after: Any) -> None:
        seen = Absent() if message.ticket is None else finding
        settle_finding(run, tx, message, record, seen, visible_after)

    confirm.settle_finding = blind  # type: ignore[attr-defined] # it is imported there by name


def filing_in_two() -> None:
    """Commit that orders have come before, and apart from, what is owed for them."""

    async def twice(run: Run, judged: Judged | None) -> None:
        if judged is not None and judged.pulled.intake.kind is Kind.SALES_ORDER:
            with run.transaction() as tx:
                store(run, tx, judged, {one.record.key: one.record.key for one in judged.fresh})
        await file(run, judged)

    walking.file = twice  # type: ignore[attr-defined] # it is imported there by name
