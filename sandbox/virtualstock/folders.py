"""The SFTP side of The Edge: folders of one account over the same orders and products as its REST side.

The folders are a directory of this machine. `look` is the vendor's own job that goes round: it writes
what is new, and takes what lies there long enough. The vendor refuses a bad file by an `.err` beside it.
"""

import contextlib
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.kit import Clock
from sandbox.virtualstock import actions
from sandbox.virtualstock.answers import RefusalError, whole
from sandbox.virtualstock.flat_files import BadFileError, cancel_file, inventory_rows, order_file, read
from sandbox.virtualstock.orders import Order
from sandbox.virtualstock.state import State, Supplier

MARKER, ERROR, FAILED = ".DONE", ".err", ".failed"
KINDS = {
    "order.ack": actions.ACKNOWLEDGE,
    "cancel.ack": actions.CANCEL_ACKNOWLEDGE,
    "dispatch.txt": actions.DISPATCH,
}


class EdgeFolders:
    """The folders of one account below `root`; `takes_after` seconds of the clock a file is taken."""

    def __init__(
        self,
        state: State,
        account: str,
        clock: Clock,
        root: Path,
        *,
        environment: str = "live",
        takes_after: float = 30.0,
    ) -> None:
        self._state, self._account, self._clock = state, account, clock
        self.takes_after = timedelta(seconds=takes_after)
        self.root = root / environment
        self.incoming, self.outgoing = self.root / "incoming", self.root / "outgoing"
        self.inventory, self.errors = self.root / "inventory", self.root / "inventory" / "errors"
        for folder in (self.incoming, self.outgoing, self.errors):
            folder.mkdir(parents=True, exist_ok=True)
        self.taken: list[tuple[str, str]] = []
        self._announced: set[int] = set()
        self._cancelled: set[tuple[int, str]] = set()
        self._seen: dict[Path, datetime] = {}
        self._number = 0

    @property
    def _supplier(self) -> Supplier:
        return self._state.supplier(self._account)

    def look(self) -> None:
        """Write the files of what is new, and take the files that lie there long enough."""
        self.publish()
        for path in self._old_enough(sorted(self.outgoing.iterdir())):
            if path.name.endswith((ERROR, FAILED, MARKER)) or not self._beside(path, MARKER).exists():
                continue
            self._take(path)
        for path in self._old_enough(sorted(self.inventory.glob("inventory-*.csv"))):
            self._take_inventory(path)

    def publish(self) -> None:
        """Write a file for every new order, and for every new request to cancel."""
        book = self._supplier.orders
        for status in ("ORDER", "CANCEL"):
            for order in filter(None, map(book.get, list(book.select({"status": status})))):
                self._announce(order)
                self._ask_to_cancel(order)

    def _ask_to_cancel(self, order: Order) -> None:
        new = [one for one in order.lines if one.status == "CANCEL" and self._is_new(order, one.reference)]
        if new:
            self.put("cancel", cancel_file(order, new))

    def put(self, kind: str, text: str | bytes, name: str = "", *, marker: bool = True) -> str:
        """Write a file of the incoming folder, as the vendor would or as it should not; return its name."""
        self._number += 1
        name = name or f"{kind}-{self._clock.now():%Y%m%d%H%M%S}{self._number % 1_000_000:06d}.txt"
        self._write(self.incoming / name, text if isinstance(text, bytes) else text.encode())
        if marker:
            self._write(self.incoming / f"{name}{MARKER}")
        return name

    def _write(self, path: Path, content: bytes = b"") -> None:
        """Write a file; it bears the time of the vendor's clock."""
        path.write_bytes(content)
        now = self._clock.now().timestamp()
        os.utime(path, (now, now))

    def _announce(self, order: Order) -> None:
        if order.id not in self._announced:
            self._announced.add(order.id)
            self.put("order", order_file(order))

    def _is_new(self, order: Order, line: str) -> bool:
        if (order.id, line) in self._cancelled:
            return False
        self._cancelled.add((order.id, line))
        return True

    def _old_enough(self, paths: list[Path]) -> list[Path]:
        now = self._clock.now()
        return [path for path in paths if path.is_file() and now - self._seen.setdefault(path, now) >= self.takes_after]

    @staticmethod
    def _beside(path: Path, ending: str) -> Path:
        return path.with_name(path.name + ending)

    def _take(self, path: Path) -> None:
        kind = f"{path.name.partition('-')[0]}{path.suffix}"
        try:
            header, rows = read(path.read_bytes(), kind)
            self._act(kind, header, rows)
        except (BadFileError, RefusalError) as refusal:
            said = refusal.body if isinstance(refusal, RefusalError) else refusal
            self._put_aside(path, str(said))
            return
        self._note(path, refused=False)
        path.unlink()
        self._beside(path, MARKER).unlink()

    def _act(self, kind: str, header: Mapping[str, str], rows: list[dict[str, str]]) -> None:
        order = self._supplier.orders.by_reference(header["order_number"])
        if order is None:
            raise BadFileError("Order not found")
        self._state.act(self._supplier, order, KINDS[kind], {"items": [_item(row) for row in rows]}, self._clock.now())

    def _put_aside(self, path: Path, reason: str) -> None:
        self._note(path, refused=True)
        path.rename(self._beside(path, FAILED))
        self._beside(path, MARKER).rename(self._beside(path, MARKER + FAILED))
        self._write(self._beside(path, ERROR), reason.encode())
        self._write(self._beside(path, ERROR + MARKER))

    def _take_inventory(self, path: Path) -> None:
        faults = []
        for row in inventory_rows(path.read_bytes()):
            quantity = whole(row.get("free_stock") or row.get("supplier_free_stock") or "")
            products = self._supplier.products.select({"part_number": row.get("part_number", "")})
            if quantity is None or quantity < 0 or not products:
                faults.append(f"{row.get('part_number')}: {'no such product' if not products else 'invalid number'}")
                continue
            with contextlib.suppress(RefusalError):  # publishing: the number is lost, which a reader must notice
                for product in products:
                    product.update_stock({"supplier_free_stock": quantity}, self._clock.now())
        self._note(path, refused=bool(faults))
        path.unlink()
        if faults:
            self._write(self.errors / f"{path.name}{ERROR}", "\n".join(faults).encode())

    def _note(self, path: Path, *, refused: bool) -> None:
        self.taken.append((path.name, "refused" if refused else "done"))
        if refused:
            self._supplier.refusals[f"FILE {path.name.partition('-')[0]}{path.suffix}"] += 1


def _item(row: Mapping[str, str]) -> dict[str, Any]:
    """Return what a row asks for in the words of the other door."""
    item = {name: value for name, value in row.items() if value}
    if "dispatch_date" in item:
        item["supplier_dispatch_date"] = item.pop("dispatch_date")
    elif "supplier_dispatch_date" in item:
        item["supplier_dispatch_date"] += "T00:00:00"
    return item
