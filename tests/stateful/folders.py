"""The Edge behind the folders of one account, for the simulator: what lies in them may be spoiled, and the wire may break."""

import asyncio
import csv
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.files import Entry
from domain.answers import OutcomeUnknown, Unavailable
from sandbox.kit import Clock, Fault
from sandbox.virtualstock import Account, Virtualstock
from sandbox.virtualstock.flat_files import inventory_rows
from sandbox.virtualstock.folders import MARKER, EdgeFolders
from sandbox.virtualstock.orders import Order
from tests.directory import Directory

if TYPE_CHECKING:
    from tests.stateful.machine import Machine

T = TypeVar("T")
MISHAPS = ("cut off", "sent twice", "renamed", "UTF-16", "UTF-16 without its mark", "with a mark", "marker late")
_TAKES_AFTER = (30, 5, 60, 400)  # seconds: by the seed, so that some files wait longer than any lease
_SPOILED = ("cut off", "UTF-16 without its mark")


class SpoiledFolders(EdgeFolders):
    """The folders of an account in which the next file may be spoiled; what cannot be read is sent again by `mend`."""

    def __init__(self, edge: "EdgeByFiles", account: str, clock: Clock, root: Path) -> None:
        super().__init__(edge.state, account, clock, root, takes_after=edge.takes_after)
        self.mishaps = deque[str]()
        self.numbers: dict[str, Mapping[str, int] | None] = {}
        """The stock files by name, as they appeared: what each has set, None until it is taken."""
        self.repeated: list[str] = []
        """The orders of which a file reported lines as dispatched that were dispatched already."""
        self._edge = edge
        self.hidden: set[str] = set()
        """The orders that nobody can have read yet: their files are spoiled, or still without a marker."""
        self._about = ""
        self._owed: list[tuple[str, bytes, str]] = []
        self._unmarked: list[tuple[str, bytes, str]] = []

    def look(self) -> None:
        """Do the vendor's job, and see which stock files are new."""
        for path in sorted(self.inventory.glob("inventory-*.csv")):
            self.numbers.setdefault(path.name, None)
        while self._unmarked:
            name, content, about = self._unmarked.pop()
            self._write(self.incoming / name, content)
            self._write(self.incoming / f"{name}{MARKER}")
            self.hidden.discard(about)
        super().look()

    def _announce(self, order: Order) -> None:
        self._about = order.reference
        super()._announce(order)
        self._about = ""

    def put(self, kind: str, text: str | bytes, name: str = "", *, marker: bool = True) -> str:
        """Write a file of the incoming folder, as the next mishap has it."""
        content = text if isinstance(text, bytes) else text.encode()
        mishap = self.mishaps.popleft() if self.mishaps else ""
        if mishap in {*_SPOILED, "marker late"}:
            self.hidden.add(self._about)
        if mishap in _SPOILED:
            self._owed.append((kind, content, self._about))
        if mishap == "renamed":
            name = f"{kind}-again-{self._edge.random.randrange(10**6):06d}.txt"
        if mishap == "sent twice":
            super().put(kind, content)
        if mishap == "marker late":
            name = super().put(kind, content[: len(content) // 2], name, marker=False)
            self._unmarked.append((name, content, self._about))
            return name
        return super().put(kind, self._spoiled(content, mishap), name, marker=marker)

    def _spoiled(self, content: bytes, mishap: str) -> bytes:
        if mishap == "cut off":
            return content[: self._edge.random.randrange(len(content))]
        encodings = {"UTF-16": "utf-16", "UTF-16 without its mark": "utf-16-le", "with a mark": "utf-8-sig"}
        return content.decode().encode(encodings[mishap]) if mishap in encodings else content

    def mend(self) -> int:
        """Send whole what nobody could read; return how many files."""
        self.mishaps.clear()
        owed, self._owed = self._owed, []
        for kind, content, about in owed:
            super().put(kind, content)
            self.hidden.discard(about)
        return len(owed)

    def waiting(self) -> set[str]:
        """Return the SKUs that a stock file names which is not taken yet."""
        lying = [path.read_bytes() for path in self.inventory.glob("inventory-*.csv")]
        return {sku for content in lying for sku in self.named(content)}

    def numbers_at(self, path: str) -> dict[str, int]:
        """Return the numbers of the file at a path of the server, none where there is none."""
        place = self.root.parent / path.lstrip("/")
        return self.named(place.read_bytes()) if place.is_file() else {}

    def named(self, content: bytes) -> dict[str, int]:
        """Return the numbers of a stock file by SKU, as far as they can be read."""
        products = self._edge.state.supplier(self._account).products
        rows = [(row.get("part_number", ""), row.get("free_stock", "")) for row in inventory_rows(content)]
        return {
            product.sku: int(quantity)
            for number, quantity in rows
            if quantity.isdecimal()
            for product in products.select({"part_number": number})
        }

    def _act(self, kind: str, header: Mapping[str, str], rows: list[dict[str, str]]) -> None:
        order = self._supplier.orders.by_reference(header["order_number"])
        left = {line.reference: line.outstanding for line in order.lines} if order else {}
        if kind == "dispatch.txt" and any(left.get(row["line_ref"]) == 0 for row in rows):
            self.repeated.append(header["order_number"])
        super()._act(kind, header, rows)

    def _take_inventory(self, path: Path) -> None:
        self.numbers[path.name] = self.named(path.read_bytes())
        super()._take_inventory(path)


class EdgeByFiles(Virtualstock):
    """The pretend The Edge, one of whose accounts has folders, and its seller a list of its stock numbers."""

    folders: SpoiledFolders

    def __init__(self, clock: Clock, *, seed: int, account: Account) -> None:
        super().__init__(clock, seed=seed, accounts=[account])
        self._account, self.takes_after = account.name, _TAKES_AFTER[seed % len(_TAKES_AFTER)]

    def furnish(self, home: Path) -> Path:
        """Put the folders below a directory, and return the list of stock numbers beside them."""
        home.mkdir(exist_ok=True)
        self.folders = SpoiledFolders(self, self._account, self.clock, home / "server")
        self.listings = home / "listings.csv"
        with self.listings.open("w", newline="") as file:
            csv.writer(file).writerow(("stock_number", "sku", "ean"))
        return self.listings

    def add_product(self, account: str, *, stock_number: str, sku: str, ean: str, **more: Any) -> str:
        """Enrol a product, and name it in the list."""
        with self.listings.open("a", newline="") as file:
            csv.writer(file).writerow((stock_number, sku, ean))
        return super().add_product(account, stock_number=stock_number, sku=sku, ean=ean, **more)

    def store(self) -> Directory:
        """Return the folders in process; the vendor goes round in them around every call."""
        return Directory(self.folders.root.parent, before=self._look, after=self._look)

    def _look(self, _call: str, _path: str) -> None:
        self.folders.look()


class Wire:
    """The folders of the simulated account over a wire: every call takes its time, is watched, and may break.

    A fault of the system names a call and its path. One that strikes before lets nothing happen: the server is out of reach,
    or the connection is lost and nobody knows. One that strikes after lets the call do its work, or half of it.
    """

    def __init__(self, machine: "Machine") -> None:
        self._machine, self._inner = machine, machine.edge.store()

    async def entries(self, folder: str) -> Sequence[Entry]:
        """Return the files of a folder."""
        return await self._ask("entries", folder, lambda: self._inner.entries(folder))

    async def find(self, path: str) -> Entry | None:
        """Return the file, or None."""
        return await self._ask("find", path, lambda: self._inner.find(path))

    async def read(self, path: str) -> bytes:
        """Return the content."""
        return await self._ask("read", path, lambda: self._inner.read(path))

    async def write(self, path: str, content: bytes) -> None:
        """Write a file; a fault may leave a half of it."""
        half = content[: len(content) // 2]
        await self._change(
            "write", path, lambda: self._inner.write(path, content), lambda: self._inner.write(path, half)
        )

    async def rename(self, path: str, to: str) -> None:
        """Move a file; into the folder of stock files it is a number sent for each SKU."""
        machine = self._machine
        sent = machine.edge.folders.numbers_at(path) if "/inventory/" in to else {}
        before = machine.watch.begins(sent)
        try:
            await self._change("rename", path, lambda: self._inner.rename(path, to))
        finally:
            machine.watch.ends(sent, before)

    async def remove(self, path: str) -> None:
        """Take a file away."""
        await self._change("remove", path, lambda: self._inner.remove(path))

    async def make_folder(self, path: str) -> None:
        """See to it that a folder is there."""
        await self._change("make_folder", path, lambda: self._inner.make_folder(path))

    async def close(self) -> None:
        """Let the connection go."""

    async def _ask(self, call: str, path: str, work: Callable[[], Awaitable[T]]) -> T:
        fault = await self._begin(call, path)
        if fault is not None:
            raise _down(f"{call} {path}")
        answer = await work()
        await self._pass()
        return answer

    async def _change(
        self,
        call: str,
        path: str,
        work: Callable[[], Awaitable[None]],
        half: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        fault = await self._begin(call, path)
        if fault is not None and fault.when == "before":
            raise _down(f"{call} {path}") if fault.status == 429 else _lost(f"{call} {path}")
        broken = fault is not None and fault.kind == "truncated" and half is not None
        await (half() if broken and half is not None else work())
        if fault is not None:
            await asyncio.sleep(fault.seconds if fault.kind == "hang" else 0)
            raise _lost(f"{call} {path}")
        await self._pass()

    async def _begin(self, call: str, path: str) -> Fault | None:
        await self._pass()
        edge = self._machine.edge
        if edge.outage_until is not None and edge.clock.now() < edge.outage_until:
            raise _down(f"{call} {path}")
        fault: Fault | None = edge._pick(call, path)
        if fault is not None and fault.kind == "hang" and fault.when == "before":
            await asyncio.sleep(fault.seconds)
        return fault

    async def _pass(self) -> None:
        await asyncio.sleep(self._machine.random.uniform(0.01, 0.1))


def _lost(what: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"SFTP, to {what}: no answer.")


def _down(what: str) -> Unavailable:
    return Unavailable("harbour-marketplace", f"could not be reached, to {what}.", "It is tried again.")
