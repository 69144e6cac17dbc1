"""A way into a pretend system that remembers what went through."""

from typing import Any

import httpx


class Recorded(httpx.AsyncBaseTransport):
    """Hands every call to an application, and keeps it in a list."""

    def __init__(self, app: Any, requests: list[httpx.Request]) -> None:
        self._inner, self._requests = httpx.ASGITransport(app=app), requests

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._requests.append(request)
        return await self._inner.handle_async_request(request)
