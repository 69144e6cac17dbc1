"""One supplier account of The Edge whose only door is SFTP ("V6" flat files)."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from connectors.facts import Fact
from connectors.files import NoSuchFile
from connectors.http import Surroundings
from connectors.roles import (
    DeclaresFacts,
    GivesItems,
    GivesSalesOrders,
    Sink,
    TakesAcknowledgements,
    TakesAvailability,
    TakesCancellations,
    TakesDispatches,
)
from connectors.settings import SystemSettings
from connectors.virtualstock.files.account import FolderOptions, known_zone, opened_store
from connectors.virtualstock.files.actions import ACKNOWLEDGE, CANCEL_ACKNOWLEDGE, DISPATCH, FileActionSink, Words
from connectors.virtualstock.files.facts import facts
from connectors.virtualstock.files.inventory import InventoryFiles, InventoryForm
from connectors.virtualstock.files.listings import ListingFile
from connectors.virtualstock.files.orders import SalesOrderFiles
from connectors.virtualstock.files.outbox import Outbox
from domain.answers import Fatal
from domain.records import Acknowledgement, Cancellation, Carrier, DispatchAdvice


class VirtualstockFilesSettings(SystemSettings):
    """Where the server is, by which key it is known, who we are; and where our list of stock numbers lies."""

    host: str
    port: int = 22
    username: str
    host_key: str = Field(min_length=1)
    password: SecretStr | None = None
    private_key: SecretStr | None = None
    listings: Path

    @model_validator(mode="after")
    def _one_way_in(self) -> "VirtualstockFilesSettings":
        if not (self.password and self.password.get_secret_value()) and not (
            self.private_key and self.private_key.get_secret_value()
        ):
            raise ValueError("set password or private_key")
        return self


class VirtualstockFilesOptions(FolderOptions):
    """The choices of an installation. `sub_status` and `fulfilment_route` are words of the retailer's own lists."""

    puts_away: bool = Field(
        default=False,
        description="move files that are filed out of the incoming folder; not while another reads it too",
    )
    supplier_ref: str = Field(default="", description="the supplier number in files; empty: the order number")
    sub_status: str = ""
    fulfilment_route: str = ""
    carriers: tuple[str, ...] = Field(
        default=(), description="the carrier codes that John Lewis gave; no file lists them"
    )
    town_column: Literal["shipping_address_2", "shipping_address_3"] = "shipping_address_3"
    time_zone: str = Field(default="Europe/London", description="the zone of the vendor's times, which name none")
    errors_within_minutes: int = Field(default=10, ge=1, description="how long a taken file may still be refused")
    inventory: InventoryForm = InventoryForm()

    _zone = field_validator("time_zone")(known_zone)


class VirtualstockFiles(
    GivesSalesOrders,
    TakesAcknowledgements,
    TakesCancellations,
    TakesDispatches,
    TakesAvailability,
    GivesItems,
    DeclaresFacts,
):
    """One supplier account of The Edge, by files."""

    platform: ClassVar[str] = "virtualstock"
    Settings: ClassVar[type[SystemSettings]] = VirtualstockFilesSettings
    Options: ClassVar[type[BaseModel]] = VirtualstockFilesOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init__(
        self,
        account: str,
        settings: VirtualstockFilesSettings,
        options: VirtualstockFilesOptions,
        surroundings: Surroundings,
    ) -> None:
        self._account, self._options, clock = account, options, surroundings.clock
        self._folders, zone, test = options.folders, ZoneInfo(options.time_zone), options.environment == "uat"
        self._store = opened_store(account, surroundings, **settings.model_dump(exclude={"listings"}))
        words = Words(zone, options.supplier_ref, options.sub_status, options.fulfilment_route, test)
        errors_within = timedelta(minutes=options.errors_within_minutes)
        outbox = Outbox(account, self._store, self._folders, clock, surroundings.archive, errors_within)
        self.sales_order_feed = SalesOrderFiles(
            account,
            self._store,
            self._folders,
            clock,
            zone,
            options.town_column,
            test=test,
            puts_away=options.puts_away,
        )
        self.acknowledgement_sink: Sink[Acknowledgement] = FileActionSink(outbox, clock, ACKNOWLEDGE, words)
        self.cancellation_sink: Sink[Cancellation] = FileActionSink(outbox, clock, CANCEL_ACKNOWLEDGE, words)
        self.dispatch_sink: Sink[DispatchAdvice] = FileActionSink(outbox, clock, DISPATCH, words)
        self.availability_sink = InventoryFiles(account, self._store, self._folders, clock, options.inventory)
        self.item_feed = ListingFile(account, settings.listings, clock)

    async def carriers(self) -> Sequence[Carrier]:
        """Return the carriers of the options."""
        return [Carrier(code=code, name=code) for code in self._options.carriers]

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._store, self._folders)

    async def check(self) -> str:
        """Sign in and look at the vendor's folders; change nothing. `Fatal` when one of them is not there."""
        folders, counts = self._folders, []
        for folder in (folders.incoming, folders.outgoing, folders.inventory):
            try:
                counts.append(f"{folder} ({len(await self._store.entries(folder))} files)")
            except NoSuchFile:
                raise Fatal(
                    self._account,
                    f"there is no folder {folder}.",
                    "Correct the options environment and root, or ask Virtualstock.",
                ) from None
        return f"The Edge by files: {', '.join(counts)}"

    async def close(self) -> None:
        """Let the connection go."""
        await self._store.close()
