"""What we rely on in The Edge's folders without being sure of it."""

from collections.abc import Sequence

from connectors.facts import Fact, Seen, Sure
from connectors.files import FileStore, NoSuchFile
from connectors.virtualstock.files.folders import Folders
from connectors.virtualstock.files.layout import MARKER, BadFile, kind_of, read_flat, text_of

_ASK = "Ask Virtualstock's support."


def facts(store: FileStore, folders: Folders) -> Sequence[Fact]:
    """Return the seen, assumed and open facts of the README, with a look where a listing or a file can tell."""

    async def order_files() -> list[str]:
        try:
            names = {entry.name for entry in await store.entries(folders.incoming)}
        except NoSuchFile:
            return []
        return sorted(name for name in names if kind_of(name) and f"{name}{MARKER}" in names)

    async def layout() -> Seen:
        for name in (await order_files())[:1]:
            try:
                lines = len(read_flat(text_of(await store.read(f"{folders.incoming}/{name}"))).rows)
            except BadFile:
                return Seen("the first file has another form", holds=False)
            return Seen(f"the first file was read, with {lines} lines", holds=True)
        return Seen("there is no finished file to look at")

    async def errors() -> Seen:
        try:
            found = len(await store.entries(folders.inventory_errors))
        except NoSuchFile:
            return Seen("there is no such folder yet")
        return Seen(f"the folder is there, with {found} files", holds=True)

    return (
        Fact("Order files have five parts and a count at the end", Sure.SEEN, layout),
        Fact("Refused stock files are told in the folder inventory/errors", Sure.SEEN, errors),
        Fact("We may write and rename in our own folder", Sure.ASSUMED, ask="The first file that is sent shows it."),
        Fact("A file that is taken and not refused in time is done", Sure.ASSUMED, ask=_ASK),
        Fact("Which column the town stands in", Sure.ASSUMED, ask="See the first order with three address lines."),
        Fact("Who removes files that were read", Sure.ASSUMED, ask=_ASK),
        Fact("The order number in files is that of REST", Sure.ASSUMED, ask="Compare the portal with the first order."),
    )
