"""Probe: look at both live accounts of an installation, changing nothing, and say what is confirmed and what is not.

Every call goes through a transport that stops whatever might change something. What is shown are
counts, statuses and our own words: nothing of any order, and no secret.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from connectors.facts import Fact, Seen, Sure
from connectors.http import Transport
from connectors.read_only import ReadOnly
from connectors.registry import SYSTEMS
from connectors.roles import DeclaresFacts, TakesDispatches
from domain.answers import NotNow, SystemTrouble
from domain.clock import Clock
from domain.installation import Installation, Side
from domain.records import Page, Received
from ledger.database import Database
from tasks.loops import INTAKES
from tasks.run import open_connectors, surroundings

CONFIRMED, NOT_SO, ASSUMED, UNSEEN, FAILED = "confirmed", "NOT SO", "still assumed", "nothing to see", "FAILED"
_LONGEST_WAIT = timedelta(seconds=90)
_TRIES = 3
_EMPTY_PAGES = 3  # a source may have several lists, the first of them empty
Look = Callable[[], Awaitable[Seen]]


class Line(NamedTuple):
    """One line of the report."""

    side: str
    system: str
    what: str
    result: str
    seen: str
    sure: str = ""


async def probe(installation: Installation, database: Database, transport: Transport | None = None) -> list[Line]:
    """Look at both sides and return a line for each thing looked at. Raises `ValueError` for missing settings."""
    around = {side: ReadOnly(_only_reads(installation, side), transport) for side in Side}
    connectors = open_connectors(
        installation, {side: replace(surroundings(database, around[side]), only_reads=True) for side in Side}
    )
    lines: list[Line] = []
    for side, connector in connectors.items():
        system = installation.endpoint(side).system
        looks = [*_looks(installation, side, connector), *_facts(connector)]
        try:
            for fact in looks:
                result, seen = await _result(fact, database.clock)
                lines.append(Line(side.value, system, fact.statement, result, seen, fact.sure.value))
        finally:
            await connector.close()
        lines.append(_limits(side, system, around[side]))
    return lines


def told(lines: Sequence[Line]) -> str:
    """Return the report as text, with what matters most first in its heading."""
    counts = {result: sum(line.result == result for line in lines) for result in (CONFIRMED, NOT_SO, ASSUMED, FAILED)}
    heading = ", ".join(f"{count} {result}" for result, count in counts.items())
    rows = [f"{line.side:12} {line.result:14} {line.what} - {line.seen}" for line in lines]
    return "\n".join([f"{heading}. Only reads were made; nothing was changed on either account.", *rows])


def _only_reads(installation: Installation, side: Side) -> Sequence[tuple[str, str]]:
    connector: Any = SYSTEMS[installation.endpoint(side).system]
    return getattr(connector, "only_reads", ())


def _facts(connector: Any) -> Sequence[Fact]:
    return connector.facts() if isinstance(connector, DeclaresFacts) else ()


def _looks(installation: Installation, side: Side, connector: Any) -> list[Fact]:
    """Return what is asked of every system, by the roles that it plays."""

    async def signs_in() -> Seen:
        return Seen(str(await connector.check()), holds=True)

    async def carriers() -> Seen:
        listed = {carrier.code for carrier in await connector.carriers()}
        wanted = {*installation.approved_carriers, *(mapping.code for mapping in installation.carriers)}
        missing = ", ".join(sorted(wanted - listed)) or "none"
        return Seen(f"{len(listed)} carriers; of the installation's codes missing: {missing}", holds=wanted <= listed)

    looks = [Fact("Sign-in, rights and settings", Sure.DOCUMENTED, signs_in)]
    looks += [
        Fact(f"A page of {kind.value} can be read, every row of it", Sure.DOCUMENTED, _reads(connector, intake.feed))
        for (its_side, kind), intake in INTAKES.items()
        if its_side is side and isinstance(connector, intake.role)
    ]
    if isinstance(connector, TakesDispatches):
        looks.append(Fact("The carrier list can be read and has the installation's codes", Sure.DOCUMENTED, carriers))
    return looks


def _reads(connector: Any, feed: str) -> Look:
    async def look() -> Seen:
        page: Page = await getattr(connector, feed).read(None, ())
        for _ in range(_EMPTY_PAGES):
            if len(page) or not page.more:
                break
            page = await getattr(connector, feed).read(page.cursor, ())
        if not len(page):
            return Seen("nothing is there now")
        reasons = sorted({f"{reject.reason}" for reject in page.rejects})
        why = f": {'; '.join(reasons[:3])}" if reasons else ""
        told = f"{len(page) - len(page.rejects)} read, {len(page.rejects)} unreadable{why}{_gaps(page.received)}"
        return Seen(told, holds=not page.rejects)

    return look


def _gaps(received: Sequence[Received]) -> str:
    """Say how many records lack a field that a SKU or an EAN should be in."""
    gaps = []
    for name in ("sku", "ean"):
        values = [getattr(one.record, name) for one in received if hasattr(one.record, name)]
        if missing := sum(not value for value in values):
            gaps.append(f", {missing} without {name.upper()}")
    return "".join(gaps)


async def _result(fact: Fact, clock: Clock) -> tuple[str, str]:
    if fact.look is None:
        return ASSUMED, fact.ask
    try:
        seen = await _patiently(fact.look, clock)
    except (SystemTrouble, NotNow) as trouble:
        return FAILED, str(trouble)
    except Exception as fault:  # noqa: BLE001 - one look that fails must not hide the others; its text may quote
        return FAILED, f"the look itself failed ({type(fault).__name__})"
    return {None: UNSEEN, True: CONFIRMED, False: NOT_SO}[seen.holds], seen.what


async def _patiently(look: Look, clock: Clock) -> Seen:
    """Look; wait for a permit where the account's budget is spent, as nobody is in a hurry here."""
    for _ in range(_TRIES - 1):
        try:
            return await look()
        except NotNow as spent:
            if spent.at - clock.now() > _LONGEST_WAIT:
                raise
            await clock.sleep(max(0.0, (spent.at - clock.now()).total_seconds()))
    return await look()


def _limits(side: Side, system: str, around: ReadOnly) -> Line:
    throttled = around.statuses[429] + around.statuses[503]
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(around.statuses.items()))
    seen = f"{around.calls} calls: {statuses or 'none answered'}"
    what = "The call limit of the options was kept by the vendor"
    return Line(side.value, system, what, NOT_SO if throttled else CONFIRMED, seen, Sure.DOCUMENTED.value)
