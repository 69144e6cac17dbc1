"""`python -m sandbox.serve --config FILE.json [--out DIR]` serves all pretend systems and lets the worlds run.

One process and one event loop hold every system, so that all live in one scaled time. See
`Config` for the file. The process ends within two seconds of SIGTERM or SIGINT.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.config import BadConfigError, Config
from sandbox.pushing import push_for_ever

HOST = "127.0.0.1"
LAST_SECONDS = 1.0


class Served(uvicorn.Server):
    """One server among several: signals are the process's business, not its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signal handlers alone."""
        yield


class Theatre:
    """All servers, the worlds, and the control server beside them."""

    def __init__(self, config: Config, out: Path | None) -> None:
        self._config, self._out = config, out
        self._stop, self._opened = asyncio.Event(), asyncio.Event()
        if config.opens:
            self._opened.set()
        self._servers = [
            (_server(one.app), _listener(config.ports[name], name)) for name, one in config.systems.items()
        ]
        self._servers.append((_server(self._control()), _listener(config.control_port, "the control server")))
        logging.getLogger("uvicorn.error").addFilter(_is_news)  # after the servers: making one sets up its log

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; the stores are written when the day ends and when it is stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        serving = [asyncio.create_task(server.serve([listener])) for server, listener in self._servers]
        doors = [asyncio.create_task(door.serve()) for door in self._config.doors]
        playing = asyncio.create_task(self._play())
        pushing = [asyncio.create_task(push_for_ever(one)) for one in self._config.systems.values()]
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([stopping, playing, *serving, *doors], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.write()
            for server, _ in self._servers:
                server.should_exit = server.force_exit = True
            failed = [one for one in (playing, *doors) if one.done()]
            for task in (playing, stopping, *pushing, *doors):
                task.cancel()
            await asyncio.wait([*serving, *doors], timeout=LAST_SECONDS)
        for one in failed:
            one.result()  # a world or a door that ended by itself has failed: let its error be seen

    async def _play(self) -> None:
        worlds = self._config.worlds
        await self._opened.wait()
        days: list[Coroutine[Any, Any, None]] = [world.run(world.closes_at) for world in worlds]
        await asyncio.gather(*days)
        self.write()
        later = [world.run(world.closes_at + timedelta(days=365)) for world in worlds]  # the warehouse goes on
        await asyncio.gather(*later, self._stop.wait())

    def stores(self) -> list[dict[str, Any]]:
        """Return the dumps of all systems."""
        return [system.dump() for system in self._config.systems.values()]

    def calls(self) -> dict[str, Any]:
        """Return the calls, the throttled calls and the limits, by system."""
        return {
            name: {"calls": dict(one.calls), "throttled": dict(one.throttled), "limits": one.limits()}
            for name, one in self._config.systems.items()
        }

    def write(self) -> None:
        """Write `stores.json`, `calls.json` and `progress.json` into the directory, each whole or not at all."""
        if self._out is None:
            return
        self._out.mkdir(parents=True, exist_ok=True)
        files = {"stores": self.stores(), "calls": self.calls(), "progress": self.progress()}
        for name, content in files.items():
            unfinished = self._out / f"{name}.json.part"
            unfinished.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            unfinished.replace(self._out / f"{name}.json")

    def progress(self) -> dict[str, Any]:
        """Return how far the day is, in total and by world."""
        worlds = [world.progress() for world in self._config.worlds]
        return {
            "now": self._config.clock.now().isoformat(),
            "scale": self._config.clock.scale,
            "orders_offered": sum(world["orders_offered"] for world in worlds),
            "finished": self._opened.is_set() and all(world["finished"] for world in worlds),
            "worlds": worlds,
        }

    def _control(self) -> Starlette:
        async def progress(_: Request) -> JSONResponse:
            return JSONResponse(self.progress())

        async def open_all(_: Request) -> JSONResponse:
            if not self._opened.is_set():
                self._opened.set()
                for world in self._config.worlds:
                    world.open()
            return JSONResponse(self.progress())

        async def quiet(_: Request) -> JSONResponse:
            for world in self._config.worlds:
                world.quiet()
            return JSONResponse(self.progress())

        async def store(_: Request) -> JSONResponse:
            self.write()
            return JSONResponse(self.stores())

        async def calls(_: Request) -> JSONResponse:
            return JSONResponse(self.calls())

        return Starlette(
            routes=[
                Route("/_world/progress", progress),
                Route("/_world/open", open_all, methods=["POST"]),
                Route("/_world/quiet", quiet, methods=["POST"]),
                Route("/_sandbox/store", store),
                Route("/_sandbox/calls", calls),
            ]
        )


def _server(app: Any) -> Served:
    return Served(
        uvicorn.Config(
            app,
            interface="asgi3",
            http="h11",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether the server's log has to show this: an answer that a fault broke off is meant to be short."""
    return "Too little data for declared Content-Length" not in str(record.exc_info and record.exc_info[1])


def _listener(port: int, name: str) -> socket.socket:
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise BadConfigError(f"port {port} of {name} cannot be had ({error.strerror}): give another") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does it only for a door of its own making
    return listener


async def _serve(config: str, out: Path | None) -> None:
    await Theatre(Config.read(config), out).run()


def main() -> int:
    """Serve until stopped; return 1 when the configuration cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.serve", description="Serve the pretend systems.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="where to write stores.json, calls.json and progress.json")
    given = parser.parse_args()
    try:
        asyncio.run(_serve(given.config.read_text(encoding="utf-8"), given.out))
    except (BadConfigError, OSError) as error:
        print(f"sandbox.serve: {given.config}: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
