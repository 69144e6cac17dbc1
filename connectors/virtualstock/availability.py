"""Stock: one call a product (the vendor has no bulk call), with an absolute number."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from connectors.answering import answer_each
from connectors.http import Account, VendorRefusal
from connectors.virtualstock.lists import PAGE_SIZE, read_rows
from connectors.virtualstock.mapping import is_id
from connectors.virtualstock.product_mapping import ProductFields, confirms_stock, product_id_of, sku_of, stock_of
from connectors.virtualstock.products import PRODUCTS
from connectors.virtualstock.refusals import shown_reason
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Contradicted,
    Done,
    Fewer,
    Finding,
    Found,
    Later,
    NotNow,
    NotYet,
    OutcomeUnknown,
    Refused,
    Unknown,
)
from domain.budgets import Lane
from domain.clock import Clock
from domain.identifiers import visible
from domain.records import Availability

WHILE_PUBLISHING = timedelta(minutes=3)  # documented: "retry every few minutes"

LOOK_SECONDS = 20.0
"""No product is looked at by itself later than this: what is to be sent must not wait for thousands of looks."""


def pages_are_cheaper(products: int, listed: int) -> bool:
    """Tell whether reading on through the whole list costs no more than one call a product."""
    return ceil(listed / PAGE_SIZE) - 1 <= products


class AvailabilitySink:
    """The stock of single products. The call sets a number, so sending it twice does no harm."""

    batch = 1
    parallel = 4
    visible_after = timedelta(minutes=1)  # the vendor does not say; no case of a delay is known

    def __init__(self, account: Account, clock: Clock, fields: ProductFields) -> None:
        self._account, self._clock, self._fields = account, clock, fields

    async def send(self, records: Sequence[Availability]) -> Mapping[str, Answer]:
        """Set the number of each record."""
        return await answer_each(self._clock, records, self._send_one)

    async def find(self, records: Sequence[Availability], *, exact: Collection[str] = ()) -> Mapping[str, Finding]:
        """Compare what the products show with the records; `NotYet` for those that budget and time did not reach.

        The channel lowers the number when it sells, so a lower one may be the record's, less what was
        sold since; a higher one is not. Those in `exact` are proved by their own number only.
        """
        shown: dict[str, list[Any]] = {}
        ends_at = self._clock.now() + self._clock.machine(LOOK_SECONDS)
        try:
            if len(records) > 2:
                await self._read_list(records, shown)
            for record in records:
                if self._clock.now() >= ends_at:
                    break
                if record.key not in shown:
                    shown[record.key] = await self._one(record, Lane.NORMAL)
        except NotNow:
            if not shown:
                raise
        return {
            record.key: self._finding(record, shown[record.key], exact=record.key in exact)
            if record.key in shown
            else NotYet("not looked up: the call budget or the time is spent")
            for record in records
        }

    async def _send_one(self, record: Availability) -> Answer:
        lane = Lane.URGENT if record.quantity == 0 else Lane.NORMAL
        product = record.external_id
        if not product:
            listed = await self._one(record, lane)
            if len(listed) != 1:
                hold_type = "contradiction" if listed else "listing_without_item"
                return Refused(
                    f"{len(listed)} products of The Edge have stock number {record.stock_number} and this SKU.",
                    hold_type,
                )
            product = product_id_of(listed[0]) or ""
        if not is_id(product):
            return Refused("The product has no usable id at The Edge.", "listing_without_item")
        try:
            path, body = f"{PRODUCTS}{product}/stock", {"supplier_free_stock": record.quantity}
            answer = await self._account.write("PATCH", path, body=body, lane=lane)
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return self._refused(refusal)
        return self._answered(answer, product, record.quantity)

    def _answered(self, answer: Any, product: str, quantity: int) -> Answer:
        if confirms_stock(answer, quantity):
            return Done(f"product {product}: The Edge took {quantity}", product)
        if answer is None:
            return Accepted(f"stock {self._clock.now():%Y-%m-%dT%H:%M:%SZ}")
        return Unknown(f"product {product}: The Edge answered 200 with something that does not confirm {quantity}.")

    def _refused(self, refusal: VendorRefusal) -> Answer:
        if refusal.status == 409:
            return Later(self._clock.now() + WHILE_PUBLISHING, "The product is being published.")
        if refusal.status == 404:
            return Refused(shown_reason(refusal), "listing_without_item")
        return Refused(shown_reason(refusal))

    async def _one(self, record: Availability, lane: Lane) -> list[Any]:
        """Return the products that are this record's: by id, else by stock number and SKU together."""
        if is_id(record.external_id):
            try:
                path = f"{PRODUCTS}{record.external_id}"
                return [await self._account.read("GET", path, params={"format": "json"}, lane=lane)]
            except VendorRefusal as refusal:
                if refusal.status != 404:
                    raise
                return []
        listed = await read_rows(self._account, PRODUCTS, lane=lane, part_number=record.stock_number)
        return [row for row in listed.rows if self._is(row, record)]

    def _is(self, row: Any, record: Availability) -> bool:
        if record.external_id:
            return product_id_of(row) == record.external_id
        return sku_of(row, self._fields) == record.sku and str(row.get("part_number")) == record.stock_number

    async def _read_list(self, records: Sequence[Availability], shown: dict[str, list[Any]]) -> None:
        """Read the list of products while that is cheaper than asking for each."""
        offset, total = 0, 1
        while offset < total:
            total, rows = await read_rows(self._account, PRODUCTS, offset=offset)
            for record in records:
                if hits := [row for row in rows if self._is(row, record)]:
                    shown.setdefault(record.key, []).extend(hits)
            offset += len(rows)
            missing = len(records) - len(shown)
            if not rows or not missing or not pages_are_cheaper(missing, total - offset + PAGE_SIZE):
                return

    def _finding(self, record: Availability, listed: list[Any], *, exact: bool) -> Finding:
        if not listed:
            return Absent()
        if len(listed) > 1:
            return Contradicted(f"{len(listed)} products have stock number {record.stock_number} and this SKU")
        stock, product = stock_of(listed[0], self._fields), product_id_of(listed[0]) or ""
        if (shown_sku := sku_of(listed[0], self._fields)) not in {None, record.sku}:
            return Contradicted(f"product {product} is the listing of {visible(shown_sku)} now; run the items loop")
        if stock is None:
            return Contradicted(f"product {product} shows no {self._fields.stock}; compare the option stock_field")
        if stock > record.quantity or (exact and stock != record.quantity):
            return Absent()
        told = f"product {product} shows {stock}"
        shown = max(0, stock)
        return Found(told, product) if shown == record.quantity else Fewer(shown, f"{told} of {record.quantity}")
