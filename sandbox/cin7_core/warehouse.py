"""The people: they key orders, sell on the web shop, and send parcels off, as the vendor's own pages let them."""

from decimal import Decimal

from sandbox.cin7_core import fulfilments
from sandbox.cin7_core.books import Customer
from sandbox.cin7_core.company import Company
from sandbox.cin7_core.orders import blank_header
from sandbox.cin7_core.sale import AUTHORISED, PARTIALLY_AUTHORISED, Channel, Fulfilment, Goods, OrderLine, Parcel, Sale
from sandbox.cin7_core.stock import Product


def key_order(
    company: Company, channel: Channel, customer: Customer, reference: str, units: list[tuple[Product, int]]
) -> Sale:
    """Make a sale with an authorised order that keeps stock at once."""
    sale = company.open_sale(channel, customer, blank_header(company, customer, reference))
    rule = customer.fields["TaxRule"]
    sale.lines = [
        OrderLine(product, product.name, quantity, product.price, Decimal(0), rule) for product, quantity in units
    ]
    company.register(sale)
    company.number(sale)
    company.authorise(sale)
    return sale


def send_parcels(company: Company, sale: Sale, carrier: str, tracking: str, units: dict[str, int]) -> None:
    """Pick, pack and ship these units by SKU, in one box for each fulfilment task that it takes.

    A box that is packed and left behind makes its shipment PARTIALLY AUTHORISED. Goods that could
    not be picked with the first task (they were on back-order) go with a further one, which makes
    the sale advanced.
    """
    wanted = {sku: quantity for sku, quantity in units.items() if quantity > 0}
    kept = {sku: sum(line.reserved for line in sale.lines if line.product.sku == sku) for sku in wanted}
    if not wanted or any(quantity > kept[sku] for sku, quantity in wanted.items()):
        raise ValueError(f"cin7_core: sale {sale.id} keeps {kept} ready to go, cannot ship {units}")
    for task in list(sale.fulfilments):
        _send_from(company, sale, task, carrier, tracking, wanted)
    if any(wanted.values()):
        task = company.add_task(sale, company.new_id())
        _send_from(company, sale, task, carrier, tracking, wanted)
    company.touch(sale)


def _send_from(
    company: Company, sale: Sale, task: Fulfilment, carrier: str, tracking: str, wanted: dict[str, int]
) -> None:
    if task.pick_status != AUTHORISED:
        fulfilments.pick_all(company, sale, task)
    gone = [parcel for parcel in task.parcels if parcel.shipped_at]
    gone_boxes = {parcel.box for parcel in gone}
    packed = [goods for goods in task.packed if goods.box in gone_boxes]
    now_box, later_box = f"Box {len(gone) + 1}", f"Box {len(gone) + 2}"
    now, later = [], []
    for goods in task.picked:
        sku = goods.product.sku
        waiting = goods.quantity - sum(item.quantity for item in packed if item.product.sku == sku)
        leaving = min(waiting, wanted.get(sku, 0))
        if leaving:
            now.append(Goods(goods.product, leaving, goods.location, now_box))
            wanted[sku] -= leaving
        if waiting > leaving:
            later.append(Goods(goods.product, waiting - leaving, goods.location, later_box))
    if not now:
        return
    parcel = fulfilments.new_parcel(company, now_box, carrier, tracking)
    left_behind = [fulfilments.new_parcel(company, later_box, "", "")] if later else []
    task.packed, task.parcels = packed + now + later, [*gone, parcel, *left_behind]
    task.pack_status, task.ship_status = AUTHORISED, PARTIALLY_AUTHORISED if later else AUTHORISED
    fulfilments.send_off(company, sale, task, parcel)


def write_tracking(company: Company, sale: Sale, tracking: str) -> None:
    """Write the tracking number on every parcel that left without one."""
    silent: list[Parcel] = [parcel for parcel in sale.parcels if parcel.shipped_at and not parcel.tracking]
    if not silent:
        raise ValueError(f"cin7_core: no parcel of sale {sale.id} has left without tracking")
    for parcel in silent:
        parcel.tracking = tracking
    fulfilments.note_tracking(company, sale)
    for task in sale.fulfilments:
        if any(parcel in silent for parcel in task.parcels):
            company.tell_of_shipment(sale, task, "Sale/ShipmentTrackingNumberChanged")
