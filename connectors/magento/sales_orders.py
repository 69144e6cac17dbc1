"""Creates sales orders in the shop, and finds them again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from connectors.answering import answer_each
from connectors.http import VendorRefusal
from connectors.magento import refusals
from connectors.magento.order_evidence import ORDER_FIELDS, answer_of_create, answer_of_finding, finding
from connectors.magento.order_mapping import loss, open_lines, order_body, order_fault, order_number
from connectors.magento.search import Query, Shop, one_of
from connectors.magento.settings import MagentoOptions
from domain.answers import (
    Absent,
    Answer,
    Finding,
    NotNow,
    OutcomeUnknown,
    Refused,
    SystemTrouble,
    Unknown,
)
from domain.records import OrderLine, SalesOrder

_IN_ONE_SEARCH = 50


class SalesOrders:
    """Takes sales orders. The shop lets one `increment_id` exist once, so a repeat makes no second order."""

    batch = 1
    parallel = 4
    visible_after = timedelta(minutes=1)  # a create whose answer was lost may still be running there

    def __init__(self, shop: Shop, options: MagentoOptions) -> None:
        self._shop, self._options = shop, options
        self._product_ids: dict[str, int] = {}

    async def send(self, records: Sequence[SalesOrder]) -> Mapping[str, Answer]:
        """Create the orders. A SKU that the shop does not know, letter for letter, refuses its order."""
        await self._learn_products(line for order in records for line in open_lines(order) if line.sku)
        return await answer_each(self._shop.account.clock, records, self._create)

    async def find(self, records: Sequence[SalesOrder]) -> Mapping[str, Finding]:
        """Look the orders up by our number, and by the reference as a person would have keyed it."""
        findings: dict[str, Finding] = {}
        sound = [order for order in records if order_fault(order, self._options) is None]
        findings |= {order.key: Absent() for order in records if order not in sound}
        for start in range(0, len(sound), _IN_ONE_SEARCH):
            asked = sound[start : start + _IN_ONE_SEARCH]
            references = sorted({order.reference for order in asked})
            numbers = sorted({order_number(order, self._options) for order in asked} | set(references))
            filters = (*one_of("increment_id", numbers), *one_of("ext_order_id", references))
            query = Query("/orders", filters, fields=f"items[{ORDER_FIELDS}],total_count")
            orders = await self._shop.all(query)
            findings |= {order.key: finding(order, orders, self._options) for order in asked}
        return findings

    async def _create(self, order: SalesOrder) -> Answer:
        if fault := order_fault(order, self._options) or loss(order):
            return fault
        unknown = [line.line for line in open_lines(order) if line.sku not in self._product_ids]
        if unknown:
            return Refused(f"The shop has no product with exactly the SKU of line {', '.join(unknown)}.", "unknown_sku")
        body = order_body(order, self._product_ids, self._options)
        try:
            answer = await self._shop.account.write("POST", "/orders", params={"fields": ORDER_FIELDS}, body=body)
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return await self._after_refusal(order, refusal)
        return answer_of_create(order, answer, self._options)

    async def _after_refusal(self, order: SalesOrder, refusal: VendorRefusal) -> Answer:
        """Look before calling it refused: shops translate "the number exists", so any 400 may mean it."""
        if refusal.status != 400:
            return Refused(refusals.shown(refusal))
        try:
            found = (await self.find([order]))[order.key]
        except (NotNow, SystemTrouble):
            return Unknown(f"Refused with {refusals.shown(refusal)}, and it could not be looked up.")
        if (answer := answer_of_finding(found)) is not None:
            return answer
        if refusals.says_number_is_taken(refusal):
            return Unknown("The shop says that the order number exists, and does not show it yet.")
        return Refused(refusals.shown(refusal))

    async def _learn_products(self, lines: Iterable[OrderLine]) -> None:
        """Take the product ids from the lines, and ask for those that they do not name."""
        wanted: set[str] = set()
        for line in lines:
            if line.sku and line.sku not in self._product_ids:
                if line.item_id.isascii() and line.item_id.isdecimal():
                    self._product_ids[line.sku] = int(line.item_id)
                else:
                    wanted.add(line.sku)
        await self._ask_for_products(sorted(wanted))

    async def _ask_for_products(self, wanted: Sequence[str]) -> None:
        for start in range(0, len(wanted), _IN_ONE_SEARCH):
            filters = one_of("sku", wanted[start : start + _IN_ONE_SEARCH])
            query = Query("/products", filters, fields="items[id,sku],total_count")
            for product in await self._shop.all(query):
                # The database compares without case and without trailing spaces; the dictionary does not.
                if isinstance(product, dict) and isinstance(product.get("id"), int):
                    self._product_ids[str(product.get("sku"))] = product["id"]
