"""Push: pay what is owed, most urgent first. Attempt before call; one effect is commit, call, commit."""

import asyncio
from collections.abc import Sequence

from domain.answers import Answer, NotNow, SystemTrouble, Unknown
from domain.installation import Side
from domain.records import Kind, Record
from ledger import messages
from ledger.messages import Claimed
from tasks.clearing import take_to_zero
from tasks.composing import CannotCompose, compose
from tasks.loops import Route
from tasks.publishing import all_of, publish
from tasks.run import Run
from tasks.settling import not_sent, settle, settle_unsayable

_CLAIMED_AT_ONCE = 20


async def push(run: Run) -> None:
    """Send what is owed on every route of the loop until the slice ends or nothing is due.

    A system in trouble is noted in the run, and the other routes go on. In observe mode nothing is
    claimed and nothing is sent. On an account that was left, what it still shows is taken to zero first.
    """
    if run.clears and not run.in_trouble(Side.MARKETPLACE):
        try:
            await take_to_zero(run)
        except SystemTrouble as trouble:
            run.troubles.append(trouble)
    told = -1
    while run.time_left and len(run.news) > told:  # what one route did may have made another one due
        told = len(run.news)
        routes = [route for route in run.routes() if not run.in_trouble(route.side)]
        outcomes = await asyncio.gather(
            *(publish(run, route) if route.kind is Kind.AVAILABILITY else _drain(run, route) for route in routes),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, SystemTrouble):
                run.troubles.append(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome


async def _drain(run: Run, route: Route) -> None:
    sink = run.sink(route)
    at_once = sink.batch * sink.parallel
    while run.time_left:
        with run.transaction() as tx:
            limit = max(at_once, _CLAIMED_AT_ONCE)
            claimed = messages.claim(tx, route.kind, limit, run.lease, looking=False, account=run.former)
        if not claimed:
            return
        for start in range(0, len(claimed), at_once):
            group = claimed[start : start + at_once]
            if not run.time_left or not run.enough_lease(group[0].lease_until):
                _give_back(run, claimed[start:])
                return
            batches = [group[i : i + sink.batch] for i in range(0, len(group), sink.batch)]
            if not all(await all_of(_send(run, route, batch) for batch in batches)):
                _give_back(run, claimed[start + at_once :])
                return


def _give_back(run: Run, claimed: Sequence[Claimed]) -> None:
    """Let the next run claim at once what this one comes to no more."""
    with run.transaction() as tx:
        for message in claimed:
            messages.note(tx, message, lease_until=None)


async def _send(run: Run, route: Route, claimed: Sequence[Claimed]) -> bool:
    """Commit the attempt, call, commit the answers; False when the account's budget is spent for now."""
    sink = run.sink(route)
    going: dict[str, tuple[Claimed, Record]] = {}
    with run.transaction() as tx:
        composed = compose(run, tx, claimed)
        for message in claimed:
            record = composed[message.id]
            if isinstance(record, CannotCompose):
                settle_unsayable(run, tx, message, record)
            elif messages.note(tx, message, attempted_at=tx.now):
                going[message.key] = (message, record)
    if not going:
        return True
    try:
        async with run.within(claimed[0].lease_until):
            answers = await sink.send([record for _, record in going.values()])
    except TimeoutError:
        answers = {}
    except (SystemTrouble, NotNow) as trouble:
        with run.transaction() as tx:
            for message, _ in going.values():
                not_sent(tx, message, trouble.at if isinstance(trouble, NotNow) else tx.now)
        if isinstance(trouble, NotNow):
            return False
        raise
    run.reached.add(run.account(route.side))
    with run.transaction() as tx:
        for key, (message, record) in going.items():
            answer: Answer = answers.get(key, Unknown("the destination did not answer for it in time"))
            settle(run, tx, message, record, answer, sink.visible_after)
    return True
