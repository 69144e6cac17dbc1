"""What an installation chooses for Fulfil: secrets from the environment, the rest from its file."""

import base64
import binascii
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from connectors.settings import SystemSettings

Named = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class FulfilSettings(SystemSettings):
    """Where one tenant of Fulfil is, a key of it, and the secret of its webhook."""

    base_url: str = Field(pattern=r"^https?://", description="https://MERCHANT.fulfil.io")
    api_key: SecretStr = Field(min_length=1)
    webhook_secret: SecretStr = Field(default=SecretStr(""), description="base64, as Fulfil shows it")

    @field_validator("webhook_secret")
    @classmethod
    def _is_base64(cls, secret: SecretStr) -> SecretStr:
        try:
            base64.b64decode(secret.get_secret_value(), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("is not base64; copy it from Fulfil as it is shown") from None
        return secret


class FulfilOptions(BaseModel):
    """The non-secret choices. Names are those of the tenant's own settings, letter for letter."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    channel: int = Field(ge=1, description="id of the sales channel in which orders are created")
    warehouses: tuple[Named, ...] = Field(default=(), description="codes that count as stock; empty: every warehouse")
    ean_field: str = Field(default="upc", pattern=r"^[a-z][a-z0-9_]*$", description="product field that holds the EAN")
    tax_name: Named = Field(default="UK Standard VAT", description="tax mapping of the channel for `tax_percent`")
    tax_percent: Decimal = Field(default=Decimal(20), ge=0, description="the rate of `tax_name`")
    other_tax_names: dict[Decimal, Named] = Field(default={}, description="rate in per cent -> name of its tax mapping")
    price_when_unsent: Decimal | None = Field(
        default=None, ge=0, description="net price of an each when the marketplace sends none; without it: a hold"
    )
    payment_term: Named | None = Field(default=None, description="without it Fulfil's own default")
    payment_gateway: Named | None = Field(default=None, description="without it no payment is named")
    page_size: int = Field(default=500, ge=1, le=500, description="rows a page; Fulfil takes 500 at most")
    calls_per_minute: int = Field(default=240, ge=10)
