"""A true SFTP server over the folders of one account."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

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
