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
from tests.kill import worlds


def no_attempt_before_call() -> None:
    """Do not write down that a message is about to be sent."""
    note = messages.note

    def forgetful(tx: Any, claimed: Any, **facts: Any) -> bool:
        if set(facts) == {"attempted_at"} and facts["attempted_at"] is not None:
            return True
        return note(tx, claimed, **facts)

    messages.note = forgetful


def no_look_before_resend() -> None:
    """Take whatever has no answer for not done, whatever the destination shows."""

    def blind(run: Any, tx: Any, message: Any, record: Any, _finding: Any, visible_after: Any) -> None:
        settle_finding(run, tx, message, record, Absent(), visible_after)

    confirm.settle_finding = blind  # type: ignore[attr-defined, assignment] # it is imported there by name


def filing_in_two() -> None:
    """Commit that orders have come before, and apart from, what is owed for them."""

    async def twice(run: Run, judged: Judged) -> None:
        if judged.pulled.intake.kind is Kind.SALES_ORDER:
            with run.transaction() as tx:
                store(run, tx, judged, {one.record.key: one.record.key for one in judged.fresh})
        await file(run, judged)

    worlds.file = twice  # type: ignore[attr-defined] # it is imported there by name
