"""Which verb on which path does what: the table of the pretend API."""

from collections.abc import Callable
from typing import Any

from sandbox.cin7_core import fulfilments, lists, orders, pages
from sandbox.cin7_core.company import Company
from sandbox.cin7_core.sale import Fulfilment, Sale
from sandbox.cin7_core.wire import Call, Record

BASE = "/ExternalApi/v2"
Handler = Callable[[Company, Call], Any]


def _sale_page(company: Company, sale: Sale) -> Record:
    switches = company.switches
    return pages.sale_page(sale, switches.tracking_separator, null_addresses=switches.null_addresses)


def _delete_sale(company: Company, call: Call) -> Record:
    sale = company.sale(call.text("ID"))
    if call.flag("Void"):
        company.void(sale)
    else:
        company.undo(sale)
    page = _sale_page(company, sale)
    return {name: value for name, value in page.items() if name not in pages.LEFT_OUT_BY_DELETE}


def _create_customer(company: Company, call: Call) -> Record:
    return {"CustomerList": [company.books.create_customer(call.body).wire()], "Page": 1, "Total": 1}


def _pick(company: Company, call: Call) -> Record:
    return _pick_page(fulfilments.pick(company, call.body))


def _pack(company: Company, call: Call) -> Record:
    return _pack_page(fulfilments.pack(company, call.body))


def _ship(company: Company, call: Call) -> Record:
    return _ship_page(company, *fulfilments.ship(company, call.body))


def _change_shipment(company: Company, call: Call) -> Record:
    change = fulfilments.add_tracking_numbers if call.body.get("AddTrackingNumbers") is True else fulfilments.ship
    return _ship_page(company, *change(company, call.body))


def _pick_page(task: Fulfilment) -> Record:
    return {"TaskID": task.task_id, **pages.pick_part(task)}


def _pack_page(task: Fulfilment) -> Record:
    return {"TaskID": task.task_id, **pages.pack_part(task)}


def _ship_page(company: Company, sale: Sale, task: Fulfilment) -> Record:
    null_addresses = company.switches.null_addresses
    return {"TaskID": task.task_id, **pages.ship_part(sale, task, null_addresses=null_addresses)}


def _fulfilments_page(company: Company, sale: Sale) -> Record:
    return pages.fulfilments_page(sale, null_addresses=company.switches.null_addresses)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "/me"): lambda company, _: company.books.me(),
    ("GET", "/ref/location"): lists.locations,
    ("GET", "/ref/carrier"): lists.carriers,
    ("GET", "/ref/tax"): lists.taxes,
    ("GET", "/ref/paymentterm"): lists.terms,
    ("GET", "/ref/productavailability"): lists.availability,
    ("GET", "/customer"): lists.customers,
    ("POST", "/customer"): _create_customer,
    ("GET", "/product"): lists.products,
    ("GET", "/saleList"): lists.sale_list,
    ("GET", "/sale"): lambda company, call: _sale_page(company, company.sale(call.text("ID"))),
    ("POST", "/sale"): lambda company, call: _sale_page(company, orders.create_sale(company, call.body)),
    ("PUT", "/sale"): lambda company, call: _sale_page(company, orders.update_sale(company, call.body)),
    ("DELETE", "/sale"): _delete_sale,
    ("GET", "/sale/order"): lambda company, call: pages.order_page(company.sale(call.text("SaleID"))),
    ("POST", "/sale/order"): lambda company, call: pages.order_page(orders.place_order(company, call.body)),
    ("GET", "/webhooks"): lambda company, _: company.webhooks.wire(),
    ("POST", "/webhooks"): lambda company, call: company.webhooks.create(call.body),
    ("PUT", "/webhooks"): lambda company, call: company.webhooks.update(call.body),
    ("DELETE", "/webhooks"): lambda company, call: company.webhooks.delete(call.text("ID")),
    ("GET", "/sale/fulfilment"): lambda company, call: _fulfilments_page(company, company.sale(call.text("SaleID"))),
    ("POST", "/sale/fulfilment"): lambda company, call: _fulfilments_page(
        company, fulfilments.open_task(company, call.body)
    ),
    ("GET", "/sale/fulfilment/pick"): lambda company, call: _pick_page(company.task(call.text("TaskID"))[1]),
    ("POST", "/sale/fulfilment/pick"): _pick,
    ("PUT", "/sale/fulfilment/pick"): _pick,
    ("GET", "/sale/fulfilment/pack"): lambda company, call: _pack_page(company.task(call.text("TaskID"))[1]),
    ("POST", "/sale/fulfilment/pack"): _pack,
    ("PUT", "/sale/fulfilment/pack"): _pack,
    ("GET", "/sale/fulfilment/ship"): lambda company, call: _ship_page(company, *company.task(call.text("TaskID"))),
    ("POST", "/sale/fulfilment/ship"): _ship,
    ("PUT", "/sale/fulfilment/ship"): _change_shipment,
}
