"""Pages of stock as the pretend back office shows them, written to files: so many SKUs, some of them changed."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx

from sandbox.cin7_core.stock import Product, Row
from tests.benchmarks.recorded import name_of

PAGE = 1_000
PATH = "/ExternalApi/v2/ref/productavailability"


def write(folder: Path, skus: int, changed: float) -> None:
    """Write every page of one scan; `changed` is the share of SKUs whose count is another than in the scan of 0.0."""
    folder.mkdir(exist_ok=True)
    every = round(1 / changed) if changed else 0
    at = datetime(2026, 11, 27, tzinfo=UTC)
    for start in range(0, skus, PAGE):
        rows = []
        for number in range(start, min(start + PAGE, skus)):
            sku = f"SKU-{number:07}"
            product = Product(
                f"{number:08x}-aaaa-bbbb-cccc-000000000000",
                number,
                sku,
                f"Invented {sku}",
                f"50{number:011}",
                Decimal("9.90"),
                at,
            )
            moved = every and number % every == 0
            rows.append(product.availability(Row("Main Warehouse", None, 5 + number % 90 + bool(moved), 1)))
        body = {"Total": skus, "Page": start // PAGE + 1, "ProductAvailabilityList": rows}
        (folder / name_of("GET", PATH, [("Page", str(start // PAGE + 1)), ("Limit", str(PAGE))])).write_text(
            json.dumps(body, separators=(",", ":"))
        )


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
