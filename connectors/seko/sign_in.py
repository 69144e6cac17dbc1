"""The token goes into the address, so it is added below everything that logs or raises addresses."""

import httpx
from pydantic import SecretStr


class TokenInAddress(httpx.AsyncBaseTransport):
    """A transport that adds the token to the query of each call on its way out; nobody above ever sees it."""

    def __init__(self, inner: httpx.AsyncBaseTransport, token: SecretStr, parameter: str) -> None:
        self._inner, self._token, self._parameter = inner, token, parameter

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a copy of the request with the token."""
        url = request.url.copy_merge_params({self._parameter: self._token.get_secret_value()})
        content = await request.aread() or None
        signed = httpx.Request(
            request.method, url, headers=request.headers, content=content, extensions=request.extensions
        )
        return await self._inner.handle_async_request(signed)

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._inner.aclose()
