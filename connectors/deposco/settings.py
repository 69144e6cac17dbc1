"""What an installation chooses for Deposco: secrets from the environment, the rest from its file."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from connectors.settings import SystemSettings

Code = Annotated[str, StringConstraints(min_length=1, max_length=50)]
_VENDORS_API, _VENDORS_SIGN_IN = "https://api.deposco.com", "https://auth.deposco.com"


class DeposcoSettings(SystemSettings):
    """The tenant, the OAuth client of the V2 API, and the user of the V1 API, which alone shows stock.

    With `refresh_token` the application was installed by a user of the tenant; without it the
    client signs in by itself (client credentials), and names `environment` and `company`.
    """

    base_url: str = _VENDORS_API
    sign_in_url: str = Field(default="", description="empty: the vendor's own, or that of another base_url")
    stock_url: str = Field(default="", description="of the V1 API, where the tenant has a host of its own for it")
    tenant: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    refresh_token: SecretStr = SecretStr("")
    environment: str = Field(default="production", description="the token's, not the host's")
    company: str = Field(default="", description="empty: the tenant")
    user: str = Field(min_length=1)
    password: SecretStr = Field(min_length=1)

    @property
    def sign_in_base(self) -> str:
        """Return where tokens are had."""
        return self.sign_in_url or (_VENDORS_SIGN_IN if self.base_url == _VENDORS_API else self.base_url)

    @property
    def stock_base(self) -> str:
        """Return where the V1 API is, up to the tenant."""
        return f"{(self.stock_url or self.base_url).rstrip('/')}/integration/{self.tenant}"


class Service(BaseModel):
    """How a parcel shall go: the words of the tenant's own shipping set-up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    carrier: Code = Field(description="shipVendor")
    service: Code = Field(description="shipVia")
    method: Annotated[str, StringConstraints(max_length=50)] = Field(default="", description="shipMethod")


class DeposcoOptions(BaseModel):
    """The non-secret choices. Codes and numbers are those of the tenant, letter for letter."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    business_unit: Code
    facility: Code | None = Field(default=None, description="where orders are shipped from; without it Deposco decides")
    number_prefix: str = Field(default="JL-", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,15}$")
    order_source: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "John Lewis Marketplace"
    services: dict[str, Service] = Field(default={}, description="delivery service of the marketplace -> how it goes")
    default_service: Service | None = Field(default=None, description="for every other one; without it: a hold")
    stock_measure: Literal["atpQty", "coAtpQty"] = Field(default="atpQty", description="coAtpQty with order management")
    stock_by: Literal["facility", "business_unit"] = Field(default="facility", description="what is a pool")
    dispatch_look_back_days: int = Field(default=30, ge=1, description="how far the first dispatch read looks back")
    requeue_held: bool = Field(default=True, description="false where people put orders on Hold on purpose")
    page_size: int = Field(default=100, ge=10, le=100)
    calls_per_second: int = Field(default=4, ge=2, description="of the whole tenant; shared with its other software")
