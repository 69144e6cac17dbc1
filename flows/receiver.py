"""The receiver: one address for each account that pushes. `make receiver` starts it.

It answers only when what came is durable. A path that is not exactly right, secret included, is
answered like any path that does not exist. Put TLS, and nothing that logs paths, in front of it.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tasks.doors import Door
from tasks.receive import Reception, Reply, reception
from tasks.waking import Waker

LARGEST_BODY_BYTES = 8 * 1024 * 1024
BODY_SECONDS = 20.0
KEEP_SECONDS = 40.0  # longer than the ledger waits for its own lock
MOST_AT_ONCE = 32
HEALTH_FOR_SECONDS = 2.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


class TooLarge(Exception):
    """A body went past the bound while it was read; the rest was not."""


class Receiver:
    """The handlers, and how many pushes are being taken now."""

    def __init__(self, at: Reception, waker: Waker) -> None:
        self._at, self._waker = at, waker
        self._under_way = 0
        self._health: tuple[float, bool] = (-HEALTH_FOR_SECONDS, False)
        self._looking = asyncio.Lock()

    async def push(self, request: Request) -> Response:
        """Take one push."""
        path = request.path_params
        door = self._at.doors.find(path["installation"], path["account"], path["secret"])
        if door is None:
            return not_found()
        if (wait := self._at.wait_seconds(door)) or self._under_way >= MOST_AT_ONCE:
            return _answer(Reply(429, wait_seconds=wait) if wait else Reply(503, wait_seconds=5))
        self._under_way += 1
        try:
            return _answer(await self._taken(door, request))
        except TimeoutError:
            _log.warning("%s: a push took too long, and the vendor is asked to repeat it", door.account)
            return _answer(Reply(503, wait_seconds=60))
        except ClientDisconnect:
            return _answer(Reply(400))
        finally:
            self._under_way -= 1

    async def _taken(self, door: Door, request: Request) -> Reply:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(request)
        except TooLarge:
            told = f"it is larger than {LARGEST_BODY_BYTES} bytes"
            return await _in_thread(lambda: self._at.refuse(door, 413, told))
        reply = await _in_thread(lambda: self._at.take(door, dict(request.headers), body))
        self._waker.wake(door.installation.name, reply.wakes)
        return reply

    async def health(self, _request: Request) -> Response:
        """Say whether the ledger can be written. Asked often, it looks once in two seconds."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._health[0] >= HEALTH_FOR_SECONDS:
                self._health = (now, await self._usable())
        usable = self._health[1]
        return JSONResponse({"ledger": "usable" if usable else "not usable"}, 200 if usable else 503)

    async def _usable(self) -> bool:
        try:
            return await _in_thread(self._at.usable)
        except TimeoutError:
            return False


async def push(request: Request) -> Response:
    """Hand a push to the receiver that is open."""
    receiver: Receiver = request.app.state.receiver
    return await receiver.push(request)


async def health(request: Request) -> Response:
    """Ask the receiver that is open."""
    receiver: Receiver = request.app.state.receiver
    return await receiver.health(request)


def not_found(*_: object) -> Response:
    """Answer as if nothing were there."""
    return PlainTextResponse("Not Found", 404)


@asynccontextmanager
async def _open(app: Starlette) -> AsyncIterator[None]:
    logging.getLogger("uvicorn.access").disabled = True  # its lines would hold the secrets of the paths
    async with reception() as at:
        await asyncio.to_thread(at.usable)  # brings the schema up to date; a ledger that comes later is waited for
        waker = Waker()
        app.state.receiver = Receiver(at, waker)
        accounts = [door.account for door in at.doors]
        _log.info("Pushes are taken from %s", ", ".join(accounts) or "nobody: no push secret is set")
        yield
        await waker.close()


def application() -> Starlette:
    """Make the application. It does not start, and names every fault, where the configuration is wrong."""
    made = Starlette(
        routes=[
            Route("/push/{installation}/{account}/{secret}", push, methods=["POST"]),
            Route("/health", health),
        ],
        exception_handlers={404: not_found, 405: not_found},
        lifespan=_open,
    )
    made.router.redirect_slashes = False  # it would tell paths that exist from others
    return made


async def _in_thread(work: Callable[[], T]) -> T:
    async with asyncio.timeout(KEEP_SECONDS):
        return await asyncio.to_thread(work)


async def _body(request: Request) -> bytes:
    """Read the body, and no more than the bound, whatever the sender says of its length."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY_BYTES:
        raise TooLarge
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > LARGEST_BODY_BYTES:
            raise TooLarge
    return bytes(whole)


def _answer(reply: Reply) -> Response:
    headers = {"retry-after": str(reply.wait_seconds)} if reply.wait_seconds else {}
    if reply.status >= 400:
        headers["connection"] = "close"  # a part of the body may not have been read
    return Response(reply.body, reply.status, headers, reply.media_type)


def main() -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for talkative in ("httpx", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    uvicorn.run(
        application,
        factory=True,
        host=os.environ.get("RECEIVER_HOST", "127.0.0.1"),
        port=int(os.environ.get("RECEIVER_PORT", "8080")),
        access_log=False,
        server_header=False,
        limit_concurrency=256,
        timeout_graceful_shutdown=30,
        log_config=None,
    )


if __name__ == "__main__":
    main()
