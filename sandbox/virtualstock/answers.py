"""How The Edge answers: its error shapes, its list envelope, and how it reads a body."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

PAGE_SIZE = 100
CHALLENGE = {"WWW-Authenticate": 'Basic realm="api"'}
REQUIRED = "This field is required."
BLANK = "This field may not be blank."


class RefusalError(Exception):
    """The vendor refuses the call; `body` is text (sent bare) or JSON."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"The Edge refuses with {status}: {body}")
        self.status, self.body, self.headers = status, body, headers

    def answer(self) -> Response:
        """Return the refusal as the caller sees it."""
        if isinstance(self.body, str):
            return PlainTextResponse(self.body, self.status, headers=self.headers)
        return JSONResponse(self.body, self.status, headers=self.headers)


def not_found() -> RefusalError:
    """Return the refusal of a wrong id: detail only."""
    return RefusalError(404, {"detail": "Not found."})


def require(body: Mapping[str, Any], fields: Sequence[str]) -> None:
    """Refuse with a field map when one of the fields is missing or null."""
    if missing := {field: [REQUIRED] for field in fields if body.get(field) is None}:
        raise RefusalError(400, missing)


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object that the call brings; refuse other media types and other shapes."""
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type != "application/json":
        raise RefusalError(415, {"detail": f'Unsupported media type "{media_type}" in request.'})
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise RefusalError(400, {"detail": f"JSON parse error - {error}"}) from error
    if not isinstance(body, dict):
        kind = type(body).__name__
        raise RefusalError(400, {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]})
    return body


def whole(value: Any) -> int | None:
    """Return a whole number given as a number or as numeric text (the vendor takes both), else None."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r" *-?[0-9]{1,18} *", value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def envelope(
    request: Request,
    address: str,
    rows: Sequence[Any],
    shown: Callable[[Any], Any],
    headers: Mapping[str, str] | None = None,
    repeated_pages: list[float] | None = None,
) -> Response:
    """Return one page of `rows` as `count, next, previous, results`; the links keep the other parameters.

    A page after the first uses up one of `repeated_pages` and begins that share of a page too early.
    """
    parameters = dict(request.query_params)
    limit = min(whole(parameters.get("limit")) or PAGE_SIZE, PAGE_SIZE)
    limit = limit if limit > 0 else PAGE_SIZE
    offset = max(whole(parameters.get("offset")) or 0, 0)

    def link(to: int) -> str:
        return f"{address}?{urlencode({**parameters, 'limit': limit, 'offset': to})}"

    begin = offset
    if repeated_pages and 0 < offset < len(rows):
        begin = max(offset - round(limit * repeated_pages.pop(0)), 0)
    body = {
        "count": len(rows),
        "next": link(offset + limit) if offset + limit < len(rows) else None,
        "previous": link(max(offset - limit, 0)) if offset > 0 else None,
        "results": [shown(row) for row in rows[begin : begin + limit]],
    }
    return JSONResponse(body, headers=headers)
