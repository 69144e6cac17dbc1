"""Pages of stock as the pretend back office shows them, written to files: so many SKUs, some of them changed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx

from sandbox.cin7_core.stock import Product, Row
from tests.benchmarks.recorded import name_of

PAGE = 1_000
PATH = "/ExternalApi/v2/ref/productavailability"


def write(folder: Path, skus: int, changes: Sequence[float] = ()) -> None:
    """Write every page of one scan, after changes one upon the other, each to this share of the SKUs."""
    folder.mkdir(exist_ok=True)
    every = [round(1 / share) for share in changes]
    at = datetime(2026, 11, 27, tzinfo=UTC)
    for start in range(0, skus, PAGE):
        rows = []
        for number in range(start, min(start + PAGE, skus)):
            sku, ean = f"SKU-{number:07}", f"50{number:011}"
            key = f"{number:08x}-aaaa-bbbb-cccc-000000000000"
            product = Product(key, number, sku, f"Invented {sku}", ean, Decimal("9.90"), at)
            moved = sum(number % step == 0 for step in every)
            rows.append(product.availability(Row("Main Warehouse", None, 5 + number % 90 + moved, 1)))
        page = str(start // PAGE + 1)
        body = {"Total": skus, "Page": page, "ProductAvailabilityList": rows}
        name = name_of("GET", PATH, [("Page", page), ("Limit", str(PAGE))])
        (folder / name).write_text(json.dumps(body, separators=(",", ":")))


def floor(transport: httpx.BaseTransport, base_url: str) -> dict[str, int]:
    """Parse the pages into a dict: the least that anything that reads them can do."""
    counts: dict[str, int] = {}
    with httpx.Client(base_url=base_url, transport=transport) as client:
        page, total = 0, 1
        while len(counts) < total:
            page += 1
            answer = json.loads(client.get(f"{PATH}?Page={page}&Limit={PAGE}").content)
            total = answer["Total"]
            for row in answer["ProductAvailabilityList"]:
                counts[row["SKU"]] = row["Available"]
    return counts
