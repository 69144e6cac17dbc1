"""The vendor's routes for products, stock and the shop's own set-up."""

from dataclasses import dataclass, field
from typing import Any

from starlette.responses import PlainTextResponse

from sandbox.magento.answers import Refused
from sandbox.magento.calls import Call, Entry, listed
from sandbox.magento.search import Criteria, UnknownField, page
from sandbox.magento.stock import STOCK_ID, Product, Stock


@dataclass
class StockRoutes:
    """The handlers for products, sources, salable quantities, websites and modules."""

    stock: Stock
    website: str
    store_id: int
    modules: list[str] = field(default_factory=list)

    def table(self) -> list[Entry]:
        """Return the routes; the first match wins."""
        stock = "Magento_InventoryApi::stock"
        return [
            ("GET", "/inventory/export-stock-salable-qty/website/{code}", stock, self.export_salable),
            ("GET", "/inventory/source-items", "Magento_InventoryApi::source", self.source_items),
            ("POST", "/inventory/source-items", "Magento_InventoryApi::stock_source_item_assign", self.put_items),
            ("GET", "/inventory/sources", "Magento_InventoryApi::source", self.sources),
            ("GET", "/inventory/stock-source-links", "Magento_InventoryApi::stock_source_link", self.links),
            ("GET", "/inventory/stock-resolver/website/{code}", "Magento_InventorySalesApi::stock", self.resolve),
            (
                "GET",
                "/inventory/get-product-salable-quantity/{sku:path}/{stock_id}",
                "Magento_InventorySalesApi::stock",
                self.salable,
            ),
            ("GET", "/products", "Magento_Catalog::products", self.search_products),
            ("GET", "/products/{sku:path}", "Magento_Catalog::products", self.read_product),
            ("GET", "/store/storeViews", "Magento_Backend::store", self.store_views),
            ("GET", "/store/websites", "Magento_Backend::store", self.websites),
            ("GET", "/modules", "Magento_Backend::admin", lambda _call: self.modules),
        ]

    def export_salable(self, call: Call) -> Any:
        """List salable quantities; `total_count` counts only this page (magento/inventory #3416)."""
        self._website(call.part(3))
        asked, products = call.criteria(), self.stock.products
        found = list(products.rows.values()) if not asked.groups else self._products(Criteria(asked.groups))
        items = []
        for product in page(found, asked):
            quantity = self.stock.salable(product.sku)
            items.append({"sku": product.sku, "qty": quantity, "is_salable": quantity > 0})
        return {"items": items, "search_criteria": asked.echo(), "total_count": len(items)}

    def source_items(self, call: Call) -> Any:
        """List what lies at each source."""
        return listed(call, self.stock.items, lambda item: item.body())

    def put_items(self, call: Call) -> list[Any]:
        """Set absolute quantities; an unknown SKU and a negative number are accepted."""
        given = call.member("sourceItems")
        if any(each.get("source_code") not in self.stock.sources for each in given):
            raise Refused(400, "Could not save Source Item")
        for each in given:
            self.stock.put(each["sku"], each["source_code"], each["quantity"], each.get("status", 1))
        return []

    def sources(self, call: Call) -> Any:
        """List the sources."""
        asked = call.criteria(required=False)
        items = [
            {"source_code": code, "name": name, "enabled": True, "country_id": "GB", "postcode": "00000"}
            for code, name in self.stock.sources.items()
        ]
        return {"items": page(items, asked), "search_criteria": asked.echo(), "total_count": len(items)}

    def links(self, call: Call) -> Any:
        """List which sources feed the website's stock."""
        asked = call.criteria()
        items = [
            {"stock_id": STOCK_ID, "source_code": code, "priority": number}
            for number, code in enumerate(self.stock.linked, start=1)
        ]
        return {"items": page(items, asked), "search_criteria": asked.echo(), "total_count": len(items)}

    def resolve(self, call: Call) -> Any:
        """Return the stock of a website."""
        self._website(call.part(3))
        channels = [{"type": "website", "code": self.website}]
        return {"stock_id": STOCK_ID, "name": "Default Stock", "extension_attributes": {"sales_channels": channels}}

    def _website(self, code: str) -> None:
        if code != self.website:
            raise Refused(404, "No linked stock found")

    def salable(self, call: Call) -> Any:
        """Return the salable quantity, a bare number; an unknown SKU crashes the shop."""
        if len(call.segments) != 4:
            raise Refused.no_route()
        sku = call.part(2)
        if self.stock.product(sku) is None:
            text = "An error has happened during application run. See exception log for details.\n"
            return PlainTextResponse(text, 500)
        if call.id(3) != STOCK_ID:
            raise Refused(400, "Could not receive Stock Item data")
        return self.stock.salable(sku)

    def _products(self, asked: Criteria) -> list[Product]:
        try:
            return self.stock.products.search(asked)[0]
        except UnknownField as unknown:
            message = 'The "%1" attribute name is invalid. Reset the name and try again.'
            raise Refused(400, message, [str(unknown)]) from None

    def search_products(self, call: Call) -> Any:
        """List products."""
        asked = call.criteria()
        found = self._products(Criteria(asked.groups, asked.sort))
        items = [self._product(product) for product in page(found, asked)]
        return {"items": items, "search_criteria": asked.echo(), "total_count": len(found)}

    def read_product(self, call: Call) -> Any:
        """Read one product by its SKU, sent as one encoded segment."""
        if len(call.segments) != 2:
            raise Refused.no_route()
        product = self.stock.product(call.part(1))
        if product is None:
            raise Refused(404, "The product that was requested doesn't exist. Verify the product and try again.")
        body, quantity = self._product(product), self.stock.at("default", product.sku)
        body["extension_attributes"]["stock_item"] = {
            "item_id": product.product_id,
            "product_id": product.product_id,
            "stock_id": STOCK_ID,
            "qty": quantity,
            "is_in_stock": quantity > 0,
            "min_qty": 0,
            "backorders": 0,
            "use_config_manage_stock": True,
            "manage_stock": True,
        }
        return body

    def _product(self, product: Product) -> dict[str, Any]:
        attributes = {"ean": product.ean, **product.attributes}
        return {
            "id": product.product_id,
            "sku": product.sku,
            "name": product.name,
            "attribute_set_id": 4,
            "price": product.value("price"),
            "status": product.status,
            "visibility": product.visibility,
            "type_id": product.type_id,
            "created_at": product.created_at,
            "updated_at": product.updated_at,
            "weight": 1,
            "extension_attributes": {"website_ids": [1]},
            "product_links": [],
            "tier_prices": [],
            "custom_attributes": [
                {"attribute_code": code, "value": value} for code, value in attributes.items() if value is not None
            ],
        }

    def store_views(self, _call: Call) -> Any:
        """List the store views."""
        view = {"id": self.store_id, "code": "default", "name": "Default Store View"}
        admin = {"id": 0, "code": "admin", "name": "Admin", "website_id": 0, "store_group_id": 0, "is_active": 1}
        return [{**view, "website_id": 1, "store_group_id": 1, "is_active": 1}, admin]

    def websites(self, _call: Call) -> Any:
        """List the websites."""
        admin = {"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0}
        return [admin, {"id": 1, "code": self.website, "name": "Main Website", "default_group_id": 1}]
