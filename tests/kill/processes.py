"""The processes of a case: one that pretends to be the vendors, and those of the product, which can be killed."""

import asyncio
import json
import logging
import os
import signal
import socket
import ssl
import traceback
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any
from urllib.request import urlopen

import asyncssh
import httpx
import uvicorn
from pydantic import SecretStr

from connectors.sftp import Sftp, SftpAddress
from sandbox.kit import System
from sandbox.virtualstock.sftp import served
from tasks.loops import LOOPS
from tests.kill.worlds import NAME, World, run_slice
from tests.stateful.effects import CountedDatabase, CountedFiles, CountedTransport, Process

FORK = get_context("fork")
Served = Callable[[], Coroutine[Any, Any, None]]
LONGEST_SECONDS = 90
LATER_SECONDS = 11 * 60  # beyond every lease and every `visible_after`, and the moment to read levels back
LATER = "later"
"""Among slices: go on so much later."""


class Vendors:
    """Both pretend systems behind sockets of this machine, in a process of their own."""

    def __init__(self, world: World) -> None:
        systems = {"edge": world.edge, "office": world.office}
        self._doors = {name: _door() for name in systems}
        self.addresses = {name: f"http://127.0.0.1:{door.getsockname()[1]}" for name, door in self._doors.items()}
        os.environ[f"HARBOUR_{world.market.system.upper()}_BASE_URL"] = self.addresses["edge"]
        for name in world.office_kind.environment:
            if name.endswith("BASE_URL"):  # a system may have two
                os.environ[name] = self.addresses["office"]
        serving: list[Served] = [partial(_served, system, self._doors[name]) for name, system in systems.items()]
        if world.market.by_files:
            serving.append(self._folders(world))
        self._process = FORK.Process(target=_serve, args=(serving,))
        self._process.start()

    def _folders(self, world: World) -> Served:
        """Open a third door, to the marketplace's folders, and tell the world of it."""
        door, key = self._doors.setdefault("folders", _door()), asyncssh.generate_private_key("ssh-ed25519")
        known = key.export_public_key().decode()
        world.sftp = SftpAddress("127.0.0.1", door.getsockname()[1], "user", known, SecretStr("edge-password"))

        async def serve() -> None:
            folders = world.edge.folders
            root = folders.root.parent.resolve()
            async with served(
                root, username="user", password="edge-password", host_key=key, door=door, look=folders.look
            ):
                await asyncio.Event().wait()

        return serve

    def dumps(self) -> list[dict[str, Any]]:
        """Return what the systems hold."""
        stores = (f"{address}/_sandbox/store" for address in self.addresses.values())
        return [json.loads(urlopen(store, timeout=20).read()) for store in stores]  # noqa: S310 - our own address

    def close(self) -> None:
        """End the process: it keeps nothing."""
        self._process.kill()
        self._process.join()
        for door in self._doors.values():
            door.close()


class Worker:
    """One process of the product that runs slices of loops, one after the other; it dies by SIGKILL at its effect number `dies_at` (0: never)."""

    def __init__(self, world: World, slices: Sequence[str], dies_at: int = 0) -> None:
        self._here, there = FORK.Pipe(duplex=False)
        self._process: ForkProcess = FORK.Process(target=self._work, args=(world, slices, dies_at, there))
        self._process.start()
        there.close()

    def end(self) -> int:
        """Wait for the end and return the exit code; a worker that hangs is ended, and that is an exit code too."""
        self._process.join(LONGEST_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
            return -signal.SIGALRM
        assert self._process.exitcode is not None
        return self._process.exitcode

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return what each effect of the process was; nothing of one that was killed. Ask once."""
        try:
            told: tuple[str, ...] = self._here.recv()
        except EOFError:
            return ()
        return told

    def _work(self, world: World, slices: Sequence[str], dies_at: int, told: Connection) -> None:
        process = Process(dies_at, on_death=lambda: os.kill(os.getpid(), signal.SIGKILL))
        asyncio.run(_do(world, slices, process))
        told.send(tuple(process.kinds))  # less than a pipe holds: nobody needs to read it meanwhile


def work_here(world: World, slices: Sequence[str]) -> int:
    """Do in this process what a worker does that nobody kills, and return its exit code: a fork has to copy what it touches."""
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LONGEST_SECONDS)
    try:
        asyncio.run(_do(world, slices, Process()))
    except TimeoutError:
        return -signal.SIGALRM
    except Exception:  # noqa: BLE001 - whatever it is, a process would have ended by it
        traceback.print_exc()
        return 1
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return 0


def _too_long(*_: object) -> None:
    raise TimeoutError


async def _do(world: World, slices: Sequence[str], process: Process) -> None:
    database = CountedDatabase(world.database, process)
    files = CountedFiles(Sftp(f"{NAME}-marketplace", world.sftp), process) if world.sftp else None
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading them takes longer than a whole job
    async with httpx.AsyncHTTPTransport(verify=no_certificates) as sockets:
        for name in slices:
            if name == LATER:
                world.clock.move(LATER_SECONDS)
                continue
            await run_slice(LOOPS[name], world.installation, database, CountedTransport(sockets, process), files)
    database.close()


def _door() -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms for an acknowledgement
    door.bind(("127.0.0.1", 0))
    door.listen(64)  # a call may come before the server is up
    return door


def _serve(serving: Sequence[Served]) -> None:
    logging.disable()
    asyncio.run(_all(serving))


async def _all(serving: Sequence[Served]) -> None:
    await asyncio.gather(*(serve() for serve in serving))


async def _served(system: System, door: socket.socket) -> None:
    config = uvicorn.Config(system.app, interface="asgi3", lifespan="off", ws="none", log_config=None, access_log=False)
    await uvicorn.Server(config).serve(sockets=[door])
