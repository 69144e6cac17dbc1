"""Where a shop's account is, who we are there, and the choices of an installation."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.settings import SystemSettings


class MiraklSettings(SystemSettings):
    """From the environment. Each key belongs to one environment of the operator."""

    base_url: str
    api_key: SecretStr


class MiraklOptions(BaseModel):
    """The choices of an installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sign_in: Literal["key", "bearer"] = Field(default="key", description="the bare key, or the key as a bearer token")
    shop_id: int | None = Field(default=None, description="needed where the user has several shops")
    ship_by: Literal["shipments", "orders"] = Field(
        default="shipments", description="orders: where the operator allows one shipment an order only"
    )
    calls_per_minute: int = Field(
        default=60, ge=10, description="of each operation whose frequency is published as per use"
    )
    order_polls_per_hour: int = Field(default=60, ge=1, le=60, description="documented: 60; as a partner of it 4")
    history_days: int = Field(
        default=30, ge=1, description="the first walk reads the orders that changed within so many days"
    )
    gift_message_field: str | None = Field(default="gift-message", description="code of the additional field")
    import_limit_minutes: int = Field(default=30, ge=5, description="a stock file that takes longer calls a person")
