"""Which method of which model does what: the generic ones of every model, and the actions of a few."""

from collections.abc import Callable
from typing import Any

from sandbox.fulfil.books import Sale, Shipment
from sandbox.fulfil.models import MOST_ROWS_A_PAGE, Context, Model
from sandbox.fulfil.orders import create_order
from sandbox.fulfil.tenant import Tenant
from sandbox.fulfil.wire import Crash, PageTooBig, Refused, model

OF_A_SALE: dict[str, Callable[[Tenant, Sale], None]] = {"cancel": Tenant.cancel_sale}
OF_A_SHIPMENT: dict[str, Callable[[Tenant, Shipment], None]] = {
    "pack": Tenant.pack,
    "done": Tenant.finish,
    "cancel": Tenant.cancel_shipment,
}


def call(tenant: Tenant, name: str, method: str, arguments: Any, context: Context) -> Any:
    """Answer `PUT /model/{name}/{method}`."""
    if (name, method) == ("res.user", "get_preferences"):
        return {"company": 1, "timezone": "Europe/London", "language": "en_US", "locale": {}}
    if (name, method) == ("sale.channel", "create_order"):
        return _created(tenant, create_order(tenant, arguments))
    table = tenant.models.named(name)
    if method == "read":
        ids, fields = _two(arguments)
        return tenant.models.read(table, ids, fields, context)
    if method == "search":
        domain, offset, limit, order = _padded(arguments, 4)
        return tenant.models.search(table, domain, offset or 0, limit, order)
    if method == "search_count":
        domain = arguments["filters"] if isinstance(arguments, dict) else _padded(arguments, 1)[0]
        return len(tenant.models.search(table, domain, 0, None, None))
    if method == "search_read":
        return _search_read(tenant, table, arguments, context)
    raise Refused.not_found(f"Method {method} of {name}")


def act(tenant: Tenant, name: str, record_id: int, action: str) -> Any:
    """Answer `PUT /model/{name}/{id}/{action}`."""
    table = tenant.models.named(name)
    row = table.rows.get(record_id)
    if row is None:
        raise Refused.not_found(f"{table.name} {record_id}")
    if table.name == "sale.sale" and action in OF_A_SALE:
        return OF_A_SALE[action](tenant, row)
    if table.name == "stock.shipment.out" and action in OF_A_SHIPMENT:
        return OF_A_SHIPMENT[action](tenant, row)
    raise Refused.not_found(f"Method {action} of {name}")


def _search_read(tenant: Tenant, table: Model, arguments: Any, context: Context) -> Any:
    if isinstance(arguments, dict):
        names = ("filters", "offset", "limit", "order", "fields")
        domain, offset, limit, order, fields = (arguments.get(name) for name in names)
    else:
        domain, offset, limit, order, fields = _padded(arguments, 5)
    if limit is not None and limit > MOST_ROWS_A_PAGE:
        raise PageTooBig(MOST_ROWS_A_PAGE)
    ids = tenant.models.search(table, domain, offset or 0, limit, order)
    return tenant.models.read(table, ids, fields or list(table.fields), context)


def _created(tenant: Tenant, sale: Sale) -> Any:
    if tenant.switches.async_results:
        return {"__class__": "AsyncResult", "task_id": f"task-{sale.id}", "token": f"token-{sale.id}"}
    answer = model("sale.sale", sale.id, sale.number)
    return [answer] if tenant.switches.wraps and sale.id % 2 else answer


def _two(arguments: Any) -> list[Any]:
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise Crash("two arguments are wanted")
    return arguments


def _padded(arguments: Any, most: int) -> list[Any]:
    if not isinstance(arguments, list) or len(arguments) > most:
        raise Crash(f"at most {most} arguments are wanted")
    return arguments + [None] * (most - len(arguments))
