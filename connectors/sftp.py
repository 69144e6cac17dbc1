"""The folders of one account over SFTP: a known host key, a deadline and a bound on the size of every call.

The server is trusted by its key only, and the key is a setting: there is no trust on first use. The
machine's own SSH configuration, keys and agent are not looked at.
"""

import asyncio
import posixpath
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import asyncssh
from pydantic import SecretStr

from connectors.files import Entry, NoSuchFile
from domain.answers import Fatal, OutcomeUnknown, Unavailable

LARGEST_LISTING = 20_000
_GONE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError, TimeoutError)


@dataclass(frozen=True)
class SftpAddress:
    """Where the server is, who we are there, and by which public keys the server is known (one a line)."""

    host: str
    port: int
    username: str
    host_key: str
    password: SecretStr | None = None
    private_key: SecretStr | None = None


class Sftp:
    """A `FileStore` over one connection, made when it is first needed and again when it was lost."""

    def __init__(
        self,
        account: str,
        address: SftpAddress,
        *,
        deadline_seconds: float = 30.0,
        largest_file_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        self._account, self._address = account, address
        self._deadline, self._largest = deadline_seconds, largest_file_bytes
        self._opening = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def entries(self, folder: str) -> Sequence[Entry]:
        """Return the files of a folder; `Fatal` when it holds more than anybody should read."""
        entries: list[Entry] = []
        async with self._asking(f"list {folder}") as client:
            scan = cast("AsyncGenerator[asyncssh.SFTPName, None]", client.scandir(folder))
            async with aclosing(scan) as listing:
                async for found in listing:
                    if found.attrs.permissions is not None and stat.S_ISDIR(found.attrs.permissions):
                        continue
                    entries.append(_entry(str(found.filename), found.attrs))
                    if len(entries) > LARGEST_LISTING:
                        raise Fatal(
                            self._account,
                            f"folder {folder} holds more than {LARGEST_LISTING} files.",
                            "Have the files that were read long ago removed.",
                        )
        return [entry for entry in entries if entry.name not in {".", ".."}]

    async def find(self, path: str) -> Entry | None:
        """Return the file, or None when there is none."""
        try:
            async with self._asking(f"look for {path}") as client:
                return _entry(posixpath.basename(path), await client.stat(path))
        except NoSuchFile:
            return None

    async def read(self, path: str) -> bytes:
        """Return the content; `Unavailable` when it is larger than the bound."""
        async with self._asking(f"read {path}") as client, client.open(path, "rb") as file:
            content = await file.read(self._largest + 1)
        if len(content) > self._largest:
            raise self._unavailable(f"{path} is larger than {self._largest} bytes.")
        return content if isinstance(content, bytes) else content.encode()

    async def write(self, path: str, content: bytes) -> None:
        """Write the whole file."""
        async with self._changing(f"write {path}") as client, client.open(path, "wb") as file:
            if content:
                await file.write(content)

    async def rename(self, path: str, to: str) -> None:
        """Move a file in one step, and never onto another one."""
        if await self.find(to) is not None:
            raise self._unavailable(f"{to} is there already, {path} was not moved.")
        async with self._changing(f"move {path} to {to}") as client:
            await client.rename(path, to)

    async def remove(self, path: str) -> None:
        """Take a file away; none there is as good."""
        try:
            async with self._changing(f"remove {path}") as client:
                await client.remove(path)
        except NoSuchFile:
            return

    async def make_folder(self, path: str) -> None:
        """See to it that a folder is there."""
        async with self._changing(f"make {path}") as client:
            await client.makedirs(path, exist_ok=True)

    async def close(self) -> None:
        """Let the connection go."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()

    @asynccontextmanager
    async def _asking(self, what: str) -> AsyncIterator[asyncssh.SFTPClient]:
        """Do something that changes nothing."""
        try:
            async with self._changing(what) as client:
                yield client
        except OutcomeUnknown as trouble:
            raise self._unavailable(str(trouble)) from trouble

    @asynccontextmanager
    async def _changing(self, what: str) -> AsyncIterator[asyncssh.SFTPClient]:
        client = await self._connected()
        try:
            async with asyncio.timeout(self._deadline):
                yield client
        except _GONE as trouble:
            raise NoSuchFile(what) from trouble
        except asyncssh.SFTPPermissionDenied as trouble:
            raise Fatal(
                self._account,
                f"the SFTP server does not let us {what}.",
                "Ask Virtualstock for the rights to these folders, or correct the folders among the options.",
            ) from trouble
        except _LOST as trouble:
            await self.close()
            raise OutcomeUnknown(f"SFTP, to {what}: no answer ({type(trouble).__name__}).") from trouble
        except asyncssh.SFTPError as trouble:
            raise self._unavailable(f"the SFTP server refused to {what} ({type(trouble).__name__}).") from trouble

    async def _connected(self) -> asyncssh.SFTPClient:
        async with self._opening:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> asyncssh.SFTPClient:
        address = self._address
        try:
            async with asyncio.timeout(self._deadline):
                self._connection = await asyncssh.connect(
                    address.host,
                    address.port,
                    username=address.username,
                    password=address.password.get_secret_value() if address.password else None,
                    client_keys=self._private_keys(),
                    known_hosts=(self._host_keys(), [], []),
                    config=None,
                    agent_path=None,
                    preferred_auth="publickey,password" if address.private_key else "password",
                )
                return await self._connection.start_sftp_client()
        except asyncssh.HostKeyNotVerifiable as trouble:
            raise Fatal(
                self._account,
                f"the SFTP server {address.host} shows another host key than the one we know: nothing was sent to it.",
                "Ask Virtualstock for the server's public key by another way; only if it is new, set host_key to it.",
            ) from trouble
        except asyncssh.PermissionDenied as trouble:
            raise Fatal(
                self._account,
                f"the SFTP server {address.host} refuses the sign-in.",
                "Check username, password and private key of the account in the environment.",
            ) from trouble
        except (asyncssh.Error, OSError, TimeoutError) as trouble:
            raise self._unavailable(f"could not be reached ({type(trouble).__name__}).") from trouble

    def _host_keys(self) -> Sequence[asyncssh.SSHKey]:
        try:
            return [asyncssh.import_public_key(line) for line in self._address.host_key.splitlines() if line.strip()]
        except (asyncssh.KeyImportError, ValueError) as trouble:
            raise Fatal(
                self._account,
                "the known host key cannot be read.",
                "Set host_key to the server's public key, as in `ssh-ed25519 AAAA...`, one a line.",
            ) from trouble

    def _private_keys(self) -> Sequence[asyncssh.SSHKey] | None:
        if self._address.private_key is None:
            return None
        try:
            return [asyncssh.import_private_key(self._address.private_key.get_secret_value())]
        except (asyncssh.KeyImportError, ValueError) as trouble:
            raise Fatal(
                self._account,
                "the private key cannot be read.",
                "Set private_key to an OpenSSH private key without a passphrase.",
            ) from trouble

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(self._account, what, "Nothing is lost; it is tried again. Look at the system's status page.")


def _entry(name: str, attrs: asyncssh.SFTPAttrs) -> Entry:
    return Entry(name, attrs.size or 0, int(attrs.mtime or 0))
