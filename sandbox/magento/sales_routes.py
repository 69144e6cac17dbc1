"""The vendor's routes for orders and shipments."""

from dataclasses import dataclass
from typing import Any

from sandbox.magento.answers import Refused, whole
from sandbox.magento.calls import Call, Entry, listed
from sandbox.magento.fulfilment import Fulfilment
from sandbox.magento.orders import Orders


@dataclass
class SalesRoutes:
    """The handlers for orders and what happens to them."""

    orders: Orders
    fulfilment: Fulfilment

    def table(self) -> list[Entry]:
        """Return the routes; the first match wins."""
        view, ship = "Magento_Sales::actions_view", "Magento_Sales::ship"
        return [
            ("GET", "/orders/items", view, self.order_items),
            ("GET", "/orders", view, self.search_orders),
            ("POST", "/orders", "Magento_Sales::create", self.save_order),
            ("PUT", "/orders/create", "Magento_Sales::create", self.save_order),
            ("GET", "/orders/{id}", view, self.read_order),
            ("GET", "/shipments", "Magento_Sales::shipment", self.search_shipments),
            ("GET", "/shipment/{id}", "Magento_Sales::shipment", self.read_shipment),
            ("POST", "/shipment/track", "Magento_Sales::shipment", self.add_track),
            ("POST", "/order/{id}/ship", ship, self.ship),
            ("POST", "/order/{id}/invoice", "Magento_Sales::invoice", self.invoice),
            ("POST", "/orders/{id}/cancel", "Magento_Sales::cancel", self.cancel),
            ("POST", "/orders/{id}/hold", "Magento_Sales::hold", self.hold),
            ("POST", "/orders/{id}/unhold", "Magento_Sales::unhold", self.unhold),
            ("POST", "/orders/{id}/comments", "Magento_Sales::comment", self.comment),
            ("GET", "/orders/{id}/comments", view, self.comments),
            ("GET", "/orders/{id}/statuses", view, self.status),
        ]

    def search_orders(self, call: Call) -> Any:
        """List orders."""
        wanted = call.wanted.get("items")
        return listed(call, self.orders.table, lambda order: order.read_form(wanted))

    def order_items(self, call: Call) -> Any:
        """List order lines."""
        return listed(call, self.orders.lines, lambda line: line.read_form())

    def read_order(self, call: Call) -> Any:
        """Read one order."""
        return self.orders.get(call.id(1)).read_form(call.wanted, single=True)

    def save_order(self, call: Call) -> Any:
        """Create an order, or update one when the body has its `entity_id`."""
        entity = call.member("entity") or {}
        call.bounded("entity.items", entity.get("items"))
        if entity.get("entity_id"):
            return self.orders.update(entity, call.now)
        return self.orders.create(entity, call.now)

    def ship(self, call: Call) -> str:
        """Ship an order; the id is a text, whatever the schema says."""
        shipment = self.fulfilment.ship(self.orders.get(call.id(1)), call.options(), call.now)
        return str(shipment.columns["entity_id"])

    def invoice(self, call: Call) -> str:
        """Invoice an order; the id is a text, whatever the schema says."""
        return str(self.fulfilment.invoice(self.orders.get(call.id(1)), call.options(), call.now))

    def cancel(self, call: Call) -> bool:
        """Cancel an order; false is a refusal."""
        return self.fulfilment.cancel(self.orders.get(call.id(1)), call.now)

    def hold(self, call: Call) -> bool:
        """Hold an order."""
        return self.fulfilment.hold(self.orders.get(call.id(1)), call.now)

    def unhold(self, call: Call) -> bool:
        """Release an order from its hold."""
        return self.fulfilment.unhold(self.orders.get(call.id(1)), call.now)

    def comment(self, call: Call) -> bool:
        """Comment on an order."""
        return self.fulfilment.comment(self.orders.get(call.id(1)), call.member("statusHistory"), call.now)

    def comments(self, call: Call) -> Any:
        """List the comments of an order."""
        histories = self.orders.get(call.id(1)).histories
        wanted = {"field": "parent_id", "value": call.part(1), "condition_type": "eq"}
        asked = {"filter_groups": [{"filters": [wanted]}]}
        return {"items": list(histories), "search_criteria": asked, "total_count": len(histories)}

    def status(self, call: Call) -> Any:
        """Return the status of an order, one text."""
        return self.orders.get(call.id(1)).columns.get("status")

    def search_shipments(self, call: Call) -> Any:
        """List shipments."""
        return listed(call, self.fulfilment.shipments, lambda shipment: shipment.body())

    def read_shipment(self, call: Call) -> Any:
        """Read one shipment."""
        shipment = self.fulfilment.shipments.rows.get(call.id(1))
        if shipment is None:
            raise Refused.no_entity()
        return shipment.body()

    def add_track(self, call: Call) -> Any:
        """Add a tracking number to a shipment."""
        entity = call.member("entity")
        shipment = self.fulfilment.shipments.rows.get(whole(entity.get("parent_id")))
        if shipment is None:
            raise Refused.no_entity()
        return self.fulfilment.add_track(shipment, entity, call.now)
