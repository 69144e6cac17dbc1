"""A hostile server on a real local socket: it trickles for ever, or answers little that becomes very much."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

Send = Callable[[dict[str, Any]], Awaitable[None]]
INFLATED_BYTES = 200 * 1024 * 1024


async def trickle(_scope: Any, _receive: Any, send: Send) -> None:
    """Answer a byte every 50 ms, for ever: no time-out of a single read ever strikes."""
    await _begin(send)
    while True:
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.sleep(0.05)


async def never(_scope: Any, _receive: Any, _send: Send) -> None:
    """Take the call and say nothing."""
    await asyncio.sleep(3600)


async def bomb(_scope: Any, _receive: Any, send: Send) -> None:
    """Answer 200 MB of spaces in about 200 kB."""
    await _begin(send, (b"content-encoding", b"gzip"))
    await send({"type": "http.response.body", "body": _BOMB})


async def flood(_scope: Any, _receive: Any, send: Send) -> None:
    """Answer 1 MB after the other, as much as the bomb holds, without any compression."""
    await _begin(send)
    for _ in range(INFLATED_BYTES // 1_048_576):
        await send({"type": "http.response.body", "body": b" " * 1_048_576, "more_body": True})
        await asyncio.sleep(0)  # to a caller that has gone, sending is no pause


async def _begin(send: Send, *headers: tuple[bytes, bytes]) -> None:
    plain = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": 200, "headers": [plain, *headers]})


def _bomb() -> bytes:
    deflate = zlib.compressobj(9, wbits=31)
    spaces = b" " * 1_048_576
    parts = [deflate.compress(spaces) for _ in range(INFLATED_BYTES // len(spaces))]
    return b"".join([*parts, deflate.flush()])


_BOMB = _bomb()


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve on a free local port, and give its address."""

    async def http_only(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    config = uvicorn.Config(http_only, port=0, log_level="error", lifespan="off", interface="asgi3")
    config.timeout_graceful_shutdown = 0
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag and no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.wait_for(running, 60)
