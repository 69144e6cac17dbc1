"""Print what the gate costs: python -m tests.benchmarks.gate"""

import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from domain.counts import Counts
from domain.records import Address, Deducts, Dispatch, OrderLine, SalesOrder, ShippedLine
from expectations.gate import Facts, Verdict, gate

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ADDRESS = Address(name="A Person", street=("1 Some Road",), city="Anytown", postcode="AN1 1AN", country="GB")


def order(number: int, sku: str) -> SalesOrder:
    line = OrderLine(line="1", sku=sku, ean="4006381333931", stock_number=None, quantity=1)
    return SalesOrder(
        key=f"K{number}",
        reference=f"R{number}",
        external_id=f"X{number}",
        placed_at=NOW,
        lines=(line,),
        ship_to=ADDRESS,
    )


def dispatch(number: int) -> Dispatch:
    return Dispatch(
        key=f"S{number}",
        order_id=f"O{number}",
        order_reference=f"R{number}",
        carrier="Van",
        tracking_number=f"JD00{number:08d}",
        shipped_at=NOW,
        lines=(ShippedLine(sku=f"SKU-{number}", quantity=1),),
    )


def levels(number: int) -> Counts:
    counts = Counts()
    counts.at("main", Deducts.ON_DISPATCH).update({f"SKU-{n}": n % 90 for n in range(number)})
    return counts


def measure(name: str, call: Callable[[], Verdict], repeats: int = 9) -> None:
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        verdict = call()
        took.append((time.perf_counter() - began) * 1000)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{name:32} median {statistics.median(took):8.1f} ms  worst {max(took):8.1f} ms  "
        f"judged {verdict.judged}  held {len(verdict.failures)}  memory so far {memory} MB",
        flush=True,
    )


def main() -> None:
    facts = Facts(
        now=NOW,
        skus=frozenset(f"SKU-{n}" for n in range(10_000)),
        carriers={("Van", ""): "VAN"},
        approved=frozenset({"VAN"}),
        ordered={f"R{n}": {f"SKU-{n}": 1} for n in range(10_000)},
    )
    orders = [order(n, f"SKU-{n}") for n in range(10_000)]
    dispatches = [dispatch(n) for n in range(10_000)]
    measure("first call of the process", lambda: gate(orders[:1], facts), repeats=1)
    measure("1 order", lambda: gate(orders[:1], facts), repeats=50)
    measure("20 orders", lambda: gate(orders[:20], facts), repeats=50)
    measure("20 orders, one wrong", lambda: gate([*orders[:19], order(20, "SKU-1 ")], facts), repeats=50)
    measure("1 dispatch", lambda: gate(dispatches[:1], facts), repeats=50)
    measure("20 stock levels", partial(gate, levels(20), facts), repeats=50)
    measure("10,000 orders", lambda: gate(orders, facts))
    measure("10,000 dispatches", lambda: gate(dispatches, facts))
    measure("10,000 stock levels", partial(gate, levels(10_000), facts))
    measure("1,000,000 stock levels", partial(gate, levels(1_000_000), facts), repeats=3)


if __name__ == "__main__":
    main()
