"""The operations on offers: OF21, the stock files STO01 to STO03, the offer files OF01 to OF03, and OF24."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.kit import Clock
from sandbox.mirakl.answers import LARGEST_PAGE, RefusalError, form, json_object, rows_of, table_of, when, whole_of
from sandbox.mirakl.offers import Import
from sandbox.mirakl.state import Shop

MOST_OFFERS = 10_000
OFFER_REQUIRED = ("shop_sku", "state_code", "price", "update_delete")


class OffersApi:
    """Answers calls about the offers of one shop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def of21(self, shop: Shop, request: Request) -> Response:
        """List offers, with offset and max; `sku` asks for one."""
        offers = list(shop.offers.offers.values())
        if "sku" in request.query_params:
            offers = [one for one in offers if one.sku == request.query_params["sku"]]
        size, offset = min(whole_of(request, "max", 10), LARGEST_PAGE), whole_of(request, "offset", 0)
        page = [one.wire() for one in offers[offset : offset + size]]
        return JSONResponse({"offers": page, "total_count": len(offers)})

    async def sto01(self, shop: Shop, request: Request) -> Response:
        """Take a stock file."""
        parts = await form(request)
        return _taken(shop.offers.take_stock(parts["file"], self._clock.now()), "stock/imports", number=False)

    async def sto02(self, shop: Shop, request: Request) -> Response:
        """Tell how far a stock file is."""
        return self._status(shop, request, "stock", number=False)

    async def sto03(self, shop: Shop, request: Request) -> Response:
        """Give the error report of a stock file."""
        file = _import(shop, request, "stock")
        if not file.errors:
            raise RefusalError(404, "There is no error report")
        return PlainTextResponse(file.report(), media_type="text/csv")

    async def of01(self, shop: Shop, request: Request) -> Response:
        """Take a file of offers; in mode REPLACE every offer that it does not name will be deleted."""
        parts = await form(request)
        if parts.get("import_mode") not in {"NORMAL", "REPLACE"}:
            raise RefusalError(400, "import_mode must be NORMAL or REPLACE")
        replaces = parts["import_mode"] == "REPLACE"
        file = shop.offers.take("offers", table_of(parts["file"]), self._clock.now(), replaces=replaces)
        return _taken(file, "imports", number=True)

    async def of24(self, shop: Shop, request: Request) -> Response:
        """Take offers; a field that is not sent is cleared, a quantity becomes 0."""
        rows = rows_of(await json_object(request), "offers", MOST_OFFERS)
        for row in rows:
            if missing := [name for name in OFFER_REQUIRED if row.get(name) is None]:
                raise RefusalError(400, f"{missing[0]} is required")
        file = [
            {
                "sku": str(row["shop_sku"]),
                "quantity": str(row.get("quantity") or ""),
                "leadtime-to-ship": str(row.get("leadtime_to_ship") or ""),
                "update-delete": str(row["update_delete"]),
            }
            for row in rows
        ]
        return _taken(shop.offers.take("offers", file, self._clock.now()), "imports", number=True)

    async def of02(self, shop: Shop, request: Request) -> Response:
        """Tell how far a file of offers is."""
        return self._status(shop, request, "offers", number=True)

    def _status(self, shop: Shop, request: Request, kind: str, *, number: bool) -> Response:
        file = _import(shop, request, kind)
        body: dict[str, Any] = {
            "import_id": int(file.id) if number else file.id,
            "date_created": when(file.made_at),
            "status": file.status(self._clock.now()),
            "has_error_report": bool(file.errors),
            "shop_id": shop.account.shop_id,
        }
        if file.done and not file.failed:
            bad = {row.get("offer-sku", row.get("sku")) for n, row in enumerate(file.rows) if n in file.errors}
            wrong = sum(row.get("offer-sku", row.get("sku")) in bad for row in file.rows)
            body |= {"lines_in_error": wrong, "lines_in_success": len(file.rows) - wrong}
        return JSONResponse(body)


def _import(shop: Shop, request: Request, kind: str) -> Import:
    file = shop.offers.imports.get(str(request.path_params["import_id"]))
    if file is None or file.kind != kind:
        raise RefusalError(404, "The import does not exist")
    return file


def _taken(file: Import, path: str, *, number: bool) -> Response:
    where = f"/api/offers/{path}/{file.id}" + ("" if number else "/status")
    return JSONResponse({"import_id": int(file.id) if number else file.id}, 201, headers={"Location": where})
