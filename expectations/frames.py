"""Records as columns, with what we know of each value beside it.

A fact is joined as a left join would: `item_sku` is the back office's SKU that is equal to `sku`
character for character, None if there is none. No personal data enters a frame: of an address and
of a gift message only lengths do, and which of their fields hold a character that would be lost.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.counts import Counts
from domain.identifiers import tracking_fault
from domain.limits import is_beyond_basic_plane, lost_in_address
from domain.records import Dispatch, LineStatus, OrderLine, SalesOrder, ShippedLine
from expectations.facts import Facts
from expectations.forms import ean_form, is_sku_form

_NEVER_CREATED = {LineStatus.CANCELLED, LineStatus.CANCEL_REQUESTED}
_CLOCKS_MAY_DIFFER_BY = timedelta(days=1)


@dataclass(frozen=True)
class Frame:
    """Columns of equal length; row i belongs to the record whose key is `keys[i]`. `judged` counts those records."""

    columns: Mapping[str, Sequence[Any]]
    keys: Sequence[str]
    judged: int

    def row(self, position: int) -> dict[str, Any]:
        """Return one row by its position."""
        return {name: values[position] for name, values in self.columns.items()}


def sales_order_frame(orders: Sequence[SalesOrder], facts: Facts) -> Frame:
    """Return one row for each line that shall be created; none for an order that is wholly cancelled."""
    keys: list[str] = []
    rows: list[dict[str, Any]] = []
    judged = 0
    for order in orders:
        lines = [line for line in order.lines if line.status not in _NEVER_CREATED]
        if order.lines and not lines:
            continue
        judged += 1
        of_the_order = _order_columns(order, facts) | {"line_count": len(lines)}
        for line in lines or (None,):
            keys.append(order.key)
            rows.append(of_the_order | _order_line_columns(line, facts))
    columns = _columns(rows)
    if columns:
        are_formed = ean_form(columns["ean"]).tolist()
        columns["eans_compare"] = [
            bool(ean) and is_formed for ean, is_formed in zip(columns["item_ean"], are_formed, strict=True)
        ]
    return Frame(columns, keys, judged)


def _order_columns(order: SalesOrder, facts: Facts) -> dict[str, Any]:
    address, limits = order.ship_to, facts.order_limits
    street = [line for line in address.street if line.strip()]
    country = address.country if _is_country_code(address.country) else f"{len(address.country)} characters"
    return {
        "address_is_given": not order.address_follows,
        "name_length": _length(address.name),
        "street_lines": len(street),
        "longest_street_line": max(map(len, street), default=0),
        "city_length": _length(address.city),
        "postcode_length": _length(address.postcode),
        "country": country,
        "country_taken": country if address.country in limits.countries else None,
        "phone_length": _length(address.phone),
        "gift_message_length": _length(order.gift_message),
        "lost_in_address": "" if limits.beyond_basic_plane else lost_in_address(order),
        "lost_in_gift_message": "" if limits.beyond_basic_plane else _lost_in_gift_message(order),
        "nothing_lost": "",
        "reference_length": _length(order.reference),
        "known_over": facts.elsewhere.get(order.reference, ""),
        "no_other_account": "",
        "currency": order.currency,
        "currency_taken": order.currency if order.currency in facts.currencies else None,
        "test_order": order.test,
        "test_order_taken": order.test and facts.accept_test_orders,
    }


def _order_line_columns(line: OrderLine | None, facts: Facts) -> dict[str, Any]:
    if line is None:
        nothing = ("sku", "stock_number", "item_sku", "ean", "item_ean", "quantity")
        untrue = ("has_line", "goes_by_sku", "goes_by_number", "sku_is_formed", "has_ean")
        return dict.fromkeys(nothing) | dict.fromkeys(untrue, False)
    item_ean = facts.eans.get(line.sku) if line.sku else None
    goes_by_number = not line.sku and bool(line.stock_number)
    return {
        "has_line": True,
        "goes_by_sku": not goes_by_number,
        "goes_by_number": goes_by_number,
        "sku": line.sku or None,
        "stock_number": line.stock_number,
        "sku_is_formed": is_sku_form(line.sku),
        "item_sku": line.sku if line.sku in facts.skus else None,
        "has_ean": line.ean is not None and line.ean != "",
        "ean": line.ean,
        "item_ean": item_ean,
        "quantity": line.quantity,
    }


def stock_level_frame(counts: Counts, _facts: Facts) -> Frame:
    """Return one row for each count."""
    return Frame({"sku": counts.skus, "quantity": counts.quantities}, counts.keys, len(counts))


def dispatch_frame(dispatches: Sequence[Dispatch], facts: Facts) -> Frame:
    """Return one row for each shipped line, with what its order still awaits of that SKU.

    What an earlier dispatch of the page claims, a later one cannot have.
    """
    claims: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    keys: list[str] = []
    rows: list[dict[str, Any]] = []
    for dispatch in dispatches:
        of_the_dispatch = _dispatch_columns(dispatch, facts)
        awaited = facts.ordered.get(dispatch.order_reference)
        for sku, quantity in _by_sku(dispatch.lines).items():
            claims[dispatch.order_reference, sku][dispatch.key] = max(quantity, 0)
        for line in dispatch.lines or (None,):
            keys.append(dispatch.key)
            rows.append(of_the_dispatch | _shipped_line_columns(line, dispatch, awaited, claims))
    return Frame(_columns(rows), keys, len(dispatches))


def _dispatch_columns(dispatch: Dispatch, facts: Facts) -> dict[str, Any]:
    code = facts.carrier_code(dispatch.carrier, dispatch.service)
    form = facts.tracking_numbers.get(code or "")
    known = dispatch.order_reference in facts.ordered
    return {
        "order_reference": dispatch.order_reference,
        "known_reference": dispatch.order_reference if known else None,
        "order_is_known": known,
        "carrier_and_service": f"{dispatch.carrier} / {dispatch.service}" if dispatch.service else dispatch.carrier,
        "carrier_code": code,
        # A parcel that shows neither carrier nor number lacks its label: that is one thing to mend, and no carrier to map.
        "carrier_is_told": bool(dispatch.carrier or dispatch.tracking_number),
        "carrier_is_mapped": code is not None,
        "approved_code": code if code in facts.approved else None,
        "tracking_number": dispatch.tracking_number,
        "tracking_form": form,
        "tracking_form_is_known": form is not None and tracking_fault(dispatch.tracking_number) is None,
        "shipped_at": dispatch.shipped_at,
        "latest_shipped_at": facts.now + _CLOCKS_MAY_DIFFER_BY,
        "line_count": len(dispatch.lines),
    }


def _shipped_line_columns(
    line: ShippedLine | None,
    dispatch: Dispatch,
    awaited: Mapping[str, int] | None,
    claims: Mapping[tuple[str, str], Mapping[str, int]],
) -> dict[str, Any]:
    if line is None:
        return dict.fromkeys(("sku", "ordered_sku", "quantity", "shipped_quantity", "awaited_quantity")) | {
            "has_line": False,
            "can_compare_sku": False,
            "can_compare_quantity": False,
        }
    is_ordered = awaited is not None and line.sku in awaited
    claimed = claims[dispatch.order_reference, line.sku]
    claimed_by_others = sum(quantity for key, quantity in claimed.items() if key != dispatch.key)
    return {
        "has_line": True,
        "sku": line.sku,
        "can_compare_sku": awaited is not None,
        "ordered_sku": line.sku if is_ordered else None,
        "can_compare_quantity": is_ordered,
        "quantity": line.quantity,
        "shipped_quantity": claimed[dispatch.key],
        "awaited_quantity": max(0, awaited[line.sku] - claimed_by_others) if awaited and is_ordered else None,
    }


def _by_sku(lines: Iterable[ShippedLine]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for line in lines:
        totals[line.sku] += line.quantity
    return totals


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _length(text: str) -> int:
    return len(text) if text.strip() else 0


def _lost_in_gift_message(order: SalesOrder) -> str:
    return "a character that the back office would lose" if is_beyond_basic_plane(order.gift_message) else ""


def _is_country_code(country: str) -> bool:
    return len(country) == 2 and country.isascii() and country.isalpha()
