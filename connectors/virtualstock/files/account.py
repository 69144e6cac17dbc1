"""What an account of folders is: its settings, its options, and the store that they open. Both roads use it."""

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.files import FileStore
from connectors.http import Surroundings
from connectors.read_only import ReadOnlyFiles
from connectors.virtualstock.files.folders import Folders


class FolderOptions(BaseModel):
    """Which folders of the server are the account's. `own` is a folder that only we use, and may write in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["live", "uat"] = Field(default="live", description="uat: the vendor's folders for tests")
    root: str = Field(default="", description="what stands before /live and /uat on this server")
    own: str = Field(default="own", description="a folder of our own beside the vendor's")

    @property
    def folders(self) -> Folders:
        """Return the folders."""
        root = f"{self.root.rstrip('/')}/{self.environment}"
        return Folders(root, f"{root}/{self.own.strip('/')}")


def known_zone(name: str) -> str:
    """Return the name of a time zone that exists; raise `ValueError` for any other."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("there is no such time zone; write one like Europe/London") from None
    return name


def opened_store(
    account: str,
    surroundings: Surroundings,
    *,
    host: str,
    port: int,
    username: str,
    host_key: str,
    password: SecretStr | None,
    private_key: SecretStr | None,
) -> FileStore:
    """Return the account's folders: those handed in, else those of its SFTP server. Nothing is connected yet."""
    store = surroundings.files
    if store is None:
        from connectors.sftp import Sftp, SftpAddress

        store = Sftp(account, SftpAddress(host, port, username, host_key, password, private_key))
    return ReadOnlyFiles(store) if surroundings.only_reads else store
