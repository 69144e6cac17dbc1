"""Stock out: the whole of it in one answer, in which what is at zero does not stand."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from operator import itemgetter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from connectors.counting import tally
from connectors.reading import LARGEST_QUANTITY, faults, never_raises
from connectors.roles import FeedShape, OpenOrder
from connectors.seko.api import Hub, HubFailure, entries
from connectors.seko.settings import SekoOptions
from domain.budgets import Lane, Limit
from domain.counts import Counts, StockPage
from domain.records import Deducts, Received, Reject, StockLevel

_PLAINLY = itemgetter("ProductCode", "LocationType", "Quantity")
_PLACE = itemgetter("ProductCode", "LocationType")


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_pascal, hide_input_in_errors=True)
    quantity: Decimal = Field(ge=-LARGEST_QUANTITY, le=LARGEST_QUANTITY)


class _Rows(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_pascal, hide_input_in_errors=True)
    product_code: str = Field(min_length=1)
    location_type: str = Field(min_length=1)
    rows: tuple[_Row, ...] = Field(min_length=1)


class StockFeed:
    """What is free in the location types that are sold from, at the distribution centre of our orders.

    The read may be late by some minutes: so its scan counts as begun that much earlier, and an order taken
    meanwhile is still subtracted. Its fair use is a budget of its own. An answer without rows is never
    complete: a client with nothing at all is a fault, not news.
    """

    shape = FeedShape.SNAPSHOT
    absent_is_zero = True
    keeps: Mapping[str, Any] = {
        "ProductCode": True,
        "LocationType": True,
        "Rows": {"DCCode": True, "Quantity": True},
    }

    def __init__(self, hub: Hub, options: SekoOptions) -> None:
        self._hub, self._options = hub, options
        self._limit = Limit(1, burst=1, group="stock", seconds=options.stock_every_minutes * 60)

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> StockPage:  # noqa: ARG002 - there is one page
        """Read everything in one call."""
        began_at = self._hub.clock.now() - timedelta(minutes=self._options.stock_lag_minutes)
        query: dict[str, Any] = {"dc": self._options.dc} if self._options.dc else {}
        try:
            answer = await self._hub.read("/stock/v3/quantity", lane=Lane.BULK, limit=self._limit, floats=True, **query)
        except HubFailure as failure:
            if failure.is_nothing_found:
                return StockPage(Counts(), [], began_at=began_at)
            raise self._hub.unavailable(f"The stock cannot be read ({failure}).") from failure
        rows = entries(answer, "StockQuantityLineItem")
        if rows is None:
            raise self._hub.unavailable("The stock was answered without its rows.")
        counts, rejects = tally(
            sold_from(rows, self._options), _PLAINLY, _PLACE, Deducts.ON_ACCEPTANCE, self._with_care
        )
        return StockPage(counts, rejects, began_at=began_at, complete=bool(rows), omits_zeroes=True)

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Sum the rows of one product in one location type, in whole eaches rounded down."""
        try:
            found = _Rows.model_validate(raw)
        except ValidationError as trouble:
            code = raw.get("ProductCode") if isinstance(raw, Mapping) else None
            return Reject(
                code if isinstance(code, str) and code else "row without a product", raw, f"stock: {faults(trouble)}"
            )
        units = int(sum((row.quantity for row in found.rows), Decimal(0)).to_integral_value(ROUND_FLOOR))
        if abs(units) > LARGEST_QUANTITY:
            return Reject(found.product_code, raw, "stock: a quantity is too large to be true")
        level = StockLevel(
            sku=found.product_code, pool=found.location_type, quantity=units, deducts=Deducts.ON_ACCEPTANCE
        )
        return Received(level, raw)

    def _with_care(self, rows: list[Any]) -> list[Received | Reject]:
        return [self.parse(raw) for raw in stock_rows(rows)]


def sold_from(rows: Iterable[Any], options: SekoOptions) -> list[Any]:
    """Return the rows without those that are known not to be sold from."""
    return [row for row in rows if not _is_elsewhere(row, options)]


def _is_elsewhere(row: Any, options: SekoOptions) -> bool:
    if not isinstance(row, dict):
        return False
    kind, dc = row.get("LocationType"), row.get("DCCode")
    if isinstance(dc, str) and options.dc not in {"", dc}:
        return True
    return isinstance(kind, str) and kind != "" and kind not in options.sell_location_types


def stock_rows(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Gather rows by product and location type."""
    gathered: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        fields: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
        code, kind = fields.get("ProductCode"), fields.get("LocationType")
        raw = gathered.setdefault((str(code), str(kind)), {"ProductCode": code, "LocationType": kind, "Rows": []})
        raw["Rows"].append({"DCCode": fields.get("DCCode"), "Quantity": fields.get("Quantity")})
    return list(gathered.values())
