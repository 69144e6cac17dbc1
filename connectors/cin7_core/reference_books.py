"""What must stand in the company's reference books before an order can be taken."""

from collections.abc import Mapping
from typing import Any

from connectors.cin7_core.api import Api
from connectors.cin7_core.settings import Cin7CoreOptions

_MOST_SHOWN = 20


async def missing(api: Api, options: Cin7CoreOptions) -> list[str]:
    """Return what the installation names and the company has not, or has switched off; a call or more for each book."""
    faults = []
    customers = await _named(api, "/customer", "CustomerList", options.customer, Name=options.customer)
    live = [row for row in customers if str(row.get("Status")).lower() == "active"]
    if len(live) != 1:
        faults.append(f"one active customer {options.customer!r} (there are {len(live)})")
    if any(row.get("IsOnCreditHold") is True for row in live):
        faults.append(f"customer {options.customer!r} not on credit hold")
    if options.terms is not None:
        terms = await _named(api, "/ref/paymentterm", "PaymentTermList", options.terms)
        if not any(_is_on(row, "IsActive") for row in terms):
            faults.append(f"active payment term {options.terms!r}")
    faults += await _missing_tax_rules(api, options)
    return faults + await _missing_locations(api, options)


async def _missing_tax_rules(api: Api, options: Cin7CoreOptions) -> list[str]:
    rows = [row async for row in api.rows("/ref/tax", "TaxRuleList") if isinstance(row, Mapping)]
    usable = {row.get("Name") for row in rows if _is_on(row, "IsActive") and _is_on(row, "IsTaxForSale")}
    wanted = dict.fromkeys([options.tax_rule, *options.other_tax_rules.values()])
    return [f"active tax rule for sales {name!r}" for name in wanted if name not in usable]


async def _missing_locations(api: Api, options: Cin7CoreOptions) -> list[str]:
    rows = [row async for row in api.rows("/ref/location", "LocationList") if isinstance(row, Mapping)]
    live = [row.get("Name") for row in rows if not (_is_on(row, "IsDeprecated") or _is_on(row, "Deprecated"))]
    faults = []
    for name in dict.fromkeys([options.location, *options.sell_locations]):
        if live.count(name) != 1:  # stock rows name their location, so two of one name cannot be told apart
            shown = ", ".join(sorted(str(entry) for entry in live)[:_MOST_SHOWN])
            faults.append(f"one location {name!r} (there are {live.count(name)}; the company has: {shown})")
    return faults


async def _named(api: Api, path: str, rows: str, name: str, **filters: Any) -> list[Mapping[str, Any]]:
    return [
        row async for row in api.rows(path, rows, **filters) if isinstance(row, Mapping) and row.get("Name") == name
    ]


def _is_on(row: Mapping[str, Any], flag: str) -> bool:
    return str(row.get(flag)).lower() == "true"
