"""What an installation says about its SEKO account: the token from the environment, choices from its file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from connectors.settings import SystemSettings

Named = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class SekoSettings(SystemSettings):
    """The two hubs, and the token of one client, which both take."""

    base_url: str = "https://ihub.supplystream.com:8081"
    legacy_base_url: str = "https://hub.supplystream.com"
    token: SecretStr = Field(min_length=1)


class SekoOptions(BaseModel):
    """The non-secret choices. Codes are those that SEKO gives the client, letter for letter."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    dc: str = Field(default="", max_length=100, description="the distribution centre; empty: the client has only one")
    order_prefix: str = Field(default="JL-", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,15}$")
    channel: str = Field(default="JLM", max_length=100, description="written on every order line")
    courier_name: str = Field(default="", max_length=100, description="empty: the distribution centre chooses")
    courier_service: str = Field(default="", max_length=100)
    sell_location_types: tuple[Named, ...] = Field(default=("Available Stock",), min_length=1)
    stock_every_minutes: int = Field(default=30, ge=1, description="fair use of the full stock read")
    stock_lag_minutes: int = Field(default=5, ge=0, description="how late the stock read may be")
    calls_per_minute: int = Field(default=60, ge=4, description="our own choice: none is documented")
    legacy_reads: bool = Field(default=False, description="the token may read the legacy hub")
    push_patience_minutes: int = Field(default=75, ge=0, description="how long a dispatch may take to be pushed")
    sweep_look_back_days: int = Field(default=14, ge=1, le=60)
