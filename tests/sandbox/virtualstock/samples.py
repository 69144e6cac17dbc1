"""The key sets of the official samples."""

ORDER_KEYS = {
    "url", "retailer", "order_reference", "order_date", "status", "purchase_order_reference",
    "end_user_purchase_order_reference", "additional_order_reference", "comment", "test_flag", "supplier",
    "items", "currency_code", "subtotal", "tax", "total", "shipping_address",
}  # fmt: skip
ITEM_KEYS = {
    "url", "part_number", "retailer_sku_reference", "supplier_sku_reference", "line_reference", "quantity", "name",
    "description", "status", "unit_cost_price", "subtotal", "tax", "tax_rate", "total", "promised_date",
    "retailer_additional_reference",
}  # fmt: skip
ADDRESS_KEYS = {"country", "line_1", "line_2", "city", "postal_code", "state", "phone", "full_name", "email"}
CREATED_ORDER_KEYS = (ORDER_KEYS - {"url", "retailer", "status"}) | {"shipping_store_number", "delivery_service_code"}
CREATED_ITEM_KEYS = ITEM_KEYS - {"part_number", "status"}
