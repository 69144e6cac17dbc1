"""The offers of one shop, and the files that change them: taken at once, worked off later, one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sandbox.kit import iso
from sandbox.mirakl.answers import csv_of, table_of

STOCK_COLUMNS = ("offer-sku", "quantity", "warehouse-code", "update-delete")
LARGEST_QUANTITY = 999_999_999


@dataclass(slots=True)
class Offer:
    """One offer; `published` is every quantity that it had since its beginning."""

    id: int
    sku: str
    product_sku: str
    ean: str
    title: str
    price: str
    quantity: int | None
    leadtime: int | None = 3
    published: list[tuple[datetime, int]] = field(default_factory=list)

    def publish(self, quantity: int, now: datetime) -> None:
        """Set the quantity."""
        self.quantity = quantity
        self.published.append((now, quantity))

    def wire(self) -> dict[str, Any]:
        """Return the offer as the vendor shows it."""
        active = bool(self.quantity)
        shown = {
            "offer_id": self.id,
            "shop_sku": self.sku,
            "product_sku": self.product_sku,
            "product_title": self.title,
            "product_references": [{"reference": self.ean, "reference_type": "EAN"}] if self.ean else [],
            "quantity": self.quantity,
            "price": float(self.price),
            "leadtime_to_ship": self.leadtime,
            "state_code": "11",
            "active": active,
            "inactivity_reasons": [] if active else ["ZERO_QUANTITY"],
        }
        return {name: value for name, value in shown.items() if value is not None}


@dataclass
class Import:
    """One file. `ready_at` is when it has been worked off; until then it only waits."""

    id: str
    kind: Literal["stock", "offers"]
    rows: list[dict[str, str]]
    made_at: datetime
    ready_at: datetime
    replaces: bool = False
    failed: bool = False
    done: bool = False
    errors: dict[int, str] = field(default_factory=dict)

    def status(self, now: datetime) -> str:
        """Return how far it is."""
        if self.done:
            return "FAILED" if self.failed else "COMPLETE"
        return "RUNNING" if now >= self.made_at + (self.ready_at - self.made_at) / 2 else "WAITING"

    def report(self) -> str:
        """Return the error report: line number and reason first, then the row as it came; every row of a bad offer."""
        bad = {self.rows[number]["offer-sku"] for number in self.errors}
        rows = [
            (number + 2, self.errors.get(number, ""), *(row.get(name, "") for name in STOCK_COLUMNS))
            for number, row in enumerate(self.rows)
            if row.get("offer-sku") in bad
        ]
        return csv_of(("error-line", "error-message", *STOCK_COLUMNS), rows)


class OfferBook:
    """All offers of a shop by SKU, and its files in the order in which they came."""

    def __init__(self, import_seconds: float) -> None:
        self.offers: dict[str, Offer] = {}
        self.imports: dict[str, Import] = {}
        self.import_seconds = import_seconds
        self.stalled_until: datetime | None = None
        self.deleted: list[str] = []

    def take(
        self, kind: Literal["stock", "offers"], rows: list[dict[str, str]], now: datetime, *, replaces: bool = False
    ) -> Import:
        """Take a file; it is worked off after those that came before it."""
        begins = max([now, *(one.ready_at for one in self.imports.values()), self.stalled_until or now])
        identity = f"{len(self.imports) + 4001}"
        file = Import(identity, kind, rows, now, begins + timedelta(seconds=self.import_seconds), replaces)
        self.imports[identity] = file
        return file

    def take_stock(self, text: str, now: datetime) -> Import:
        """Take a stock file; one without its columns fails as a whole."""
        rows = table_of(text)
        file = self.take("stock", rows, now)
        file.failed = not rows or not {"offer-sku", "quantity"} <= rows[0].keys()
        return file

    def stall(self, until: datetime) -> None:
        """Let files wait until then."""
        self.stalled_until = until
        for file in self.imports.values():
            if not file.done:
                file.ready_at = max(file.ready_at, until)

    def advance(self, now: datetime) -> None:
        """Work off every file whose time has come."""
        for file in self.imports.values():
            if not file.done and file.ready_at <= now:
                file.done = True
                if not file.failed:
                    (self._stock if file.kind == "stock" else self._offers)(file)

    def _stock(self, file: Import) -> None:
        bad = {row["offer-sku"] for row in file.rows if _fault(row, self.offers)}
        for number, row in enumerate(file.rows):
            if fault := _fault(row, self.offers):
                file.errors[number] = fault
            elif row["offer-sku"] not in bad:
                self.offers[row["offer-sku"]].publish(int(row["quantity"]), file.ready_at)

    def _offers(self, file: Import) -> None:
        """Create, update and delete; in replace mode every offer that the file does not name is deleted."""
        if file.replaces:
            for sku in set(self.offers) - {row["sku"] for row in file.rows}:
                self._delete(sku, file.ready_at)
        for number, row in enumerate(file.rows):
            offer = self.offers.get(row["sku"])
            if offer is None:
                file.errors[number] = "The offer does not exist"
            elif row.get("update-delete") == "delete":
                self._delete(offer.sku, file.ready_at)
            else:
                offer.leadtime = int(row["leadtime-to-ship"]) if row.get("leadtime-to-ship") else None
                offer.publish(int(row.get("quantity") or 0), file.ready_at)  # what is not sent is cleared

    def _delete(self, sku: str, now: datetime) -> None:
        self.offers.pop(sku).publish(0, now)
        self.deleted.append(sku)

    def dump(self) -> list[dict[str, Any]]:
        """Return all offers for the audit."""
        return [
            {
                "stock_number": offer.product_sku,
                "sku": offer.sku,
                "published": [[iso(at), value] for at, value in offer.published],
            }
            for offer in self.offers.values()
        ]


def _fault(row: Mapping[str, str], offers: Mapping[str, Offer]) -> str:
    quantity = row.get("quantity", "")
    if row.get("offer-sku") not in offers:
        return "The offer does not exist"
    if not quantity.isdecimal() or int(quantity) > LARGEST_QUANTITY:
        return "The quantity is invalid"
    if row.get("update-delete", "").lower() not in {"", "update"}:
        return "The value of update-delete is invalid"
    return ""
