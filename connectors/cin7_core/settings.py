"""What an installation chooses for Cin7 Core: secrets from the environment, the rest from its file."""

from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from connectors.settings import SystemSettings

Named = Annotated[str, StringConstraints(min_length=1, max_length=256)]
WebhookType = Literal[
    "Sale/ShipmentAuthorised",
    "Sale/ShipmentTrackingNumberChanged",
    "Stock/AvailableStockLevelChanged",
    "Product/Updated",
]


class Cin7CoreSettings(SystemSettings):
    """Where one company of Cin7 Core is, and the key of one API application in it."""

    base_url: str = "https://inventory.dearsystems.com"
    account_id: str = Field(min_length=1)
    application_key: SecretStr = Field(min_length=1)


class Cin7CoreOptions(BaseModel):
    """The non-secret choices. Names are those of the company's reference books, letter for letter."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    customer: Named = "John Lewis Marketplace"
    location: Named = Field(default="Main Warehouse", description="where orders are picked")
    tax_rule: Named = Field(default="20% (VAT on Income)", description="for lines taxed at `tax_percent`")
    tax_percent: Decimal = Field(default=Decimal(20), ge=0, description="the rate of `tax_rule`")
    other_tax_rules: dict[Decimal, Named] = Field(default={}, description="rate in per cent -> name of its tax rule")
    price_when_unsent: Decimal | None = Field(
        default=None, ge=0, description="net price of an each when the marketplace sends none; without it: a hold"
    )
    terms: Named | None = Field(default=None, description="payment term; without it the customer's")
    price_tier: Named | None = Field(default=None, description="without it the customer's")
    sale_type: Named = "Simple Sale"
    external_id_prefix: Named = "JL-"
    sell_locations: tuple[Named, ...] = Field(default=(), description="pools that count; empty: every location")
    time_zone: Named = Field(default="Europe/London", description="of the company: its dates are local days")
    dispatch_look_back_days: int = Field(default=30, ge=1, description="how far the first dispatch read looks back")
    webhook_types: tuple[WebhookType, ...] = Field(
        default=("Sale/ShipmentAuthorised", "Sale/ShipmentTrackingNumberChanged"),
        description="of what the company shall tell us",
    )
    calls_per_minute: int = Field(default=60, ge=3)

    @field_validator("time_zone")
    @classmethod
    def _real_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("no such time zone; use an IANA name such as Europe/London") from None
        return name
