"""Where the files of one account lie: the vendor's folders of its live or its test side, and one of our own."""

import posixpath
from dataclasses import dataclass

from connectors.files import FileStore, NoSuchFile, write_whole


@dataclass(frozen=True)
class Folders:
    """The folders below `root`. What is in `own` is only ever looked at by us."""

    root: str
    own: str

    @property
    def incoming(self) -> str:
        """Orders and requested cancellations, written by the vendor."""
        return f"{self.root}/incoming"

    @property
    def outgoing(self) -> str:
        """Acknowledgements, dispatches, confirmed cancellations, and what the vendor says of bad ones."""
        return f"{self.root}/outgoing"

    @property
    def inventory(self) -> str:
        """Stock files, each taken as soon as it appears."""
        return f"{self.root}/inventory"

    @property
    def inventory_errors(self) -> str:
        """What the vendor says of bad stock files."""
        return f"{self.root}/inventory/errors"

    @property
    def read(self) -> str:
        """Files of the incoming folder that are filed with us."""
        return f"{self.own}/read"

    @property
    def sent(self) -> str:
        """A note of each file that we sent, so that another process can find what became of it."""
        return f"{self.own}/sent"

    @property
    def being_written(self) -> str:
        """Stock files while they are written: they appear in the vendor's folder whole."""
        return f"{self.own}/being-written"


async def keep(store: FileStore, path: str, content: bytes) -> None:
    """Write a file into a folder of our own, which is made where it is missing."""
    try:
        await write_whole(store, path, content)
    except NoSuchFile:
        await store.make_folder(posixpath.dirname(path))
        await write_whole(store, path, content)
