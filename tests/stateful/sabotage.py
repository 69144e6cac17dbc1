"""The safeties, each removed in turn by changing the running product; a named invariant must catch each."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import bindparam, exists, false, select, update

from connectors.files import Entry
from connectors.virtualstock.files.actions import DISPATCH
from connectors.virtualstock.files.inventory import InventoryFiles
from connectors.virtualstock.files.layout import written_inventory
from connectors.virtualstock.files.orders import SalesOrderFiles
from connectors.virtualstock.files.outbox import Outbox
from domain.answers import Accepted, OutcomeUnknown, Unknown
from ledger import levels, messages, zeroes
from ledger.rows import table
from ledger.stock_tables import Level
from ledger.tables import Message
from tasks import confirm, filing, filing_orders, filing_rejects, settling
from tasks.run import Run
from tests.stateful.machine import Profile
from tests.stateful.offices import OFFICES


@dataclass(frozen=True)
class Sabotage:
    """What is removed, which invariants may catch it, how rough the world must be for it to matter, and where it does."""

    remove: Callable[[ExitStack], None]
    caught_by: tuple[str, ...]
    profile: Profile = field(default_factory=Profile)
    offices: tuple[str, ...] = tuple(sorted(OFFICES))
    markets: tuple[str, ...] = ("virtualstock",)
    otherwise: Mapping[str, Profile] = field(default_factory=dict)
    """How rough it must be over some of the back offices."""

    def pairs(self, turn: int | None) -> list[tuple[str, str]]:
        """Return over which (back office, marketplace) it is caught: all, or over each marketplace the office whose turn it is."""
        if turn is None:
            return [(office, market) for market in self.markets for office in self.offices]
        return [
            (self.offices[(turn + number) % len(self.offices)], market) for number, market in enumerate(self.markets)
        ]


def _look_before_resend(stack: ExitStack) -> None:
    """What was attempted, and whose answer was lost, is sent again without a look."""
    true_look_up = confirm._look_up

    async def look_up(run: Any, route: Any, claimed: Any) -> bool:
        with run.transaction() as tx:
            for message in claimed:
                if message.ticket is None:
                    messages.note(tx, message, attempted_at=None, lease_until=None)
        return await true_look_up(run, route, [message for message in claimed if message.ticket is not None])

    stack.enter_context(patch.object(confirm, "_look_up", look_up))


def _unknown_stays_unknown(stack: ExitStack) -> None:
    """What cannot be read replaces what could, and what cannot be composed any more counts as never sent."""
    true_settle = settling.settle_unsayable

    def settle_unsayable(run: Any, tx: Any, message: Any, trouble: Any) -> None:
        if trouble.hold_type is not None:
            messages.note(tx, message, attempted_at=None, ticket=None)
        true_settle(run, tx, message, trouble)

    stack.enter_context(patch.object(settling, "settle_unsayable", settle_unsayable))
    stack.enter_context(patch.object(filing_rejects, "_place", lambda key, _known: key))


def _atomic_filing(stack: ExitStack) -> None:
    """The inbox and the watermark are written first, what is owed in a second transaction."""
    true_file = filing.file
    true_owe = messages.owe
    late: list[Any] = []

    async def file(run: Any, judged: Any) -> None:
        late.clear()
        await true_file(run, judged)
        if late:
            with run.transaction() as tx:
                for owed in late:
                    true_owe(tx, owed)
            late.clear()

    stack.enter_context(
        patch.object(filing_orders, "messages", _With(messages, owe=lambda _tx, owed: late.append(owed)))
    )
    stack.enter_context(patch("tests.walking.file", file))


def _one_in_flight(stack: ExitStack) -> None:
    """A SKU that is being sent may be claimed again."""
    true_claim, level = levels.claim, table(Level)

    def claim(tx: Any, *arguments: Any, **named: Any) -> Any:
        sending = true_claim(tx, *arguments, **named)
        for one in sending:
            same = (level.c.installation == tx.installation, level.c.sku == one.sku)
            tx.run(update(level).where(*same).values(lease_until=None, owed=True))
        return sending

    stack.enter_context(patch.object(levels, "claim", claim))


def _mass_zero_stop(stack: ExitStack) -> None:
    """Every drop to zero passes."""
    stack.enter_context(patch.object(zeroes, "zeroes_that_wait", lambda *_: frozenset()))


def _attempt_before_call(stack: ExitStack) -> None:
    """The attempt is written with the answer, not before the call."""
    true_note = messages.note

    def note(tx: Any, claimed: Any, **facts: Any) -> bool:
        if set(facts) == {"attempted_at"} and facts["attempted_at"] is not None:
            return True
        return true_note(tx, claimed, **{"attempted_at": tx.now, **facts})

    stack.enter_context(patch.object(messages, "note", note))


def _order_of_messages(stack: ExitStack) -> None:
    """A later message of an order may overtake an earlier one."""
    true_exists = exists

    class Never:
        def where(self, *conditions: Any) -> Any:
            if any("earlier" in str(condition) for condition in conditions):
                return false()
            return true_exists().where(*conditions)

    messages._claimable.cache_clear()
    stack.enter_context(patch.object(messages, "exists", Never))
    stack.callback(messages._claimable.cache_clear)


def _lease_fencing(stack: ExitStack) -> None:
    """Whoever wakes up after its lease writes what it knows, although another worker went on."""
    # the bound of a sending ends most of what the fence is for; without it the fence stands alone
    stack.enter_context(patch.object(Run, "within", lambda *_: asyncio.timeout(None)))
    message, level = table(Message), table(Level)
    unfenced = update(message).where(message.c.id == bindparam("of_id"), message.c.closed_at.is_(None))

    true_published, true_postponed = levels.published, levels.postponed

    def newest(tx: Any, one: Any) -> Any:
        same = (level.c.installation == tx.installation, level.c.sku == one.sku)
        return replace(one, attempt=tx.value(select(level.c.attempt).where(*same)))

    def published(tx: Any, one: Any, *, proved: bool) -> bool:
        return true_published(tx, newest(tx, one), proved=proved)

    def postponed(tx: Any, sendings: Any, due_at: Any) -> int:
        return true_postponed(tx, [newest(tx, one) for one in sendings], due_at)

    stack.enter_context(patch.object(messages, "_NOTE", unfenced))
    stack.enter_context(patch.object(levels, "published", published))
    stack.enter_context(patch.object(levels, "postponed", postponed))


def _look_after_picking(stack: ExitStack) -> None:
    """Nobody looks where the orders stand in the warehouse."""

    async def look_away(_run: Any) -> None:
        return

    stack.enter_context(patch("tests.walking.look_after_picking", look_away))


async def _put_in_place(self: Any, records: Any) -> Any:
    content = written_inventory(self._form.columns, [self._form.row(record) for record in records])
    name = await self._free_name()
    try:
        await self._store.make_folder(self._folders.sent)
        await self._store.write(f"{self._folders.sent}/{name}", content)
        await self._store.write(f"{self._folders.inventory}/{name}", content)
    except OutcomeUnknown as trouble:
        return Unknown(str(trouble))
    return Accepted(name)


def _appears_whole(stack: ExitStack) -> None:
    """A stock file is written where the marketplace takes it as it lies."""
    stack.enter_context(patch.object(InventoryFiles, "_put", _put_in_place))


def _behind_unread(stack: ExitStack) -> None:
    """A number goes although a file that names its SKU is not taken yet."""

    async def none(_self: Any, *_: Any) -> dict[str, Any]:
        return {}

    stack.enter_context(patch.object(InventoryFiles, "unread", none))


def _note_of_sent(stack: ExitStack) -> None:
    """Nobody knows under which name a dispatch was sent."""
    true_note = Outbox._note

    async def note(self: Any, subject: str) -> Any:
        return None if subject.startswith(DISPATCH.prefix) else await true_note(self, subject)

    stack.enter_context(patch.object(Outbox, "_note", note))


def _put_away_filed(stack: ExitStack) -> None:
    """A file of an order is put away as soon as it is read."""
    true_read = SalesOrderFiles.read

    async def read(self: Any, cursor: Any, about: Any) -> Any:
        page = await true_read(self, cursor, about)
        here = {entry.name: entry for entry in await self._listed()}
        for name, size, at in json.loads(page.cursor or "[]"):
            await self._put_away(Entry(name, size, at), here)
        return page

    stack.enter_context(patch.object(SalesOrderFiles, "read", read))


def _falls_past_a_hold(stack: ExitStack) -> None:
    """A hold stops whatever is to be shown of a SKU."""
    levels._claimable.cache_clear()
    stack.enter_context(patch.object(levels, "_RISE", 0))
    stack.callback(levels._claimable.cache_clear)


_BY_FILES = ("virtualstock_files",)
_BOTH = ("virtualstock", *_BY_FILES)
_ALL = (*_BOTH, "mirakl")
_TAKES_TWICE = ("cin7_core",)  # every other back office refuses a second order of one number by itself
_KILLED_AFTER = Profile(die_before_commit=0.4, weights={"buy": 30, "sell_elsewhere": 10, "restock": 10})
_KILLED_BEFORE = Profile(die_before_commit=0.3, weights={"buy": 30, "trouble": 16, "restock": 10})
_SENT_AND_KILLED = Profile(
    minutes=16, pause=(4, 20), die_before_commit=0.4, kill=0.0, weights={"buy": 30, "ship": 30, "restock": 20}
)
_NUMBERS = {"buy": 20, "sell_elsewhere": 20, "restock": 20, "trouble": 30}
_CUT_OFF = Profile(kill=0.0, on_office=0.0, on_path="/inventory/", faults=(0,), weights=_NUMBERS)
_LOSSY = Profile(weights={"buy": 30, "ship": 16, "trouble": 40, "restock": 5}, kill=0.3)
_MISREAD = Profile(
    weights={"buy": 30, "trouble": 30, "misread": 40, "restock": 5, "operate": 10}, kill=0.3, on_office=0.8
)
_KILLED_EARLY = Profile(kill=0.8, kill_within=12, weights={"buy": 40, "restock": 30})  # filing is soon in a run
_CROWDED = Profile(second_worker=1.0, kill=0.0, weights={"buy": 30, "sell_elsewhere": 10, "restock": 10})
_GLITCHING = Profile(weights={"buy": 30, "glitch": 2, "restock": 10})  # late enough to meet the second scan
_REFUSING = Profile(drain_hours=2, weights={"buy": 20, "sell_elsewhere": 30, "refuse_stock": 10})
# an order that leaves while its acknowledgement is leased to a worker that was killed before it sent it
_OVERTAKEN = Profile(minutes=14, pause=(1, 10), kill=0.7, weights={"buy": 30, "ship": 60})
_SUSPENDED = Profile(stall=0.2, kill=0.0, weights={"buy": 30, "sell_elsewhere": 10, "restock": 20})

SABOTAGES = {
    "look before resend": Sabotage(_look_before_resend, ("I2", "I3"), _LOSSY, _TAKES_TWICE, _ALL),
    "what was sent stays unknown": Sabotage(_unknown_stays_unknown, ("I2",), _MISREAD, _TAKES_TWICE),
    "atomic filing": Sabotage(_atomic_filing, ("I1",), _KILLED_EARLY, markets=_ALL),
    "one in flight a SKU": Sabotage(_one_in_flight, ("I6",), _CROWDED, markets=_BOTH),
    "the mass-zero stop": Sabotage(_mass_zero_stop, ("I7",), _GLITCHING, markets=_ALL),
    "attempt before call": Sabotage(_attempt_before_call, ("I2",), _KILLED_BEFORE, _TAKES_TWICE, _ALL),
    "order of messages": Sabotage(
        _order_of_messages, ("I4", "I10", "I12"), _OVERTAKEN, markets=_BOTH, otherwise={"seko": _LOSSY}
    ),
    "lease fencing": Sabotage(_lease_fencing, ("I6",), _SUSPENDED),
    "a look after the picking": Sabotage(_look_after_picking, ("I1",), offices=("deposco",), markets=_ALL),
    "falls past a hold": Sabotage(_falls_past_a_hold, ("I5",), _REFUSING, markets=("virtualstock", "mirakl")),
    "a stock file that appears whole": Sabotage(_appears_whole, ("I6",), _CUT_OFF, markets=_BY_FILES),
    "no number behind an unread file": Sabotage(_behind_unread, ("I6",), _KILLED_AFTER, markets=_BY_FILES),
    "a note of what was sent": Sabotage(_note_of_sent, ("I3",), _SENT_AND_KILLED, markets=_BY_FILES),
    "putting away only what is filed": Sabotage(_put_away_filed, ("I1",), _KILLED_EARLY, markets=_BY_FILES),
}


class _With:
    """A module with some of its names replaced."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@contextmanager
def sabotaged(name: str) -> Iterator[Sabotage]:
    """Remove one safety for a while."""
    sabotage = SABOTAGES[name]
    with ExitStack() as stack:
        sabotage.remove(stack)
        yield sabotage
