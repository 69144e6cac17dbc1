"""Over a true SFTP server on a local socket: who it is, who we are, and bounds on time and size."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from pydantic import SecretStr

from connectors.files import NoSuchFile
from connectors.http import Surroundings
from connectors.sftp import Sftp, SftpAddress
from connectors.virtualstock.files.connector import VirtualstockFiles
from domain.answers import Accepted, Fatal, Found, OutcomeUnknown, Unavailable
from sandbox.virtualstock.sftp import served
from tests.connectors.virtualstock_files.harness import Harness
from tests.doubles import OpenBudgets

PASSWORD = "a pretend password"
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
KNOWN = HOST_KEY.export_public_key().decode()
OTHER = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()


def address(port: int, **given: Any) -> SftpAddress:
    usual: dict[str, Any] = {"username": "supplier", "host_key": KNOWN, "password": SecretStr(PASSWORD)}
    return SftpAddress("127.0.0.1", port, **usual | given)


@asynccontextmanager
async def store(root: Path, *, bounds: dict[str, Any] | None = None, **given: Any) -> AsyncIterator[Sftp]:
    async with served(root, username="supplier", password=PASSWORD, host_key=HOST_KEY) as port:
        opened = Sftp("harbour", address(port, **given), **bounds or {})
        try:
            yield opened
        finally:
            await opened.close()


@asynccontextmanager
async def connected(edge: Harness) -> AsyncIterator[Callable[[], VirtualstockFiles]]:
    """Serve the harness's folders over SFTP, and make connectors that come in by that door."""
    async with served(edge.home / "server", username="supplier", password=PASSWORD, host_key=HOST_KEY) as port:
        settings = edge.settings.model_copy(update={"host": "127.0.0.1", "port": port, "host_key": KNOWN})
        made: list[VirtualstockFiles] = []

        def again() -> VirtualstockFiles:
            around = Surroundings(edge.clock, OpenBudgets(), edge.archive)
            made.append(VirtualstockFiles("harbour", settings, edge.options, around))
            return made[-1]

        try:
            yield again
        finally:
            for one in made:
                await one.close()


async def test_the_store_does_over_a_socket_what_it_promises(tmp_path: Path) -> None:
    async with store(tmp_path) as sftp:
        await sftp.make_folder("/a/b")
        await sftp.make_folder("/a/b")
        await sftp.write("/a/b/one.txt", "Zoë".encode())
        await sftp.write("/a/b/two.txt", b"")
        assert [(one.name, one.size) for one in sorted(await sftp.entries("/a/b"))] == [("one.txt", 4), ("two.txt", 0)]
        assert not await sftp.entries("/a"), "folders are no files"
        assert (await sftp.read("/a/b/one.txt")).decode() == "Zoë"
        await sftp.rename("/a/b/one.txt", "/a/three.txt")
        with pytest.raises(Unavailable, match="is there already"):
            await sftp.rename("/a/b/two.txt", "/a/three.txt")
        assert await sftp.find("/a/b/one.txt") is None
        found = await sftp.find("/a/three.txt")
        assert found is not None
        assert abs(found.modified_at - time.time()) < 60
        await sftp.remove("/a/three.txt")
        await sftp.remove("/a/three.txt")
        for ask in (
            sftp.read("/a/none"),
            sftp.entries("/none"),
            sftp.rename("/a/none", "/a/x"),
            sftp.write("/no/x", b""),
        ):
            with pytest.raises(NoSuchFile):
                await ask


async def test_orders_come_and_files_go_over_a_true_server() -> None:
    edge = Harness(puts_away=True)
    edge.list_product()
    reference, regretted = edge.place_order(2, 3), edge.place_order(1)
    edge.cancel(regretted)
    edge.edge.publish()
    async with connected(edge) as again:
        first = again()
        assert "/live/incoming" in await first.check()
        page = await first.sales_order_feed.read(None, ())
        assert sorted(one.record.key for one in page.received) == sorted([reference, regretted])
        second = again()
        assert not (await second.sales_order_feed.read(page.cursor, ())).received
        assert not edge.names("incoming")
        ticket = (await second.acknowledgement_sink.send([edge.acknowledgement(reference)]))[reference]
        assert isinstance(ticket, Accepted)
        await second.cancellation_sink.send([edge.cancellation(regretted)])
        await second.availability_sink.send([edge.availability(7)])
        edge.time_passes()
        third = again()
        assert isinstance((await third.acknowledgement_sink.find([edge.acknowledgement(reference)]))[reference], Found)
        await third.dispatch_sink.send([edge.dispatch(reference)])
        edge.time_passes()
        found = await again().dispatch_sink.find([edge.dispatch(reference)])
        assert isinstance(found["shipment-1"], Found)
    assert edge.statuses(reference) == ["DISPATCH", "DISPATCH"]
    assert edge.statuses(regretted) == ["CANCEL_ACK"]
    assert edge.published("RED-M") == 7


async def test_another_host_key_is_fatal_before_any_password_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(_door: Any, username: str, _password: str) -> bool:
        asked.append(username)
        return True

    monkeypatch.setattr("sandbox.virtualstock.sftp._Door.validate_password", note)
    async with store(tmp_path, host_key=OTHER) as sftp:
        with pytest.raises(Fatal, match="another host key") as trouble:
            await sftp.entries("/")
    assert "by another way" in trouble.value.advice
    assert not asked


async def test_two_known_keys_let_the_server_change_its_key(tmp_path: Path) -> None:
    async with store(tmp_path, host_key=f"{OTHER}\n{KNOWN}") as sftp:
        assert not await sftp.entries("/")


@pytest.mark.parametrize("key", ["", "   \n", "no key at all", "ssh-ed25519 AAAA"])
async def test_a_host_key_that_is_none_never_means_any(tmp_path: Path, key: str) -> None:
    async with store(tmp_path, host_key=key) as sftp:
        with pytest.raises(Fatal, match="host key"):
            await sftp.entries("/")


async def test_a_wrong_password_is_fatal_and_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with store(tmp_path, password=SecretStr("a wrong secret")) as sftp:
        with pytest.raises(Fatal, match="refuses the sign-in") as trouble:
            await sftp.entries("/")
    assert "a wrong secret" not in f"{trouble.value!r} {caplog.text} {sftp!r} {vars(sftp)}"


async def test_a_private_key_that_cannot_be_read_is_fatal(tmp_path: Path) -> None:
    async with store(tmp_path, password=None, private_key=SecretStr("no key")) as sftp:
        with pytest.raises(Fatal, match="private key"):
            await sftp.entries("/")


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    sftp = Sftp("harbour", address(1))
    for ask in (sftp.entries("/"), sftp.write("/x", b"x")):
        with pytest.raises(Unavailable, match="could not be reached"):
            await ask


async def test_a_server_that_says_nothing_costs_little_time() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(60), "127.0.0.1", 0)
    try:
        sftp = Sftp("harbour", address(server.sockets[0].getsockname()[1]), deadline_seconds=0.3)
        began_at = time.monotonic()
        with pytest.raises(Unavailable):
            await sftp.entries("/")
        assert time.monotonic() - began_at < 5
    finally:
        server.close()


async def test_a_call_that_hangs_is_unknown_for_a_change_and_unavailable_for_a_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(b"x")
    async with store(tmp_path, bounds={"deadline_seconds": 1.0}) as sftp:
        await sftp.entries("/")
        original = asyncssh.SFTPServer.open

        async def hang(self: Any, *given: Any) -> Any:
            await asyncio.sleep(20)
            return original(self, *given)

        monkeypatch.setattr(asyncssh.SFTPServer, "open", hang)
        with pytest.raises(OutcomeUnknown):
            await sftp.write("/y", b"y")
        with pytest.raises(Unavailable):
            await sftp.read("/x")
        monkeypatch.undo()
        assert await sftp.read("/x") == b"x", "a lost connection is made again"


async def test_a_large_file_is_not_read_on(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 200_000)
    async with store(tmp_path, bounds={"largest_file_bytes": 100_000}) as sftp:
        with pytest.raises(Unavailable, match="larger than 100000 bytes"):
            await sftp.read("/large")


async def test_a_folder_without_end_is_not_listed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sftp.LARGEST_LISTING", 20)
    for number in range(25):
        (tmp_path / f"{number}").touch()
    async with store(tmp_path) as sftp:
        with pytest.raises(Fatal, match="more than 20 files"):
            await sftp.entries("/")


async def test_a_missing_right_is_fatal_and_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(_self: Any, *_given: Any) -> None:
        raise asyncssh.SFTPPermissionDenied("no")

    monkeypatch.setattr(asyncssh.SFTPServer, "rename", deny)
    (tmp_path / "x").touch()
    async with store(tmp_path) as sftp:
        with pytest.raises(Fatal, match="does not let us move /x to /y"):
            await sftp.rename("/x", "/y")


async def test_nothing_that_is_logged_shows_a_person_or_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    edge = Harness()
    edge.place_order(1, shipping_address={"full_name": "Wilhelmina Personal", "line_1": "7 Private Road"})
    edge.edge.publish()
    async with connected(edge) as again:
        page = await again().sales_order_feed.read(None, ())
    assert len(page.received) == 1
    assert caplog.records
    assert not [word for word in (PASSWORD, "Wilhelmina", "Private Road") if word in caplog.text]
