"""The people of the warehouse: they key orders, pick, ship, and cancel pick lists, as the vendor's screens let them."""

from sandbox.deposco.tenant import (
    BACK_ORDERED,
    CANCELED,
    HOLD,
    NEW,
    PARTLY_RELEASED,
    PARTLY_SHIPPED,
    PICKING,
    READY,
    SHIPPED,
    WAVE_BUILT,
    Channel,
    Item,
    Line,
    Order,
    Shipment,
    Tenant,
)

PICKABLE = frozenset({NEW, READY, WAVE_BUILT, PICKING, PARTLY_SHIPPED})
SERVICE = "Next Day"


def key_order(tenant: Tenant, channel: Channel, reference: str, units: list[tuple[Item, int]]) -> Order:
    """Make a sales order of another number than ours."""
    now, number = tenant.clock.now(), tenant.new_id()
    header = {"customerOrderNumber": reference}
    order = Order(number, f"SO-{number}", header, NEW, channel, "MK1", now, now)
    order.lines = [Line(tenant.new_id(), str(place), "", item, units) for place, (item, units) in enumerate(units, 1)]
    tenant.register(order)
    tenant.plan()
    return order


def start_picking(tenant: Tenant, order: Order) -> None:
    """Put the order into a wave and begin to pick it."""
    tenant.plan()
    if order.status not in PICKABLE or not order.is_open:
        raise ValueError(f"deposco: order {order.number} cannot be picked: it is {order.status}")
    order.status, order.pick_wave = PICKING, order.pick_wave or tenant.new_id()
    tenant.touch(order)


def void_pick(tenant: Tenant, order: Order, *, halfway: bool = False) -> None:
    """Cancel the pick list of an order: it is on hold; cancelled `halfway`, only the warehouse can take it up again."""
    start_picking(tenant, order)
    order.pick_wave = None
    order.status = PARTLY_RELEASED if halfway else HOLD
    if halfway:
        order.lines[0].picked, order.lines[0].needs_attention = 1, True
    tenant.touch(order)


def take_up(tenant: Tenant, order: Order) -> None:
    """Let a person of the warehouse send an order that was put aside back to the planning."""
    if order.status not in {HOLD, PARTLY_RELEASED, BACK_ORDERED}:
        raise ValueError(f"deposco: order {order.number} was not put aside: it is {order.status}")
    for line in order.lines:
        line.picked, line.needs_attention = 0, False
    order.status = NEW
    tenant.touch(order)


def ship(tenant: Tenant, order: Order, carrier: str, tracking: str, units: dict[str, int] | None) -> Shipment:
    """Pick, pack and ship all that is left, or these units by SKU; ValueError when they are not there."""
    tenant.plan()
    leaving = _leaving(order, units)
    if order.status not in PICKABLE or not leaving:
        raise ValueError(f"deposco: order {order.number} is {order.status} and has nothing of {units} to ship")
    for line, quantity in leaving:
        if line.item.stock.get(order.facility, 0) < quantity:
            raise ValueError(f"deposco: {quantity} of {line.item.number} do not lie in {order.facility}")
    for line, quantity in leaving:
        line.item.stock[order.facility] -= quantity
        line.shipped += quantity
    order.status = PARTLY_SHIPPED if order.is_open else SHIPPED
    order.pick_wave = None
    tenant.touch(order)
    return _shipment(tenant, order, carrier, tracking, leaving)


def print_label(tenant: Tenant, order: Order, carrier: str, tracking: str) -> Shipment:
    """Print a label that nobody uses: a shipment with a tracking number and no units."""
    return _shipment(tenant, order, carrier, tracking, [])


def roll_back(tenant: Tenant, order: Order) -> None:
    """Void the latest shipment of an order after it was shipped: the goods are back, the order is waiting again."""
    shipment = max((one for one in tenant.shipments.values() if one.order is order), key=lambda one: one.id)
    for line, quantity in shipment.units:
        line.shipped -= quantity
        line.item.stock[order.facility] += quantity
    shipment.status, shipment.updated_at = "Rolled Back", tenant.clock.now()
    order.status = READY
    tenant.touch(order)


def write_tracking(tenant: Tenant, order: Order, tracking: str) -> None:
    """Write the tracking number on every shipment that left without one; ValueError when there is none."""
    silent = [one for one in tenant.shipments.values() if one.order is order and one.units and not one.tracking]
    if not silent:
        raise ValueError(f"deposco: no shipment of order {order.number} has left without a tracking number")
    for shipment in silent:
        shipment.tracking = tracking
        if tenant.switches.tracking_is_a_change:
            shipment.updated_at = tenant.clock.now()


def cancel(tenant: Tenant, order: Order) -> None:
    """Cancel what is left of an order."""
    for line in order.lines:
        line.canceled += line.open
    order.status = CANCELED
    tenant.touch(order)


def _leaving(order: Order, units: dict[str, int] | None) -> list[tuple[Line, int]]:
    if units is None:
        return [(line, line.open) for line in order.lines if line.open > 0]
    left = {sku: quantity for sku, quantity in units.items() if quantity > 0}
    leaving = []
    for line in order.lines:
        quantity = min(line.open, left.get(line.item.number, 0))
        if quantity > 0:
            leaving.append((line, quantity))
            left[line.item.number] -= quantity
    return [] if any(left.values()) else leaving


def _shipment(tenant: Tenant, order: Order, carrier: str, tracking: str, units: list[tuple[Line, int]]) -> Shipment:
    now, number = tenant.clock.now(), tenant.new_id()
    made = Shipment(number, str(number), order, carrier, SERVICE, tracking, "Shipped", now, now, now, units)
    if not units:
        made.status, made.shipped_at = "New", None
    tenant.shipments[number] = made
    return made
