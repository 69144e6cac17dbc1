"""Push: pay what is owed, most urgent first. Attempt before call; one effect is commit, call, commit."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

from domain.answers import Answer, NotNow, SystemTrouble, Unknown
from domain.installation import Side
from domain.records import Kind, Record
from ledger import messages
from ledger.messages import Claimed
from tasks.clearing import take_to_zero
from tasks.faults import is_fault, note_fault
from tasks.loops import Route
from tasks.publishing import all_of, publish
from tasks.run import Run
from tasks.settling import not_sent, sayable, settle, settle_fault

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
        except Exception as fault:
            if not is_fault(fault):
                raise
            note_fault(run, fault)
    told, broken = -1, set[Route]()
    while run.time_left and len(run.news) > told:  # what one route did may have made another one due
        told = len(run.news)
        routes = [route for route in run.routes() if not run.in_trouble(route.side) and route not in broken]
        outcomes = await asyncio.gather(
            *(publish(run, route) if route.kind is Kind.AVAILABILITY else _drain(run, route) for route in routes),
            return_exceptions=True,
        )
        for route, outcome in zip(routes, outcomes, strict=True):
            if isinstance(outcome, SystemTrouble):
                run.troubles.append(outcome)
            elif isinstance(outcome, Exception) and is_fault(outcome):
                note_fault(run, outcome)
                broken.add(route)
            elif isinstance(outcome, BaseException):
                raise outcome


async def _drain(run: Run, route: Route) -> None:
    sink = run.sink(route)
    limit = max(sink.batch * sink.parallel, _CLAIMED_AT_ONCE)
    while run.time_left:
        with run.transaction() as tx:
            claimed = messages.claim(tx, route.kind, limit, run.lease, looking=False, account=run.former)
        if not claimed:
            return
        batches = _batches(claimed, sink.batch)
        for start in range(0, len(batches), sink.parallel):
            group = batches[start : start + sink.parallel]
            if not run.time_left or not run.enough_lease(group[0][0].lease_until):
                _give_back(run, [*chain(*batches[start:])])
                return
            if not all(await all_of(_send(run, route, batch) for batch in group)):
                _give_back(run, [*chain(*batches[start + sink.parallel :])])
                return


def _batches(claimed: Sequence[Claimed], size: int) -> list[Sequence[Claimed]]:
    """Return what is sent together. What was sent before goes alone: where our code breaks on one, the others go on."""
    first = [message for message in claimed if not message.resends]
    again: list[Sequence[Claimed]] = [[message] for message in claimed if message.resends]
    return again + [first[start : start + size] for start in range(0, len(first), size)]


def _give_back(run: Run, claimed: Sequence[Claimed]) -> None:
    """Let the next run claim at once what this one comes to no more."""
    with run.transaction() as tx:
        for message in claimed:
            messages.note(tx, message, lease_until=None)


async def _send(run: Run, route: Route, claimed: Sequence[Claimed]) -> bool:
    """Commit the attempt, call, commit the answers; False when the account's budget is spent for now."""
    sink, going = run.sink(route), _attempted(run, claimed)
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
    except Exception as fault:
        if not is_fault(fault):
            raise
        _settle_broken(run, [*going.values()], note_fault(run, fault), sink.visible_after)
        return True
    run.reached.add(run.account(route.side))
    with run.transaction() as tx:
        for key, (message, record) in going.items():
            answer: Answer = answers.get(key, Unknown("the destination did not answer for it in time"))
            settle(run, tx, message, record, answer, sink.visible_after)
    return True


def _attempted(run: Run, claimed: Sequence[Claimed]) -> dict[str, tuple[Claimed, Record]]:
    """Note what is attempted now; return it by key with what is to be said."""
    with run.transaction() as tx:
        said = sayable(run, tx, claimed)
        return {key: one for key, one in said.items() if messages.note(tx, one[0], attempted_at=tx.now)}


def _settle_broken(run: Run, going: Sequence[tuple[Claimed, Record]], told: str, visible_after: timedelta) -> None:
    """Our own code broke while these were sent: each is looked up before anything else; one it breaks on again is held."""
    with run.transaction() as tx:
        for message, record in going:
            if message.resends:
                settle_fault(run, tx, message, told)
            else:
                settle(run, tx, message, record, Unknown(told), visible_after)
