"""One supplier account of The Edge (Virtualstock REST v4)."""

from collections.abc import Sequence
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.facts import Fact
from connectors.files import FileStore
from connectors.http import Account, Surroundings
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
from connectors.virtualstock.availability import AvailabilitySink
from connectors.virtualstock.facts import facts
from connectors.virtualstock.files.account import FolderOptions, known_zone, opened_store
from connectors.virtualstock.files.inventory import InventoryFiles, InventoryForm
from connectors.virtualstock.judging import ACKNOWLEDGE, CANCEL_ACKNOWLEDGE, DISPATCH
from connectors.virtualstock.lists import read, read_rows
from connectors.virtualstock.mapping import acknowledgement_body, dispatch_body, line_body
from connectors.virtualstock.order_actions import OrderActionSink
from connectors.virtualstock.order_search import OrderSearch
from connectors.virtualstock.product_mapping import ProductFields
from connectors.virtualstock.products import ItemFeed
from connectors.virtualstock.routing import Roads, RoutedAvailability
from connectors.virtualstock.sales_orders import SalesOrderFeed
from connectors.virtualstock.sign_in import LOGIN, REFRESH, TokenSignIn
from domain.answers import Fatal, Unavailable
from domain.budgets import Limit
from domain.clock import Clock
from domain.records import Acknowledgement, Cancellation, Carrier

CARRIERS = "/restapi/v4/order-tracking-carriers/"
RETAILERS = "/restapi/v4/customers/"
_ADVICE = "Check username, password and base_url of the account in the environment, and its rights at Virtualstock."


class VirtualstockSettings(SystemSettings):
    """Where the account is and who we are; from the environment. Without `sftp_host`, stock goes by REST only."""

    base_url: str = "https://api.virtualstock.com"
    username: str
    password: SecretStr
    sftp_host: str = ""
    sftp_port: int = 22
    sftp_username: str = ""
    sftp_host_key: str = ""
    sftp_password: SecretStr | None = None
    sftp_private_key: SecretStr | None = None

    @model_validator(mode="after")
    def _whole_road(self) -> "VirtualstockSettings":
        if self.sftp_host and not (
            self.sftp_username and self.sftp_host_key and (self.sftp_password or self.sftp_private_key)
        ):
            raise ValueError("sftp_host needs sftp_username, sftp_host_key, and sftp_password or sftp_private_key")
        return self


class StockFileOptions(FolderOptions):
    """Where stock files go, and when: `share` of the calls is what stock may have."""

    inventory: InventoryForm = InventoryForm()
    minutes_until_taken: float = Field(default=5, gt=0, description="how long a stock file lies, usually")
    share: float = Field(default=0.5, gt=0, le=1)


class VirtualstockOptions(BaseModel):
    """The choices of an installation. `sub_status` and `fulfilment_route` are words of the retailer's own lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retailer_id: int | None = Field(
        default=None, description="only this retailer; needed where the account has several"
    )
    calls_per_minute: int = Field(default=250, ge=10, description="documented: 250; some retailers state 150")
    sub_status: str | None = "Pending"
    fulfilment_route: str | None = None
    time_zone: str = Field(default="Europe/London", description="the zone of the vendor's times, which name none")
    sku_field: str = Field(default="modelNo", description="where a product's data holds the seller's SKU")
    ean_field: str = Field(default="tradedCode", description="where a product's data holds the EAN")
    stock_field: str = Field(default="free_stock", description="where a product's data holds the stock")
    stock_files: StockFileOptions = StockFileOptions()

    _zone = field_validator("time_zone")(known_zone)


def _opened(account: str, settings: VirtualstockSettings, surroundings: Surroundings) -> FileStore:
    return opened_store(
        account,
        surroundings,
        host=settings.sftp_host,
        port=settings.sftp_port,
        username=settings.sftp_username,
        host_key=settings.sftp_host_key,
        password=settings.sftp_password,
        private_key=settings.sftp_private_key,
    )


class Virtualstock(
    GivesSalesOrders,
    TakesAcknowledgements,
    TakesCancellations,
    TakesDispatches,
    TakesAvailability,
    GivesItems,
    DeclaresFacts,
):
    """One supplier account of The Edge."""

    Settings: ClassVar[type[SystemSettings]] = VirtualstockSettings
    Options: ClassVar[type[BaseModel]] = VirtualstockOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = (("POST", LOGIN), ("POST", REFRESH))

    def __init__(
        self, account: str, settings: VirtualstockSettings, options: VirtualstockOptions, surroundings: Surroundings
    ) -> None:
        limit, clock, zone = Limit(options.calls_per_minute), surroundings.clock, ZoneInfo(options.time_zone)
        self._door = Account(account, settings.base_url, limit, surroundings, denial=lambda _body: _ADVICE)
        sign_in = TokenSignIn(self._door, clock, settings.username, settings.password)
        self._account = Account(
            account, settings.base_url, limit, surroundings, sign_in=sign_in, denial=lambda _body: _ADVICE
        )
        self._options = options
        self._fields = ProductFields(options.sku_field, options.ean_field, options.stock_field)
        self._files = _opened(account, settings, surroundings) if settings.sftp_host else None
        search = OrderSearch(self._account, options.retailer_id)
        words = options.sub_status, options.fulfilment_route
        self.sales_order_feed = SalesOrderFeed(self._account, clock, zone, options.retailer_id)
        self.acknowledgement_sink: Sink[Acknowledgement] = OrderActionSink(
            self._account,
            clock,
            search,
            ACKNOWLEDGE,
            lambda record, line: acknowledgement_body(record, line, zone, *words),
        )
        self.cancellation_sink: Sink[Cancellation] = OrderActionSink(
            self._account, clock, search, CANCEL_ACKNOWLEDGE, lambda _record, line: line_body(line)
        )
        self.dispatch_sink = OrderActionSink(self._account, clock, search, DISPATCH, dispatch_body)
        self.availability_sink = self._availability(clock)
        self.item_feed = ItemFeed(self._account, clock, self._fields)

    def _availability(self, clock: Clock) -> AvailabilitySink | RoutedAvailability:
        """Return the sink for the stock of products: over REST, and where the account has folders, by file too."""
        calls = AvailabilitySink(self._account, clock, self._fields)
        if self._files is None:
            return calls
        account, road = self._account.name, self._options.stock_files
        files = InventoryFiles(account, self._files, road.folders, clock, road.inventory)
        roads = Roads(self._options.calls_per_minute, road.share, road.minutes_until_taken)
        return RoutedAvailability(account, calls, files, clock, roads)

    async def carriers(self) -> Sequence[Carrier]:
        """Return every carrier of the platform; the retailer may accept fewer of them."""
        rows = await read(self._account, CARRIERS, params={"format": "json"})
        if not isinstance(rows, list):
            raise Unavailable(self._account.name, "the carrier list is not a list.", "It is tried again.")
        return [
            Carrier(code=row["slug"], name=str(row.get("name") or row["slug"]))
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("slug"), str)  # without a slug it cannot be named
        ]

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._account, self._fields, self._options.time_zone)

    async def check(self) -> str:
        """List the retailers; `Fatal` when the account has several and the options name none of them."""
        rows = (await read_rows(self._account, RETAILERS)).rows
        names = {row["id"]: str(row.get("name")) for row in rows if isinstance(row, dict) and "id" in row}
        shown = ", ".join(f"{name} ({number})" for number, name in sorted(names.items()))
        wanted = self._options.retailer_id
        if (wanted is None and len(names) > 1) or (wanted is not None and wanted not in names):
            raise Fatal(
                self._account.name,
                f"the account sells for {shown or 'no retailer'}, and retailer_id is {wanted}.",
                "Set the installation's option retailer_id to the John Lewis one.",
            )
        return f"The Edge, for {shown or 'no retailer'}"

    async def close(self) -> None:
        """Let the connections go."""
        await self._account.close()
        await self._door.close()
        if self._files is not None:
            await self._files.close()
