"""Which fields an order body may have, of which type, and what the database makes of them."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.magento.answers import Refused


def _names(text: str) -> set[str]:
    return set(text.split())


_PAIRED = _names("""
adjustment_negative adjustment_positive discount_amount discount_canceled discount_invoiced discount_refunded
discount_tax_compensation_amount discount_tax_compensation_invoiced discount_tax_compensation_refunded grand_total
shipping_amount shipping_canceled shipping_discount_amount shipping_incl_tax shipping_invoiced shipping_refunded
shipping_tax_amount shipping_tax_refunded subtotal subtotal_canceled subtotal_incl_tax subtotal_invoiced
subtotal_refunded tax_amount tax_canceled tax_invoiced tax_refunded total_canceled total_due total_invoiced
total_offline_refunded total_online_refunded total_paid total_qty_ordered total_refunded
""")
_ITEM_PAIRED = _names("""
amount_refunded discount_amount discount_invoiced discount_refunded discount_tax_compensation_amount
discount_tax_compensation_invoiced discount_tax_compensation_refunded original_price price price_incl_tax
row_invoiced row_total row_total_incl_tax tax_amount tax_before_discount tax_invoiced tax_refunded
weee_tax_applied_amount weee_tax_disposition weee_tax_row_disposition
""")


def _both(names: set[str]) -> set[str]:
    return {*names, *(f"base_{name}" for name in names)}


ORDER_NUMBERS = _both(_PAIRED) | _names("""base_shipping_discount_tax_compensation_amnt shipping_discount_tax_compensation_amount base_total_invoiced_cost
    base_to_global_rate base_to_order_rate store_to_base_rate store_to_order_rate payment_authorization_amount
    weight""")
ORDER_INTEGERS = _names("""billing_address_id can_ship_partially can_ship_partially_item customer_gender customer_group_id customer_id
    customer_is_guest customer_note_notify edit_increment email_sent entity_id forced_shipment_with_invoice is_virtual
    payment_auth_expiration quote_address_id quote_id store_id total_item_count""")
ORDER_TEXTS = _names("""applied_rule_ids base_currency_code coupon_code created_at customer_dob customer_email customer_firstname
    customer_lastname customer_middlename customer_note customer_prefix customer_suffix customer_taxvat
    discount_description ext_customer_id ext_order_id global_currency_code hold_before_state hold_before_status
    increment_id order_currency_code original_increment_id protect_code relation_child_id relation_child_real_id
    relation_parent_id relation_parent_real_id remote_ip shipping_description state status store_currency_code
    store_name updated_at x_forwarded_for""")
ORDER_FIELDS = frozenset(ORDER_NUMBERS | ORDER_INTEGERS | ORDER_TEXTS)
ORDER_PARTS = frozenset({"items", "billing_address", "payment", "status_histories", "extension_attributes"})

ITEM_NUMBERS = _both(_ITEM_PAIRED) | _names("""base_cost base_weee_tax_applied_row_amnt weee_tax_applied_row_amount discount_percent
    discount_tax_compensation_canceled qty_backordered qty_canceled qty_invoiced qty_ordered qty_refunded qty_returned
    qty_shipped row_weight tax_canceled tax_percent weight""")
ITEM_INTEGERS = _names("""event_id free_shipping gw_id is_qty_decimal is_virtual item_id locked_do_invoice locked_do_ship no_discount
    order_id parent_item_id product_id quote_item_id store_id""")
ITEM_TEXTS = _names("""additional_data applied_rule_ids created_at description ext_order_item_id name product_type sku updated_at
    weee_tax_applied""")
ITEM_FIELDS = frozenset(ITEM_NUMBERS | ITEM_INTEGERS | ITEM_TEXTS)
ITEM_PARTS = frozenset({"parent_item", "product_option", "extension_attributes"})

# What a line shows once it has been through the database, besides what was sent.
ITEM_DEFAULTS: Mapping[str, int] = dict.fromkeys(
    _names("""amount_refunded base_amount_refunded base_cost base_discount_amount base_discount_invoiced base_row_invoiced
    base_tax_amount base_tax_invoiced discount_amount discount_invoiced discount_percent free_shipping no_discount
    qty_backordered qty_canceled qty_invoiced qty_refunded qty_shipped row_invoiced row_weight tax_amount tax_invoiced
    tax_percent"""),
    0,
)

# varchar lengths; the shop's SQL mode cuts in silence. 32 was seen, 50 is the table's own word for increment_id.
_LENGTHS = {"ext_order_id": 32, "ext_customer_id": 32, "increment_id": 50}


def tidy(number: float) -> float:
    """Return a number as PHP prints it: 37.0 is 37."""
    return int(number) if number == int(number) else number


def order_columns(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain columns of an order body; raise `Refused` for unknown fields and wrong types."""
    return _checked(entity, ORDER_NUMBERS, ORDER_INTEGERS, ORDER_TEXTS, ORDER_PARTS)


def item_columns(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain columns of an order line; raise `Refused` for unknown fields and wrong types."""
    return _checked(item, ITEM_NUMBERS, ITEM_INTEGERS, ITEM_TEXTS, ITEM_PARTS)


def _checked(
    given: Mapping[str, Any], numbers: set[str], integers: set[str], texts: set[str], parts: frozenset[str]
) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, value in given.items():
        if name in parts:
            continue
        if name not in numbers and name not in integers and name not in texts:
            shown = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
            raise Refused.field("is not supported. Correct the field name and try again.", shown)
        if value is None:
            columns[name] = None
        elif name in numbers:
            columns[name] = tidy(float(_matching(name, value, r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", "float")))
        elif name in integers:
            columns[name] = int(_matching(name, value, r"-?[0-9]+", "int"))
        else:
            columns[name] = _matching(name, value, r"(?s).*", "string")
    return columns


def _matching(name: str, value: Any, pattern: str, kind: str) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if isinstance(value, dict | list) or not re.fullmatch(pattern, text):
        raise Refused(
            400,
            f'Error occurred during "{name}" processing. The "{text}" value\'s type is invalid. '
            f'The "{kind}" type was expected. Verify and try again.',
        )
    return text


def as_stored(value: Any, field: str = "") -> Any:
    """Return what the database keeps: long ids cut, each code point above U+FFFF turned into `????`."""
    if isinstance(value, dict):
        return {name: as_stored(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [as_stored(each) for each in value]
    if not isinstance(value, str):
        return value
    kept = re.sub("[\U00010000-\U0010ffff]", "????", value)
    return kept[: _LENGTHS[field]] if field in _LENGTHS else kept
