"""Pick, pack and ship: what the API accepts, and what a person at the warehouse does."""

from sandbox.cin7_core.company import Company
from sandbox.cin7_core.sale import (
    AUTHORISED,
    DRAFT,
    NOT_AVAILABLE,
    PARTIALLY_AUTHORISED,
    Fulfilment,
    Goods,
    Parcel,
    Sale,
)
from sandbox.cin7_core.wire import Record, Refused, lines_of, read_moment, required, text_of, units_of

OPEN = {DRAFT, NOT_AVAILABLE}
AUTOMATIC_STEPS = {"NOPICK": 0, "AUTOPICK": 1, "AUTOPICKPACK": 2, "AUTOPICKPACKSHIP": 3}


def open_task(company: Company, body: Record) -> Sale:
    """Add a fulfilment task, as `POST /sale/fulfilment` does; the sale becomes advanced."""
    sale = company.sale(text_of(body, "SaleID"))
    if sale.order_status != AUTHORISED:
        raise Refused(f"Order status is {sale.order_status}, must be AUTHORISED")
    if any(task.pick_status != AUTHORISED for task in sale.fulfilments):
        raise Refused("There is a fulfilment task whose Pick is not AUTHORISED")
    company.add_task(sale, company.new_id()).pick_status = DRAFT
    company.touch(sale)
    return sale


def pick(company: Company, body: Record) -> Fulfilment:
    """Set the pick of a task; it may take only what is kept for the sale."""
    sale, task = company.task(text_of(body, "TaskID"))
    if sale.order_status != AUTHORISED:
        raise Refused(f"Order status is {sale.order_status}, must be AUTHORISED")
    if task.pick_status not in OPEN:
        raise Refused(f"Pick status is {task.pick_status}, must be DRAFT or NOT AVAILABLE")
    if text_of(body, "AutoPickMode") == "AUTOPICK":
        pick_all(company, sale, task)
        company.touch(sale)
        return task
    status = _status(body, "Pick", DRAFT, AUTHORISED)
    picked = [_goods(company, line, "Pick") for line in lines_of(body)]
    for goods in picked:
        sku = goods.product.sku
        if goods.location.name != sale.header["Location"]:
            raise Refused(f"Pick: {sku} is not allocated at {goods.location.name}")
        if _units(picked, sku) > sale.pickable(sku) + _units(task.picked, sku):
            raise Refused(f"Pick: Quantity of {sku} exceeds the quantity allocated to the order")
    task.picked, task.pick_status = picked, status
    company.touch(sale)
    return task


def pack(company: Company, body: Record) -> Fulfilment:
    """Set the pack of a task: picked goods in boxes."""
    sale, task = company.task(text_of(body, "TaskID"))
    if task.pick_status != AUTHORISED:
        raise Refused(f"Pick status is {task.pick_status}, must not be DRAFT or NOT AVAILABLE")
    if task.pack_status not in OPEN:
        raise Refused(f"Pack status is {task.pack_status}, must be DRAFT or NOT AVAILABLE")
    status = _status(body, "Pack", DRAFT, AUTHORISED)
    packed = [_goods(company, line, "Pack") for line in lines_of(body)]
    for sku in {goods.product.sku for goods in packed}:
        if _units(packed, sku) > _units(task.picked, sku):
            raise Refused(f"Pack: Quantity of {sku} exceeds the picked quantity")
    task.packed, task.pack_status = packed, status
    company.touch(sale)
    return task


def ship(company: Company, body: Record) -> tuple[Sale, Fulfilment]:
    """Set the shipment of a task: a line for each box; authorised boxes leave the building."""
    sale, task = company.task(text_of(body, "TaskID"))
    if task.pack_status != AUTHORISED:
        raise Refused(f"Pack status is {task.pack_status}, must be AUTHORISED")
    if task.ship_status not in OPEN:
        raise Refused(f"Ship status is {task.ship_status}, must be DRAFT or NOT AVAILABLE")
    status = _status(body, "Ship", DRAFT, PARTIALLY_AUTHORISED, AUTHORISED)
    lines = lines_of(body)
    parcels = [_parcel(company, task, line) for line in lines]
    if status != DRAFT and not parcels:
        raise Refused("Ship: Lines are required")
    if len({parcel.box for parcel in parcels}) != len(parcels):
        raise Refused("Ship: each Box may appear once")
    require_by, notes = text_of(body, "RequireBy"), text_of(body, "ShippingNotes", 1024)
    task.require_by, task.shipping_notes = require_by or None, notes
    task.parcels, task.ship_status = parcels, status
    for parcel, line in zip(parcels, lines, strict=True):
        if status == AUTHORISED or (status == PARTIALLY_AUTHORISED and line.get("IsShipped") is True):
            send_off(company, sale, task, parcel)
    company.touch(sale)
    return sale, task


def add_tracking_numbers(company: Company, body: Record) -> tuple[Sale, Fulfilment]:
    """Change carrier and tracking of an authorised shipment, as `PUT` with `AddTrackingNumbers` does."""
    sale, task = company.task(text_of(body, "TaskID"))
    if task.ship_status not in {AUTHORISED, PARTIALLY_AUTHORISED}:
        raise Refused(f"Ship status is {task.ship_status}, must be AUTHORISED or PARTIALLY AUTHORISED")
    changes = []
    for line in lines_of(body):
        key = text_of(line, "ID") or text_of(line, "Box", 256)
        parcel = next((parcel for parcel in task.parcels if key in {parcel.id, parcel.box}), None)
        if parcel is None:
            raise Refused(f"Ship: there is no line with Box {key or 'empty'}")
        changes.append((parcel, text_of(line, "Carrier", 256), text_of(line, "TrackingNumber", 256)))
    for parcel, carrier, tracking in changes:
        parcel.carrier, parcel.tracking = carrier or parcel.carrier, tracking or parcel.tracking
    note_tracking(company, sale)
    company.tell_of_shipment(sale, task, "Sale/ShipmentTrackingNumberChanged")
    return sale, task


def note_tracking(company: Company, sale: Sale) -> None:
    """Count a change of tracking as a change of the sale, unless the switch says that it does not."""
    if company.switches.tracking_touches_sale:
        company.touch(sale)


def pick_all(company: Company, sale: Sale, task: Fulfilment) -> None:
    """Pick, authorised, everything that is kept for the sale and in no other pick."""
    task.picked = []
    task.picked = [
        Goods(line.product, units, company.books.location(sale.header["Location"]))
        for line in {line.product.sku: line for line in sale.lines}.values()
        if (units := sale.pickable(line.product.sku))
    ]
    task.pick_status = AUTHORISED


def run_automatic_steps(company: Company, sale: Sale, mode: str) -> None:
    """Do at once what `AutoPickPackShipMode` asks for."""
    steps, task = AUTOMATIC_STEPS[mode], sale.fulfilments[0]
    if steps >= 1:
        pick_all(company, sale, task)
    if steps >= 2:
        task.packed = [Goods(goods.product, goods.quantity, goods.location, "Box 1") for goods in task.picked]
        task.pack_status = AUTHORISED
    if steps >= 3:
        task.parcels = [new_parcel(company, "Box 1", sale.header["Carrier"], "")]
        task.ship_status = AUTHORISED
        send_off(company, sale, task, task.parcels[0])


def new_parcel(company: Company, box: str, carrier: str, tracking: str) -> Parcel:
    """Make a shipment line of today that has not left yet."""
    return Parcel(company.new_id(), box, carrier, tracking, f"{company.now():%Y-%m-%d}T00:00:00")


def send_off(company: Company, sale: Sale, task: Fulfilment, parcel: Parcel) -> None:
    """Let a parcel leave: on hand and allocated fall by what is in its box."""
    parcel.shipped_at = company.now()
    company.depart(sale, task.contents(parcel.box))
    company.tell_of_shipment(sale, task, "Sale/ShipmentAuthorised")


def _status(body: Record, part: str, *allowed: str) -> str:
    status = text_of(body, "Status")
    if status not in allowed:
        raise Refused(f"{part}: Status must be one of {', '.join(allowed)}")
    return status


def _goods(company: Company, line: Record, part: str) -> Goods:
    required(line, ("SKU", "Quantity"), f"{part} line")
    location = company.books.location_of(line)
    product = company.stock.products.get(str(line["SKU"]))
    if product is None:
        raise Refused(f"Product with SKU {line['SKU']} was not found in Products reference book")
    return Goods(product, units_of(line, f"{part} line"), location, text_of(line, "Box", 256))


def _parcel(company: Company, task: Fulfilment, line: Record) -> Parcel:
    required(line, ("ShipmentDate", "Box"), "Ship line")
    box = text_of(line, "Box", 256)
    if box not in {goods.box for goods in task.packed}:
        raise Refused(f"Ship: Box {box} was not packed")
    parcel = new_parcel(company, box, text_of(line, "Carrier", 256), text_of(line, "TrackingNumber", 256))
    parcel.shipment_date = f"{read_moment(text_of(line, 'ShipmentDate'), 'ShipmentDate'):%Y-%m-%d}T00:00:00"
    return parcel


def _units(goods: list[Goods], sku: str) -> int:
    return sum(item.quantity for item in goods if item.product.sku == sku)
