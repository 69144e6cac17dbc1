"""How much a process grows over what it is after its imports: python -m tests.benchmarks.growth [orders|stock FOLDER]"""

import asyncio
import gc
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import imports, sending, stock, stock_pages
from tests.benchmarks.bars import QUICK, Bar, Report
from tests.benchmarks.recorded import Replay

TIMES = 10
ORDERS, SKUS = (20_000, 100_000) if QUICK else (100_000, 1_000_000)
LARGEST_MB = 32
SENT_BY = {
    "virtualstock": ("REST", 200, 2_000),
    "virtualstock_files": ("SFTP", 6_000, SKUS),
    "mirakl": ("Mirakl", 6_000, SKUS),
}
"""The road, how many changed SKUs go before (more than a file), and how many then: by calls more than go out in ten minutes would
be read back from a marketplace that keeps nothing here."""


def _megabytes(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) / 1024


def _forget_the_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


async def _orders(folder: Path, place: Path) -> None:
    with imports.a_ledger(place / "orders.sqlite") as database:
        await imports.product(database, Replay(folder))


async def _stock(folder: Path, place: Path) -> None:
    with stock.a_ledger(place / "stock.sqlite") as database:
        await stock.product(database, Replay(folder))


def _do(what: str, folder: Path) -> None:
    if what in SENT_BY:
        sending.send(folder, what)
        return
    with tempfile.TemporaryDirectory() as place:
        asyncio.run({"orders": _orders, "stock": _stock}[what](folder, Path(place)))


def child(what: str, few: Path, many: Path) -> None:
    """Do a little of it, so that everything is imported; then all of it, and print the growth of the peak."""
    _do(what, few)
    gc.collect()
    _forget_the_peak()
    before = _megabytes("VmRSS")
    _do(what, many)
    sys.stdout.write(f"{before} {_megabytes('VmHWM')}\n")


def grown(what: str, few: Path, many: Path) -> tuple[float, float]:
    """Return the megabytes of a new process after its imports, and its peak while it did the work."""
    command = [sys.executable, "-m", "tests.benchmarks.growth", what, str(few), str(many)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    before, peak = map(float, told.stdout.split())
    return before, peak


def main() -> None:
    rows, bars = [], []
    with tempfile.TemporaryDirectory() as place:
        folders = {name: Path(place) / name for name in ("few orders", "many orders", "few stock", "many stock")}
        for folder in folders.values():
            folder.mkdir()
        asyncio.run(imports.record(200, folders["few orders"]))
        asyncio.run(imports.record(ORDERS, folders["many orders"]))
        stock_pages.write(folders["few stock"], 2_000)
        stock_pages.write(folders["many stock"], SKUS)
        for what, size in (("orders", ORDERS), ("stock", SKUS)):
            before, peak = grown(what, folders[f"few {what}"], folders[f"many {what}"])
            thing = f"import of {size:,} orders" if what == "orders" else f"first scan of {size:,} SKUs"
            rows.append([thing, f"{before:.0f}", f"{peak:.0f}"])
            bars.append(Bar(thing, peak - before, LARGEST_MB, unit=" MB"))
        for what, (road, few, size) in SENT_BY.items():
            ledgers = [Path(place) / f"{what} {number}" for number in (few, size)]
            for ledger, number in zip(ledgers, (few, size), strict=True):
                ledger.mkdir()
                sending.prepare(ledger, number)
            before, peak = grown(what, *ledgers)
            thing = f"send {size:,} changed SKUs by {road}"
            rows.append([thing, f"{before:.0f}", f"{peak:.0f}"])
            bars.append(Bar(thing, peak - before, LARGEST_MB, unit=" MB"))
    Report(
        f"Memory at {TIMES} times the data",
        "`python -m tests.benchmarks.growth`. A new process does a little of the work, so that everything is imported, and"
        " then all of it, orders and scan in one slice. The growth is its peak of resident memory (VmHWM, reset before) over what it had"
        " after the little work. What is sent goes run by run, to marketplaces that take all and keep nothing.",
        ("Work", "after imports, MB", "peak, MB"),
        rows,
        bars,
    ).tell()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
