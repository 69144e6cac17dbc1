"""What the models show of the books: field by field."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.fulfil.books import CANCEL, Move, Product, Sale, SaleLine, Shipment
from sandbox.fulfil.models import Context, Field, Model, Models

if TYPE_CHECKING:
    from sandbox.fulfil.tenant import Tenant

ALIASES = {
    "customer_shipment": "stock.shipment.out",
    "sales_order": "sale.sale",
    "product": "product.product",
}


def _plain(**names: str) -> dict[str, Field]:
    """Return fields that are attributes of the row, by their names there."""

    def reading(attribute: str) -> Field:
        return lambda row, _context: getattr(row, attribute)

    return {name: reading(attribute) for name, attribute in names.items()}


def views(tenant: "Tenant") -> Models:
    """Return every model of the tenant, empty."""
    named = _plain(id="id", rec_name="name", name="name")
    return Models(
        [
            Model("sale.channel", _plain(id="id", code="code", name="code", rec_name="code"), indexed=("code",)),
            Model("stock.location", _location_fields(), {"parent": "stock.location"}),
            Model("carrier", dict(named)),
            Model("carrier.service", dict(named)),
            Model("product.product", _product_fields(tenant), indexed=("code",)),
            Model("sale.sale", _sale_fields(tenant), {"channel": "sale.channel"}, ("reference", "channel_identifier")),
            Model("sale.line", _line_fields(), {"product": "product.product", "sale": "sale.sale"}, ("sale",)),
            Model("stock.shipment.out", _shipment_fields(tenant), _SHIPMENT_LINKS),
            Model("stock.move", _move_fields(), {"product": "product.product", "shipment": "stock.shipment.out"}),
        ],
        ALIASES,
    )


_SHIPMENT_LINKS = {"carrier": "carrier", "carrier_service": "carrier.service", "warehouse": "stock.location"}


def _location_fields() -> dict[str, Field]:
    return _plain(id="id", code="code", name="code", rec_name="code", type="kind", parent="parent")


def _product_fields(tenant: "Tenant") -> dict[str, Field]:
    def counted(counts: Any) -> Field:
        """Sum over the locations of the context, or of their warehouses. Without them the number means nothing."""

        def summed(product: Product, context: Context) -> float:
            places = tenant.models.named("stock.location").rows
            asked = {places[each].parent or each for each in _locations(context) if each in places}
            return float(sum(counts(product, place) for place in asked))

        return summed

    return {
        **_plain(id="id", code="code", upc="upc", active="active", list_price="price", create_date="created_at"),
        "rec_name": lambda product, _: f"[{product.code}] Product {product.code}",
        "write_date": lambda _product, _: None,
        "quantity_on_hand": counted(lambda product, place: tenant.on_hand[product.id, place]),
        "quantity_available": counted(
            lambda product, place: tenant.on_hand[product.id, place] - tenant.promised[product.id, place]
        ),
    }


def _locations(context: Mapping[str, Any]) -> list[int]:
    given = context.get("locations")
    return given if isinstance(given, list) else []


def _sale_fields(tenant: "Tenant") -> dict[str, Field]:
    def state(sale: Sale, _context: Context) -> str:
        return tenant.switches.cancelled_is if sale.state == CANCEL else sale.state

    return {
        **_plain(id="id", number="number", rec_name="number", reference="reference", create_date="created_at"),
        **_plain(
            channel_identifier="channel_identifier", untaxed_amount="untaxed", has_channel_exception="has_exception"
        ),
        "channel": lambda sale, _: sale.channel.id,
        "state": state,
        "sale_date": lambda sale, _: sale.created_at.date(),
        "lines": lambda sale, _: [line.id for line in sale.lines],
        "shipments": lambda sale, _: [shipment.id for shipment in sale.shipments],
        "comment": lambda sale, _: sale.order.get("comment"),
    }


def _line_fields() -> dict[str, Field]:
    def quantity(line: SaleLine, _context: Context) -> float:
        return float(-line.quantity if line.is_return else line.quantity)

    return {
        **_plain(id="id", sale="sale", unit_price="unit_price", metadata="metadata", is_return="is_return"),
        **_plain(channel_identifier="channel_identifier", warehouse="warehouse"),
        "rec_name": lambda line, _: line.product.code,
        "product": lambda line, _: line.product.id,
        "quantity": quantity,
    }


def _shipment_fields(tenant: "Tenant") -> dict[str, Field]:
    def moves(shipment: Shipment, _context: Context) -> list[int]:
        return [move.id for move in shipment.moves if tenant.switches.inner_moves or not move.inner]

    def customer(shipment: Shipment, _context: Context) -> Any:
        return tenant.sales[shipment.sale].order.get("shipping_address")

    return {
        **_plain(id="id", number="number", rec_name="number", state="state", reference="reference"),
        **_plain(warehouse="warehouse", create_date="created_at", effective_date="effective_on"),
        **_plain(shipping_instructions="instructions"),
        "sales": lambda shipment, _: [shipment.sale],
        "order_numbers": lambda shipment, _: tenant.sales[shipment.sale].number,
        "moves": moves,
        "inventory_moves": lambda shipment, _: [move.id for move in shipment.moves if move.inner],
        "carrier": lambda shipment, _: shipment.carrier.id if shipment.carrier else None,
        "carrier_service": lambda shipment, _: shipment.service.id if shipment.service else None,
        "tracking_number": lambda shipment, _: shipment.id + 1_000_000 if shipment.tracking else None,
        "tracking_number_blurb": lambda shipment, _: shipment.blurb(),
        "full_delivery_address": customer,
    }


def _move_fields() -> dict[str, Field]:
    def origin(move: Move, _context: Context) -> str:
        return f"sale.line,{move.line.id}"

    return {
        **_plain(id="id", state="state", shipment="shipment"),
        "rec_name": lambda move, _: move.line.product.code,
        "product": lambda move, _: move.line.product.id,
        "quantity": lambda move, _: float(move.quantity),
        "origin": origin,
    }
