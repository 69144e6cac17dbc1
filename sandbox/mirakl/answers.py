"""How the vendor answers: its refusals, its bodies, its multipart files, its times."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LARGEST_PAGE = 100


class RefusalError(Exception):
    """The vendor refuses the call."""

    def __init__(self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(f"Mirakl refuses with {status}: {message}")
        self.status, self.message, self.code, self.headers = status, message, code, headers

    def answer(self) -> Response:
        """Return the refusal as the caller sees it; some operations name a code."""
        body: dict[str, Any] = {"message": self.message, "status": self.status}
        if self.code:
            body["errors"] = [{"code": self.code, "message": self.message}]
        return JSONResponse(body, self.status, headers=self.headers)


def when(moment: datetime) -> str:
    """Return a time as the vendor writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def moment_of(request: Request, name: str) -> datetime | None:
    """Read an optional time of the query."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusalError(400, f"Failed to convert the parameter '{name}'") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def whole_of(request: Request, name: str, otherwise: int) -> int:
    """Read an optional whole number of the query."""
    text = request.query_params.get(name, str(otherwise))
    if not text.isdecimal():
        raise RefusalError(400, f"Failed to convert the parameter '{name}'")
    return int(text)


async def json_object(request: Request) -> dict[str, Any]:
    """Return the JSON object that the call brings."""
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise RefusalError(400, "The body is not JSON") from error
    if not isinstance(body, dict):
        raise RefusalError(400, "The body is not an object")
    return body


def rows_of(body: dict[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    """Return the list of objects that a bulk call must bring."""
    rows = body.get(name)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise RefusalError(400, f"The list '{name}' is required")
    if len(rows) > most:
        raise RefusalError(400, f"'{name}' is limited to {most} entries")
    return rows


async def form(request: Request) -> dict[str, str]:
    """Return the parts of a multipart form as text."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise RefusalError(415, "A multipart form is required")
    message = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + await request.body())
    parts: dict[str, str] = {}
    for part in message.get_payload() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr] # parts are messages
        parts[str(name)] = part.get_payload(decode=True).decode("utf-8")  # type: ignore[union-attr] # as above
    if "file" not in parts:
        raise RefusalError(400, "The part 'file' is required")
    return parts


def table_of(text: str) -> list[dict[str, str]]:
    """Read a CSV file with semicolons and a header."""
    return [{str(k): v or "" for k, v in row.items()} for row in csv.DictReader(io.StringIO(text), delimiter=";")]


def csv_of(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a CSV file as the vendor does: every value quoted, semicolons between."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
