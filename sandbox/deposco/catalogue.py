"""Items, facilities and barcodes behind V2, and the stock that only V1 shows."""

from sandbox.deposco.tenant import Item, Tenant
from sandbox.deposco.wire import Call, Record, Refused, after, collection, iso_offset, nested, ref, same


def listed(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /items`; there is no filter by barcode."""
    filters = {
        "number": same(lambda item: item.number),
        "businessUnit": same(lambda item: item.unit),
        "createdAfter": after(lambda item: item.created_at),
        "updatedAfter": after(lambda item: item.updated_at),
    }
    rows, ignored = list(tenant.items.values()), tenant.switches.ignored
    return collection(rows, call, filters, _shown, ignored=ignored)


def facilities(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /facilities`, which is short."""
    wanted = call.query.get("number")
    rows = [
        {"self": ref(number, "facilities", number=name), "number": name, "isVirtual": False}
        for name, number in tenant.facilities.items()
        if wanted in {None, name}
    ]
    return {"data": rows, "links": [], "complete": True, "pages": 1}


def _shown(item: Item) -> Record:
    unit = item.unit
    return {
        "self": ref(item.id, "items", number=item.number, businessUnit__code=unit),
        "businessUnit": ref(201, "companies", code=unit),
        "number": item.number,
        "name": f"Article {item.number.strip()}",
        "itemType": item.kind,
        "salesEnabledFlag": item.on_sale,
        "packs": nested([{"type": "Each", "quantity": 1, "key": f"{item.number}-1"}]),
        "upcs": nested([{"value": upc} for upc in item.upcs]),
        "createdDate": iso_offset(item.created_at),
        "updatedDate": iso_offset(item.updated_at),
    }


def availability(tenant: Tenant, call: Call) -> list[Record] | Record:
    """Answer V1's enterprise inventory: for the named items as a bare list, else page by page until an empty one."""
    measures = [name for name in call.query.get("measures", "").split(",") if name in tenant.switches.measures]
    if named := call.query.get("itemNumbers"):
        numbers = dict.fromkeys(named.split(","))
        return [_availability(tenant, tenant.items[number], measures) for number in numbers if number in tenant.items]
    size, page = _whole(call, "pageSize", 100), _whole(call, "pageNumber", 1)
    rows = sorted(tenant.items.values(), key=lambda item: item.id)[(page - 1) * size : page * size]
    return {"enterpriseInventory": [_availability(tenant, item, measures) for item in rows]}


def _availability(tenant: Tenant, item: Item, measures: list[str]) -> Record:
    places = [_measured(tenant, item, [name], measures) | {"facility": name} for name in item.stock]
    return {
        "itemId": item.id,
        "itemNumber": item.number,
        **_measured(tenant, item, list(item.stock), measures),
        "facilities": places,
    }


def _measured(tenant: Tenant, item: Item, places: list[str], measures: list[str]) -> Record:
    """Return each measure summed over these facilities; a measure that the tenant lacks is left out."""
    on_hand = sum(item.stock.get(name, 0) for name in places)
    promised = sum(tenant.available(item, name) for name in places)
    values = {"totalOnHandQty": on_hand, "atpQty": promised, "coAtpQty": promised}
    return {name: values[name] for name in measures}


def _whole(call: Call, name: str, otherwise: int) -> int:
    text = call.query.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise Refused(400, f"{name} is not valid")
    return int(text)
