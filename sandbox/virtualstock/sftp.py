"""A true SFTP server over the folders of one account."""

import asyncio
import secrets
from collections.abc import AsyncIterator
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


@asynccontextmanager
async def served(
    root: Path, *, username: str, password: str, host_key: asyncssh.SSHKey, port: int = 0
) -> AsyncIterator[int]:
    """Serve a directory, and give the port."""
    server = await asyncssh.create_server(
        lambda: _Door(username, password),
        HOST,
        port,
        server_host_keys=[host_key],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root).encode()),
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
        sign_in = {"username": self.username, "password": self.password}
        async with served(self.root, **sign_in, host_key=self.key(), port=self.port):
            while True:
                self.folders.look()
                await asyncio.sleep(1)
