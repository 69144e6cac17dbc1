"""The invariants I1 to I12 of the design, checked against the pretend systems' own stores and the ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from sandbox.audit.trades import VOIDED
from tests.stateful.actors import PERSONAL

if TYPE_CHECKING:
    from tests.stateful.machine import Machine

_ASIDE = {"Hold", "Draft"}
_OWED_LEVELS = (
    "SELECT sku, wanted, published FROM level l WHERE owed AND NOT (wanted > 0 AND (may_show IS NULL OR wanted >= may_show) "
    "AND EXISTS (SELECT 1 FROM hold h WHERE h.closed_at IS NULL AND h.subject = 'level' AND h.subject_id = l.sku))"
)
"""A SKU whose number was refused, and which would only rise, waits for a person: that is not owed."""


class Watch:
    """Watches one machine. A violation names its invariant first."""

    def __init__(self, machine: "Machine") -> None:
        self.machine = machine
        self.waiting: dict[str, dict[str, int]] = {}  # sold at the marketplace, not yet in the back office
        self.truth: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
        self.as_of: dict[str, datetime] = {}
        self.sending: set[str] = set()
        self.sales: set[tuple[str, int]] = set()  # those of the numbers shown that a sale left
        self.set_last: dict[str, int] = {}  # what is shown may be less, by what was sold since
        self.files: dict[str, dict[str, datetime]] = {}  # the age of the numbers in each file that came
        self.worked_off: set[str] = set()
        self.zeroed: dict[str, int] = {}
        self.freed: list[tuple[datetime, str, int]] = []  # sold before a scan, given back by a cancellation after it
        self.found: set[str] = set()

    def violated(self, what: str) -> None:
        """Note a violation, once."""
        if what not in self.found:
            self.found.add(what)
            self.machine.outcome.violations.append(what)
            self.machine.note(f"VIOLATION {what}")

    def sold(self, reference: str, basket: dict[str, int]) -> None:
        """A customer bought."""
        self.waiting[reference] = dict(basket)
        for sku in basket:
            self.sales.add((sku, len(self.machine.numbers_shown(sku)) - 1))

    def marketplace_orders(self) -> list[dict[str, Any]]:
        """Return the marketplace's orders from its own store."""
        orders: list[dict[str, Any]] = self.machine.edge.dump()["accounts"]["harbour"]["orders"]
        return orders

    def office_orders(self) -> list[dict[str, Any]]:
        """Return the back office's orders of the marketplace from its own store."""
        return [order for order in self.machine.office.dump()["orders"] if order["reference"]]

    def tick(self) -> None:
        """Remember what is truly free now, SKU by SKU."""
        self.look_at_files()
        now = self.machine.clock.now()
        held: dict[str, int] = defaultdict(int)
        hidden = self.machine.market.hidden(self.machine.edge)
        for basket in (basket for reference, basket in self.waiting.items() if reference not in hidden):
            for sku, quantity in basket.items():
                held[sku] += quantity
        for sku in self.machine.actors.skus:
            free = self.machine.office.free(sku) - held[sku]
            history = self.truth[sku]
            if not history or history[-1][1] != free:
                history.append((now, free))

    def published(self, sku: str, quantity: int, since: datetime | None) -> None:
        """I5: what is published was free at some moment since its scan began. I7: a glitch empties no shop."""
        history = self.truth[sku]
        free = [value for at, value in history if since is None or at >= since]
        earlier = [value for at, value in history if since is not None and at < since]
        best = max([*free, *earlier[-1:]], default=0)
        best += sum(units for at, freed, units in self.freed if freed == sku and since is not None and at >= since)
        if quantity > max(0, best):
            told = f"{quantity} published, at most {best} were free since its scan"
            self.violated(f"I5 {sku}: {told} ({since}: {self._why(sku)})")
        fell = quantity == 0 and best > 0 and bool(self.set_last.get(sku))  # what never showed more was not zeroed
        if fell and self.machine.glitched_recently and self._why(sku).startswith("0 counted"):
            self.zeroed[sku] = self.set_last[sku]  # what came in since the last scan, nobody could know
            units = sum({**self.set_last, **self.zeroed}.values())
            if len(self.zeroed) > 1 and sum(self.zeroed.values()) > units * 0.3:  # the stop is at a fifth
                self.violated(f"I7 {sorted(self.zeroed)} were zeroed by a glitch")

    def _why(self, sku: str) -> str:
        """Return the sum that the ledger keeps with a level: what was counted, sold and kept back."""
        with self.machine.database.transaction("harbour") as tx:
            return str(tx.value(text("SELECT why FROM level WHERE sku = :sku").bindparams(sku=sku)))

    def begins(self, numbers: Mapping[str, int]) -> dict[str, int]:
        """I6: never two numbers on their way for one SKU, by call or by file; return how often each was published.

        Only a zero may pass a file that is not worked off, and by another road.
        """
        edge, market = self.machine.edge, self.machine.market
        waiting = market.waiting(edge) if numbers else ()
        for sku, quantity in numbers.items():
            if sku in self.sending:
                self.violated(f"I6 two numbers in flight for {sku}")
            if sku in waiting and (quantity or market.one_file):
                self.violated(f"I6 a number of {sku} is sent while a file that names it is not worked off")
            self.sending.add(sku)
        if numbers and market.one_file and self._rows("SELECT 1 FROM level WHERE ticket IS NOT NULL"):
            self.violated("I6 a second file was sent while the ticket of one is open")
        return {sku: len(market.numbers_shown(edge, sku)) for sku in numbers}

    def ends(self, sent: Mapping[str, int], before: dict[str, int]) -> None:
        """Judge what a call has published."""
        edge, market = self.machine.edge, self.machine.market
        self.sending.difference_update(sent)
        for sku, quantity in sent.items():
            if quantity in market.numbers_shown(edge, sku)[before[sku] :]:
                self.published(sku, quantity, self.as_of.get(sku))
                self.set_last[sku] = quantity
        self.look_at_files()

    def look_at_files(self) -> None:
        """Note the files that came since the last look, and judge the numbers of those that were worked off."""
        for name, numbers in self.machine.market.files(self.machine.edge).items():
            ages = self.files.setdefault(name, dict(self.as_of))
            if numbers is None or name in self.worked_off:
                continue
            self.worked_off.add(name)
            for sku, quantity in numbers.items():
                self.published(sku, quantity, ages.get(sku))
                self.set_last[sku] = quantity

    def check(self) -> None:
        """Check what must hold at every moment."""
        in_office: dict[str, int] = defaultdict(int)
        shipped: dict[tuple[str, str], int] = defaultdict(int)
        for order in self.office_orders():
            in_office[order["reference"]] += order["state"] not in VOIDED
            for line in order["lines"]:
                shipped[order["reference"], line["sku"]] += line["shipped"]
        for reference, count in in_office.items():
            self.waiting.pop(reference, None)
            if count > 1:
                self.violated(f"I2 {reference} is {count} times in the back office")
        for order in self.marketplace_orders():
            if order["cancelled_at"]:
                given_back = self.waiting.pop(order["reference"], {})
                self.freed += [(self.machine.clock.now(), sku, units) for sku, units in given_back.items()]
            for violation in _of_order(order, in_office, shipped, accepts_first=self.machine.market.accepts_first):
                self.violated(violation)
        for reference in self.machine.market.repeated(self.machine.edge):
            self.violated(f"I3 {reference} is reported as dispatched twice")
        self.look_at_files()
        self._check_believed()
        self.tick()

    def _check_believed(self) -> None:
        """I6: the ledger believes the number that was set last, or what sales left of it; nobody believes one in flight."""
        for row in self._rows("SELECT sku, published FROM level WHERE published IS NOT NULL"):
            shown = self.machine.numbers_shown(row.sku)
            at = max((at for at in range(len(shown)) if (row.sku, at) not in self.sales), default=0)
            since: list[int | None] = [*shown[at:]] or [self.set_last.get(row.sku)]
            if row.published not in since:
                told = f"{since[0]} was published last, and the ledger believes {row.published}"
                self.violated(f"I6 {row.sku}: {told}")

    def is_open_for_trade(self) -> bool:
        """Tell whether the ledger believes that anything can be bought."""
        return bool(self._rows("SELECT 1 FROM level WHERE published > 0 LIMIT 1"))

    def owed(self) -> bool:
        """Tell whether anything is still owed that no hold explains."""
        waits = "SELECT 1 FROM message m WHERE closed_at IS NULL AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.closed_at IS NULL AND h.order_key = m.order_key)"
        return bool(
            self._rows(waits)
            or self._rows(_OWED_LEVELS)
            or self._rows("SELECT 1 FROM inbox WHERE gate = 'waiting'")
            or self._rows("SELECT 1 FROM hold WHERE closed_at IS NULL AND type = 'mass_zero'")  # until a second scan
        )

    def check_end(self) -> None:
        """Check what must hold once faults have stopped and everything had time."""
        self.check()
        held = {row.order_key for row in self._rows("SELECT order_key FROM hold WHERE closed_at IS NULL")}
        in_office = {order["reference"] for order in self.office_orders() if order["state"] not in VOIDED}
        dispatched: dict[str, int] = {}
        for order in self.marketplace_orders():
            reference = order["reference"]
            dispatched[reference] = sum(d["quantity"] for line in order["lines"] for d in line["dispatches"])
            if reference not in in_office and reference not in held and not order["cancelled_at"]:
                self.violated(f"I1 {reference} is neither in the back office nor held nor cancelled")
        for order in self.office_orders():
            if order["state"] in _ASIDE and order["reference"] not in held:
                self.violated(f"I1 {order['reference']} is in no queue of the warehouse, and nobody holds it")
            sent = sum(line["shipped"] for line in order["lines"])
            if sent > dispatched.get(order["reference"], 0) and order["reference"] not in held:
                self.violated(
                    f"I4 {order['reference']}: {sent} shipped, {dispatched.get(order['reference'])} confirmed"
                )
        for row in self._rows(
            "SELECT m.kind, m.key FROM message m WHERE m.closed_at IS NULL AND NOT EXISTS (SELECT 1 FROM hold h WHERE "
            "h.closed_at IS NULL AND (h.subject_id = CAST(m.id AS TEXT) AND h.subject = 'message' OR h.order_key = m.order_key))"
        ):
            self.violated(f"I10 {row.kind} {row.key} is still owed, and nobody holds it")
        for row in self._rows(_OWED_LEVELS):
            self.violated(f"I10 {row.sku}: {row.wanted} is wanted, {row.published} published")
        for sku in self.machine.actors.skus:
            shown, free = self.machine.edge.published("harbour", sku), self.truth[sku][-1][1]
            if shown > max(0, free):
                self.violated(f"I5 {sku}: {shown} are offered at rest, {free} are free")
        self._check_unexplained_holds()
        self._check_personal_data()

    def _check_unexplained_holds(self) -> None:
        explained = {
            "unknown_sku",
            "malformed_payload",
            "cancelled_after_creation",
            "cancelled_but_shipped",
            "missing_tracking",
        }
        explained |= {"pick_voided", "unmapped_carrier", "backordered", "no_free_stock", "quantity", "unknown_outcome"}
        for row in self._rows("SELECT type, subject, detail, order_key FROM hold WHERE closed_at IS NULL"):
            if row.type == "refused" and row.order_key in self.machine.actors.cancelled:
                continue  # shipped although it was cancelled, and the marketplace may say so only when it is told
            if row.type == "refused" and row.subject == "level":
                continue  # the marketplace refused it once, and nobody releases it
            if row.type not in explained and "a part of a line cannot be read back" not in row.detail:
                self.violated(f"I12 a hold that nothing in the world explains: {row.type}: {row.detail}")

    def _check_personal_data(self) -> None:
        tables = {"event": "detail", "hold": "detail", "cause": "detail", "message": "evidence", "inbox": "order_key"}
        for table, column in tables.items():
            for row in self._rows(f"SELECT {column} AS shown FROM {table}"):  # noqa: S608 - our own names
                if any(marker in str(row.shown) for marker in PERSONAL):
                    self.violated(f"I11 personal data in {table}.{column}")

    def _rows(self, statement: str) -> list[Any]:
        with self.machine.database.transaction("harbour") as tx:
            return tx.rows(text(statement))


def _of_order(
    order: dict[str, Any], in_office: dict[str, int], shipped: dict[tuple[str, str], int], *, accepts_first: bool
) -> Iterator[str]:
    reference = order["reference"]
    if order["acknowledged_at"] and not in_office.get(reference) and not accepts_first:
        yield f"I8 {reference} is acknowledged and not in the back office"
    for line in order["lines"]:
        sent = sum(dispatch["quantity"] for dispatch in line["dispatches"])
        if sent > line["quantity"]:
            yield f"I3 {reference}: {sent} of {line['quantity']} dispatched"
        if sent > shipped.get((reference, line["sku"]), 0):
            yield f"I8 {reference}: {sent} confirmed, {shipped.get((reference, line['sku']), 0)} shipped"
