"""A true SFTP server over the folders of one account."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from sandbox.virtualstock.folders import EdgeFolders

HOST = "127.0.0.1"


class _Door(asyncssh.SSHServer):
    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password

    def begin_auth(self, username: str) -> bool:
        """Ask for a proof."""
        return True

    def password_auth_supported(self) -> bool:
        """Take passwords."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Compare both."""
        return secrets.compare_digest(f"{username}\0{password}", f"{self._username}\0{self._password}")


class _Folders(asyncssh.SFTPServer):
    """The files of a directory; the vendor's own job goes round before and after every call that reads or changes names."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path, look: Callable[[], None]) -> None:
        super().__init__(channel, chroot=str(root).encode())
        self._look = look

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file."""
        self._look()
        return super().open(path, pflags, attrs)

    def close(self, file_obj: object) -> None:
        """Close a file: it is whole now."""
        super().close(file_obj)
        self._look()

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """List a folder."""
        self._look()
        async for name in super().scandir(path):
            yield name

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Move a file."""
        super().rename(oldpath, newpath)
        self._look()


@asynccontextmanager
async def served(
    root: Path,
    *,
    username: str,
    password: str,
    host_key: asyncssh.SSHKey,
    port: int = 0,
    door: socket.socket | None = None,
    look: Callable[[], None] = lambda: None,
) -> AsyncIterator[int]:
    """Serve a directory on a port, or behind a listening socket, and give the port; `look` is called around every call."""
    server = await asyncssh.listen(
        HOST if door is None else "",
        port if door is None else (),
        sock=door,
        server_factory=lambda: _Door(username, password),
        server_host_keys=[host_key],
        sftp_factory=lambda channel: _Folders(channel, root, look),
    )
    try:
        yield server.get_port()
    finally:
        server.close()
        await server.wait_closed()


@dataclass(frozen=True)
class FolderDoor:
    """The SFTP door of one account: its folders, and the vendor's own job that goes round in them every second.

    `host_key` is the file of the server's private key; it is made where there is none, its public half beside it.
    """

    folders: EdgeFolders
    root: Path
    port: int
    username: str
    password: str = field(repr=False)
    host_key: Path

    def key(self) -> asyncssh.SSHKey:
        """Return the server's key."""
        if self.host_key.exists():
            return asyncssh.read_private_key(self.host_key)
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self.host_key)
        key.write_public_key(f"{self.host_key}.pub")
        return key

    async def serve(self) -> None:
        """Serve until cancelled."""
        door = served(self.root, username=self.username, password=self.password, host_key=self.key(), port=self.port)
        async with door:
            while True:
                self.folders.look()
                await asyncio.sleep(1)
