"""Whole scans of the products: what is available of each in each warehouse, and what each is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_FLOOR
from operator import itemgetter
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from connectors.counting import tally
from connectors.fulfil.settings import FulfilOptions
from connectors.fulfil.tenant import Tenant
from connectors.fulfil.wire import Number, Wire
from connectors.reading import Unreadable, faults, never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.answers import Fatal
from domain.budgets import Lane
from domain.counts import StockPage
from domain.records import Deducts, Item, Page, Received, Record, Reject, StockLevel

_PRODUCT = "product.product"
_PLACE = itemgetter("code", "warehouse")
W = TypeVar("W", bound=Wire)


class Warehouse(Wire):
    """A warehouse; its id goes into the context of a question about stock."""

    id: int
    code: str = Field(min_length=1)


@dataclass(frozen=True)
class _Scan:
    """How far a scan is; its text is the cursor. `places` are the warehouses that it counts."""

    began_at: datetime
    after: int = 0
    rows: int = 0
    places: tuple[tuple[int, str], ...] = ()

    @classmethod
    def read(cls, cursor: str) -> "_Scan":
        held = json.loads(cursor)
        places = tuple((place_id, code) for place_id, code in held["places"])
        return cls(**{**held, "began_at": datetime.fromisoformat(held["began_at"]), "places": places})

    def text(self) -> str:
        return json.dumps({**self.__dict__, "began_at": self.began_at.isoformat()})


class _ProductFeed:
    """A scan of the products in the order of their ids, complete when it saw as many as Fulfil counts at its end.

    A page that does not go forward, or that leaves out a product that was asked for, ends the scan
    at once, not complete; the next begins anew. A scan without a single product is never complete.
    """

    shape = FeedShape.SNAPSHOT
    absent_is_zero = False
    keeps: Mapping[str, Any] = {}
    _domain: Sequence[Any] = ()

    def __init__(self, tenant: Tenant, options: FulfilOptions) -> None:
        self._tenant, self._options = tenant, options

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - asked as a whole
        """Read one page of products. `began_at` is that of the first page."""
        scan = _Scan.read(cursor) if cursor else await self._begin()
        domain = ["AND", *self._domain, ["id", ">", scan.after]]
        arguments = [domain, 0, self._tenant.page_size, [["id", "ASC"]]]
        ids = await self._tenant.ask(_PRODUCT, "search", arguments, lane=Lane.BULK)
        is_sound = _goes_forward(ids, scan.after)
        raws: list[Any] = []
        for place in scan.places if is_sound and ids else ():
            there = await self._read(ids, place)
            is_sound = is_sound and {_id_of(raw) for raw in there} >= set(ids)
            raws += there
        page = self._page(raws, scan.began_at)
        seen = scan.rows + len(ids)
        if is_sound and len(ids) >= self._tenant.page_size:
            page.cursor, page.more = replace(scan, after=ids[-1], rows=seen).text(), True
        elif is_sound and seen:
            page.complete = seen == await self._tenant.count(_PRODUCT, list(self._domain), lane=Lane.BULK)
        return page

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original."""
        try:
            return Received(self._record(raw), raw)
        except Unreadable as fault:
            return Reject(_key_of(raw), raw, fault.reason, fault.hold_type)

    async def _begin(self) -> _Scan:
        raise NotImplementedError

    async def _read(self, ids: Sequence[int], place: tuple[int, str]) -> list[Any]:
        raise NotImplementedError

    def _page(self, raws: list[Any], began_at: datetime) -> Page:
        """Return what originals become."""
        return Page(*told_apart(map(self.parse, raws)), began_at=began_at)

    def _record(self, raw: Any) -> Record:
        raise NotImplementedError


class StockFeed(_ProductFeed):
    """What is available of each active product, warehouse by warehouse: several in one question would be summed."""

    keeps: Mapping[str, Any] = dict.fromkeys(("id", "code", "quantity_available", "warehouse"), True)

    async def warehouses(self, lane: Lane = Lane.NORMAL) -> tuple[Warehouse, ...]:
        """Return the warehouses that count. Raises `Fatal` when one that is named is not there, or there is none."""
        rows = await self._tenant.rows("stock.location", ["type", "=", "warehouse"], ("id", "code"), lane=lane)
        try:
            there = {place.code: place for place in map(Warehouse.model_validate, rows)}
        except ValidationError:
            raise self._tenant.unavailable("it shows a warehouse without a code.") from None
        missing = [code for code in self._options.warehouses if code not in there]
        if missing or not there:
            what = f"it has no warehouse {', '.join(missing) or 'at all'}."
            raise Fatal(self._tenant.name, what, "Correct warehouses in the installation's file.")
        return tuple(place for code, place in there.items() if code in (self._options.warehouses or there))

    async def _begin(self) -> _Scan:
        began_at = self._tenant.clock.now()
        places = await self.warehouses(Lane.BULK)
        return _Scan(began_at, places=tuple((place.id, place.code) for place in places))

    async def _read(self, ids: Sequence[int], place: tuple[int, str]) -> list[Any]:
        place_id, code = place
        arguments = [list(ids), ["id", "code", "quantity_available"]]
        context = {"locations": [place_id]}
        rows = await self._tenant.ask(_PRODUCT, "read", arguments, context=context, lane=Lane.BULK, floats=True)
        return [{**row, "warehouse": code} if isinstance(row, dict) else row for row in rows]

    def _page(self, raws: list[Any], began_at: datetime) -> StockPage:
        return StockPage(*tally(raws, _plainly, _PLACE, Deducts.ON_ACCEPTANCE, self._with_care), began_at=began_at)

    def _with_care(self, raws: list[Any]) -> list[Received | Reject]:
        return [self.parse(raw) for raw in raws]

    def _record(self, raw: Any) -> Record:
        row = _read_as(_Level, raw)
        eaches = int(row.quantity_available.to_integral_value(ROUND_FLOOR))
        return StockLevel(sku=row.code, pool=row.warehouse, quantity=eaches, deducts=Deducts.ON_ACCEPTANCE)


class ItemFeed(_ProductFeed):
    """Every product, the inactive ones too, so that they are seen as not sellable."""

    _domain = (["active", "in", [True, False]],)

    def __init__(self, tenant: Tenant, options: FulfilOptions) -> None:
        super().__init__(tenant, options)
        self.keeps = dict.fromkeys(("id", "code", "active", options.ean_field), True)

    async def _begin(self) -> _Scan:
        return _Scan(self._tenant.clock.now(), places=((0, ""),))

    async def _read(self, ids: Sequence[int], place: tuple[int, str]) -> list[Any]:  # noqa: ARG002 - an item has no place
        fields = ["id", "code", "active", self._options.ean_field]
        return await self._tenant.ask(_PRODUCT, "read", [list(ids), fields], lane=Lane.BULK)

    def _record(self, raw: Any) -> Record:
        row = _read_as(_Product, raw)
        ean = raw.get(self._options.ean_field)
        if not isinstance(ean, str | None):
            raise Unreadable(f"product: its {self._options.ean_field} is not a text")
        return Item(sku=row.code, ean=ean or None, external_id=str(row.id), sellable=row.active)


class _Product(Wire):
    id: int = Field(strict=True, ge=1)
    code: str = Field(min_length=1)
    active: bool = Field(strict=True)


class _Level(Wire):
    id: int = Field(strict=True, ge=1)
    code: str = Field(min_length=1)
    warehouse: str = Field(min_length=1)
    quantity_available: Number


def _read_as(form: type[W], raw: Any) -> W:
    try:
        return form.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"product: {faults(trouble)}") from None


def _plainly(raw: Any) -> tuple[Any, Any, Any]:
    """Return what a row counts as it stands there, where the product has an id: one without is none that we asked for."""
    if type(raw["id"]) is not int or raw["id"] < 1:
        raise ValueError("no id")
    return raw["code"], raw["warehouse"], raw["quantity_available"]


def _goes_forward(ids: Sequence[Any], after: int) -> bool:
    if any(type(each) is not int for each in ids):
        return False
    return all(before < each for before, each in zip([after, *ids], ids, strict=False))


def _id_of(raw: Any) -> int:
    number = raw.get("id") if isinstance(raw, dict) else None
    return number if type(number) is int else 0


def _key_of(raw: Any) -> str:
    """Return the best name that an unreadable product still has."""
    fields: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    return str(fields.get("code") or f"product {fields.get('id') or 'without an id'}")
