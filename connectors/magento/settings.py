"""What an installation says about its shop: secrets from the environment, choices from its file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.settings import SystemSettings

_NOTHING = SecretStr("")
_SIGNED = ("consumer_key", "consumer_secret", "access_token_secret")


class MagentoSettings(SystemSettings):
    """The address of the shop and the values of its integration.

    All four OAuth values sign every call. `access_token` alone is sent as a bearer token, which the
    shop must allow (Stores > Configuration > Services > OAuth > Consumer Settings).
    """

    base_url: str = Field(default="", description="https://shop.example, with /index.php where the shop needs it")
    consumer_key: SecretStr = _NOTHING
    consumer_secret: SecretStr = _NOTHING
    access_token: SecretStr = _NOTHING
    access_token_secret: SecretStr = _NOTHING

    @property
    def signs(self) -> bool:
        """Return whether calls are signed (OAuth 1.0a) rather than sent with a bearer token."""
        return bool(self.consumer_key.get_secret_value())

    @model_validator(mode="after")
    def _whole(self) -> "MagentoSettings":
        faults = []
        if not self.base_url.startswith(("https://", "http://")):
            faults.append("BASE_URL is missing or does not begin with https://")
        if not self.access_token.get_secret_value():
            faults.append("ACCESS_TOKEN is missing")
        given = [name for name in _SIGNED if getattr(self, name).get_secret_value()]
        if given:
            missing = [name.upper() for name in _SIGNED if name not in given]
            faults += [f"{name} is missing (signed calls need all four OAuth values)" for name in missing]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class MagentoOptions(BaseModel):
    """How this shop wants its orders, and what in it counts as stock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store_code: str = Field(default="default", pattern=r"^[a-z][a-z0-9_]*$", description="the store view's code")
    website: str = Field(default="base", pattern=r"^[A-Za-z0-9_]+$", description="the website whose stock is sold")
    store_id: int = Field(default=1, ge=1)
    increment_prefix: str = Field(default="JL-", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,15}$")
    payment_method: str = Field(default="checkmo", min_length=1, description="an enabled offline method")
    shipping_method: str = Field(default="flatrate_flatrate", min_length=1, description="carrier_method")
    shipping_description: str = "John Lewis Marketplace"
    order_state: Literal["new", "processing"] = "processing"
    order_status: str = Field(default="processing", min_length=1)
    customer_group_id: int = 0
    fallback_email_domain: str = Field(
        default="", pattern=r"^([a-z0-9.-]+\.[a-z]+)?$", description="empty: an order without e-mail is sent without"
    )
    fallback_phone: str = Field(default="", description="empty: an order without phone is sent without")
    ean_attribute: str = Field(default="ean", pattern=r"^[a-z][a-z0-9_]*$")
    sources: tuple[str, ...] = Field(default=(), description="empty: every enabled source linked to the stock")
    reservations: Literal["missing", "placed"] = Field(
        default="missing", description="placed: something in the shop reserves stock for orders that come over REST"
    )
    page_size: int = Field(default=200, ge=1, le=1000)
    calls_per_minute: int = Field(default=600, ge=10)
