"""Sales orders in: a header, then its lines; looked up by list before anything is sent again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.answering import answer_each, find_each
from connectors.cin7_core.api import ROWS_A_PAGE, Api
from connectors.cin7_core.mapping import ProductRow, moment_text, refusal_of
from connectors.cin7_core.order_mapping import (
    BACKORDERED,
    NOT_AVAILABLE,
    VOIDED,
    SalePage,
    external_id_of,
    finding_of,
    header_of,
    order_of,
    sale_of,
)
from connectors.cin7_core.product_index import ProductIndex
from connectors.cin7_core.settings import Cin7CoreOptions
from connectors.http import VendorRefusal
from connectors.ordering import Unsendable, open_lines
from domain.answers import (
    Absent,
    Answer,
    Contradicted,
    Done,
    Finding,
    Found,
    NotNow,
    NotYet,
    OutcomeUnknown,
    Partial,
    Refused,
    SystemTrouble,
    Unknown,
)
from domain.budgets import Lane
from domain.records import SalesOrder

_CLOCKS_DIFFER_BY = timedelta(hours=1)
_LEFT_OVER_FOR = timedelta(days=30)
_NO_ANSWER = (NotNow, OutcomeUnknown, SystemTrouble)


class SalesOrderSink:
    """Takes sales orders, two calls each.

    The vendor knows no idempotency key, and takes a second sale of the same ExternalID without a
    word. So a key that was tried before is looked up first; `find` remembers the headers that it
    saw without lines, and `send` goes on from there. What an earlier process left half done or on
    back-order is listed once, before the first order is sent that is not known to be sent for the first time.
    """

    batch = 1
    parallel = 1
    visible_after = timedelta(minutes=2)

    def __init__(self, api: Api, options: Cin7CoreOptions) -> None:
        self._api, self._options = api, options
        self._products = ProductIndex(api)
        self._tried: set[str] = set()
        self._is_left_over_known = False
        self._unfinished: dict[str, str] = {}

    async def send(self, records: Sequence[SalesOrder]) -> Mapping[str, Answer]:
        """Create each order, or finish what an earlier try began; raises when the first one could not be tried."""
        return await answer_each(self._api.clock, records, self._send)

    async def find(self, records: Sequence[SalesOrder]) -> Mapping[str, Finding]:
        """Look the orders up by ExternalID, and by CustomerReference for those keyed by hand; verify their lines.

        One list call for many orders, two at most for one, and a call for each sale that was found.
        """
        rows = await self._rows(records)
        return await find_each(records, lambda order: self._finding(order, rows))

    async def _send(self, order: SalesOrder) -> Answer:
        try:
            products = await self._resolved(order)
            header = header_of(order, self._options)
            order_of(order, "", products, self._options)  # an order that cannot be mapped leaves no header behind
            if not order.never_sent and order.key not in self._unfinished:
                await self._learn_left_over()
        except Unsendable as fault:
            return Refused(fault.reason, fault.hold_type)
        if order.key in self._tried and order.key not in self._unfinished:
            earlier = await self._earlier(order)
            if earlier is not None:
                return earlier
        if order.key in self._unfinished:
            sale_id = self._unfinished[order.key]
            self._tried.add(order.key)
        else:
            made = await self._make_header(order, header)
            if not isinstance(made, str):
                return made
            sale_id = made
        return await self._set_lines(order, order_of(order, sale_id, products, self._options), sale_id)

    async def _learn_left_over(self) -> None:
        """Count as tried what stands there without lines or on back-order: two list calls a process."""
        if self._is_left_over_known:
            return
        since = moment_text(self._api.clock.now() - _LEFT_OVER_FOR)
        traits: tuple[dict[str, Any], ...] = ({"OrderStatus": NOT_AVAILABLE}, {"Status": BACKORDERED})
        for trait in traits:
            async for row in self._api.rows("/saleList", "SaleList", CreatedSince=since, **trait):
                mark = str(row.get("ExternalID") or "") if isinstance(row, Mapping) else ""
                if mark.startswith(self._options.external_id_prefix):
                    self._tried.add(mark.removeprefix(self._options.external_id_prefix))
        self._is_left_over_known = True

    async def _resolved(self, order: SalesOrder) -> dict[str, ProductRow]:
        lines = open_lines(order)
        if not lines:
            raise Unsendable("Every line of the order is cancelled; there is nothing to create.", "refused")
        products: dict[str, ProductRow] = {}
        for line in lines:
            product = await self._products.find(line.sku, line.item_id) if line.sku else None
            if product is None:
                raise Unsendable(f"Cin7 Core has no active product with SKU {line.sku!r}.", "unknown_sku")
            products[product.sku] = product
        return products

    async def _earlier(self, order: SalesOrder) -> Answer | None:
        match (await self.find([order]))[order.key]:
            case Found(evidence, external_id):
                return Done(evidence, external_id)
            case Contradicted(reason, hold_type):
                return Refused(reason, hold_type)
            case NotYet(reason):
                return Unknown(reason)
        return None

    async def _make_header(self, order: SalesOrder, header: dict[str, Any]) -> str | Answer:
        tried_before = order.key in self._tried
        self._tried.add(order.key)
        try:
            answer = await self._api.write("POST", "/sale", header)
        except (NotNow, SystemTrouble):
            if not tried_before:
                self._tried.discard(order.key)
            raise
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return self._refused_header(order, refusal)
        sale_id = answer.get("ID")
        if not isinstance(sale_id, str) or not sale_id:
            return Unknown("The header was answered without its ID.")
        self._unfinished[order.key] = sale_id
        if (answer.get("CustomerReference"), answer.get("ExternalID")) != (order.reference, header["ExternalID"]):
            return await self._give_up(order, sale_id, ("The header does not repeat our reference.", "contradiction"))
        return sale_id

    def _refused_header(self, order: SalesOrder, refusal: VendorRefusal) -> Answer:
        if isinstance(refusal.body, Mapping) and refusal.body.get("ID"):
            return Unknown(f"The header was answered with errors, kept as {refusal.evidence}.")
        self._tried.discard(order.key)
        return Refused(*refusal_of(refusal.body, refusal.evidence))

    async def _set_lines(self, order: SalesOrder, body: dict[str, Any], sale_id: str) -> Answer:
        try:
            answer = await self._api.write("POST", "/sale/order", body, lane=Lane.URGENT)  # half an order is worse
            page = {"ID": sale_id, "CustomerReference": order.reference, "Order": answer}
            return self._answer(order, sale_of(page))
        except VendorRefusal as refusal:
            return await self._refused_lines(order, sale_id, refusal)
        except ValueError as fault:
            return Unknown(f"Sale {sale_id} has a header; the answer about its lines cannot be read ({fault}).")
        except _NO_ANSWER as trouble:
            return Unknown(f"Sale {sale_id} has a header; whether it has its lines is not known ({trouble}).")

    async def _refused_lines(self, order: SalesOrder, sale_id: str, refusal: VendorRefusal) -> Answer:
        """Look whether the order stands already; if not, take the empty header away again."""
        try:
            sale = await self._sale(sale_id)
        except (VendorRefusal, ValueError, *_NO_ANSWER):
            return Unknown(f"Sale {sale_id} has a header; its lines were refused, kept as {refusal.evidence}.")
        if isinstance(finding_of(sale, order, by_hand=False), Partial):
            return await self._give_up(order, sale_id, refusal_of(refusal.body, refusal.evidence))
        return self._answer(order, sale)

    async def _give_up(self, order: SalesOrder, sale_id: str, refusal: tuple[str, str]) -> Answer:
        """Void a header that has no lines, so that a later release makes no second one."""
        try:
            await self._api.write("DELETE", "/sale", ID=sale_id, Void=True)  # without Void=true it would be an undo
            sale = await self._sale(sale_id)
        except (VendorRefusal, ValueError, *_NO_ANSWER):
            return Unknown(f"Sale {sale_id} is a header without lines, and whether it was voided is not known.")
        if VOIDED not in {sale.status, sale.order.status}:
            return Unknown(f"Sale {sale_id} is a header without lines, and could not be voided.")
        self._forget(order)
        return Refused(*refusal)

    def _answer(self, order: SalesOrder, sale: SalePage) -> Answer:
        match finding_of(sale, order, by_hand=False):
            case Found(evidence, external_id):
                self._unfinished.pop(order.key, None)
                return Done(evidence, external_id)
            case Contradicted(reason, hold_type):
                return Refused(reason, hold_type)
            case Absent():
                self._forget(order)
                return Refused(f"{sale.shown} was voided while its lines were sent.", "contradiction")
            case _:
                return Unknown(f"{sale.shown} has a header; its answer does not show the lines authorised.")

    def _forget(self, order: SalesOrder) -> None:
        self._tried.discard(order.key)
        self._unfinished.pop(order.key, None)

    async def _finding(self, order: SalesOrder, rows: Iterable[Mapping[str, Any]]) -> Finding:
        ours, by_hand = _hits(rows, order, self._options)
        hits = ours | by_hand
        if len(hits) > 1:
            return Contradicted(f"{len(hits)} sales stand under {order.reference}: {', '.join(sorted(hits))}.")
        if not hits and order.key in self._unfinished:
            hits = ours = {self._unfinished[order.key]: ""}  # made by us, not in the list yet
        for sale_id, order_status in hits.items():
            if sale_id in ours and order_status == NOT_AVAILABLE:
                self._unfinished[order.key] = sale_id
                return Partial("its lines")
            try:
                sale = await self._sale(sale_id)
            except (VendorRefusal, ValueError) as trouble:
                return NotYet(f"sale {sale_id} cannot be read ({trouble})")
            return self._judged(order, sale, by_hand=sale_id in by_hand)
        return Absent()

    def _judged(self, order: SalesOrder, sale: SalePage, *, by_hand: bool) -> Finding:
        finding = finding_of(sale, order, by_hand=by_hand)
        if isinstance(finding, Partial):
            self._unfinished[order.key] = sale.id
        else:
            self._unfinished.pop(order.key, None)
        return finding

    async def _sale(self, sale_id: str) -> SalePage:
        return sale_of(await self._api.read("/sale", ID=sale_id, HideInventoryMovements=True))

    async def _rows(self, orders: Sequence[SalesOrder]) -> list[Mapping[str, Any]]:
        if len(orders) == 1:
            return await self._rows_of(orders[0])
        since = min(order.placed_at for order in orders) - _CLOCKS_DIFFER_BY
        first = await self._api.page("/saleList", "SaleList", 1, CreatedSince=moment_text(since))
        rows = list(first.rows)
        pages = -(-first.total // ROWS_A_PAGE)
        if pages - 1 > 2 * len(orders):  # dearer than asking for each
            return [row for order in orders for row in await self._rows_of(order)]
        for number in range(2, pages + 1):
            page = await self._api.page("/saleList", "SaleList", number, CreatedSince=moment_text(since))
            rows.extend(page.rows)
        return [row for row in rows if isinstance(row, Mapping)]

    async def _rows_of(self, order: SalesOrder) -> list[Mapping[str, Any]]:
        found = [row async for row in self._api.rows("/saleList", "SaleList", Search=order.reference)]
        ours, by_hand = _hits([row for row in found if isinstance(row, Mapping)], order, self._options)
        if not ours and not by_hand:
            external_id = external_id_of(order, self._options)
            found += [row async for row in self._api.rows("/saleList", "SaleList", ExternalID=external_id)]
        return [row for row in found if isinstance(row, Mapping)]


def _hits(
    rows: Iterable[Mapping[str, Any]], order: SalesOrder, options: Cin7CoreOptions
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the live sales of this order, ours and those keyed by hand: sale id -> order status.

    The vendor's filters match parts of a text, so all is compared whole here. A sale of the same
    reference under another key of ours is another order.
    """
    ours: dict[str, str] = {}
    by_hand: dict[str, str] = {}
    for row in rows:
        sale_id, external_id = str(row.get("SaleID") or ""), str(row.get("ExternalID") or "")
        if not sale_id or VOIDED in {row.get("Status"), row.get("OrderStatus")}:
            continue
        if external_id == external_id_of(order, options):
            ours[sale_id] = str(row.get("OrderStatus"))
        elif row.get("CustomerReference") == order.reference and not external_id.startswith(options.external_id_prefix):
            by_hand[sale_id] = str(row.get("OrderStatus"))
    return ours, by_hand
