"""An installation: one John Lewis account joined to one back office, with its policy."""

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.holds import HOLD_TYPES, Owner
from domain.orders import OrderPolicy

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
OwnerName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Mention = Annotated[
    str, StringConstraints(pattern=r"^<(@[UW][A-Z0-9]{1,30}|!subteam\^S[A-Z0-9]{1,30}|!here|!channel)>$")
]
"""What notifies in Slack: a person, a user group, or who is in the channel."""


class Mode(StrEnum):
    """OFF: the loop does not run. OBSERVE: it files and gates, and shows what it would send. TRADE: it sends."""

    OFF = "off"
    OBSERVE = "observe"
    TRADE = "trade"


class Side(StrEnum):
    """The two sides of an installation."""

    MARKETPLACE = "marketplace"
    BACK_OFFICE = "back_office"


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Endpoint(_Settings):
    """One account of one system. Secrets are not here: they come from the environment."""

    system: str
    account: str = Field(min_length=1)
    options: dict[str, Any] = {}


class LoopSettings(_Settings):
    """How one loop runs."""

    mode: Mode = Mode.OBSERVE
    every_seconds: int = Field(default=60, ge=10)


class Loops(_Settings):
    """The loops, each switched by itself."""

    orders: LoopSettings = LoopSettings()
    stock: LoopSettings = LoopSettings(every_seconds=300)
    dispatch: LoopSettings = LoopSettings()
    items: LoopSettings = LoopSettings(every_seconds=3600)


class StockPolicy(_Settings):
    """What of the stock is offered.

    `buffer_owner` says where the safety quantity is subtracted: here, or in the back office; never twice.
    """

    pools: tuple[str, ...] = Field(default=(), description="pools that count; empty: all that the back office gives")
    other_pools: tuple[str, ...] = Field(default=(), description="known pools that do not count, so not reported")
    buffer_owner: Literal["layer", "back_office"] = "layer"
    buffer: int = Field(default=0, ge=0)
    buffers: dict[str, Annotated[int, Field(ge=0)]] = {}
    age_limit_minutes: int = Field(default=240, ge=5)
    late_after_minutes: int = Field(
        default=30, ge=5, description="how long a changed number may wait to be shown before operations is called"
    )

    @model_validator(mode="after")
    def _one_buffer(self) -> "StockPolicy":
        if self.buffer_owner == "back_office" and (self.buffer or self.buffers):
            raise ValueError("the back office owns the buffer: remove buffer and buffers here, or they count twice")
        return self

    def unmapped(self, pools: Iterable[str]) -> list[str]:
        """Return those of these pools that are named nowhere here; none while all pools count."""
        return sorted(set(pools) - {*self.pools, *self.other_pools}) if self.pools else []

    def buffer_for(self, sku: str) -> int:
        """Return the safety quantity of a SKU."""
        return self.buffers.get(sku, self.buffer)


class Orders(_Settings):
    """How the account wants its orders handled."""

    accept_test_orders: bool = False
    acceptance_first: bool = Field(
        default=False, description="the marketplace gives the address only after acceptance: accept, then create"
    )
    accept_within_hours: float | None = Field(
        default=None, gt=0, description="after that the marketplace refuses an order by itself; none: no such clock"
    )
    acknowledges: bool = True
    currencies: tuple[str, ...] = ("GBP",)
    dispatch_within_working_days: int = Field(default=2, ge=0)
    go_live_at: AwareDatetime | None = Field(
        default=None, description="orders placed before are looked up before they are sent; none: the first trading run"
    )
    partly_shipped_hours: int = Field(
        default=24, ge=1, description="how long an order may stay shipped in part before a person is called"
    )
    asked_after_cancellation_days: int = Field(
        default=14, ge=1, description="how long a cancelled order is still asked about: it may be shipped all the same"
    )
    dispatch_cut_off_hour: int = Field(default=14, ge=0, le=23, description="in Europe/London")

    @property
    def policy(self) -> OrderPolicy:
        """Return the part that decides what an order owes."""
        return OrderPolicy(acceptance_first=self.acceptance_first, acknowledges=self.acknowledges)


class Retention(_Settings):
    """How long the ledger keeps what has ended."""

    persons_days: int = Field(
        default=30, ge=1, description="personal data, after its order is final; and answers that were kept to be seen"
    )
    records_days: int = Field(
        default=400, ge=60, description="everything else, after its order is final; no personal data is kept longer"
    )

    @model_validator(mode="after")
    def _persons_first(self) -> "Retention":
        if self.persons_days > self.records_days:
            raise ValueError("persons_days must not be more than records_days: with the record goes its personal data")
        return self


class FormerMarketplace(Endpoint):
    """An account of the marketplace that was left: what came over it is finished there, and nothing more is offered."""

    orders: Orders | None = Field(
        default=None, description="how that account wants its orders handled; none: as that of today"
    )


class Escalation(_Settings):
    """Who is told of a cause that nobody takes: one after the other, as `domain.escalation` says."""

    after_minutes: int = Field(default=60, ge=5, description="how long who was told has to take it, at the most")
    to: tuple[OwnerName, ...] = Field(
        default=(Owner.OPERATIONS,), description="the next owners in order; empty: nobody"
    )
    mentions: dict[str, Mention] = Field(default={}, description="how Slack calls somebody of `to`")

    @field_validator("to")
    @classmethod
    def _once_each(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({name for name in to if to.count(name) > 1}):
            raise ValueError(f"named twice: {', '.join(twice)}")
        return to

    @field_validator("mentions")
    @classmethod
    def _of_the_chain(cls, mentions: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if "to" in info.data and (unknown := sorted(set(mentions) - set(info.data["to"]))):
            raise ValueError(f"nobody of `to`, so never told: {', '.join(unknown)}")
        return mentions


class CarrierMapping(_Settings):
    """One reviewed line: a carrier of the back office is this code at John Lewis. `service` empty: any service."""

    carrier: str = Field(min_length=1)
    service: str = ""
    code: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    review_on: date


class Installation(_Settings):
    """Everything about one installation that is not secret."""

    name: Name
    marketplace: Endpoint
    back_office: Endpoint
    former_marketplaces: tuple[FormerMarketplace, ...] = Field(
        default=(), description="accounts that were left, until all that came over them is finished"
    )
    product_master: Side = Field(
        description="whose products are the item master; the other side's items need not exist"
    )
    loops: Loops = Loops()
    stock: StockPolicy = StockPolicy()
    orders: Orders = Orders()
    retention: Retention = Retention()
    owners: dict[str, str] = {}
    escalation: Escalation = Escalation()
    carriers: tuple[CarrierMapping, ...] = ()
    approved_carriers: tuple[str, ...] = Field(
        default=(), description="the codes that John Lewis gave this seller; empty: all that the account lists"
    )
    tracking_numbers: dict[str, str] = Field(
        default={}, description="by carrier code, the regular expression that a whole tracking number of it fits"
    )
    slack_channel: str = ""

    @field_validator("owners")
    @classmethod
    def _known_types(cls, owners: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(owners) - set(HOLD_TYPES)):
            raise ValueError(f"no such hold types: {', '.join(unknown)}; there are: {', '.join(sorted(HOLD_TYPES))}")
        return owners

    @field_validator("carriers")
    @classmethod
    def _no_doubles(cls, carriers: tuple[CarrierMapping, ...]) -> tuple[CarrierMapping, ...]:
        seen: set[tuple[str, str]] = set()
        for mapping in carriers:
            if (mapping.carrier, mapping.service) in seen:
                raise ValueError(f"carrier {mapping.carrier!r}, service {mapping.service!r} is mapped twice")
            seen.add((mapping.carrier, mapping.service))
        return carriers

    @model_validator(mode="after")
    def _forms_of_carriers(self) -> "Installation":
        """Refuse a form that would never be compared: it guards nothing."""
        codes = {mapping.code for mapping in self.carriers} | set(self.approved_carriers)
        for code, form in self.tracking_numbers.items():
            if code not in codes:
                raise ValueError(f"tracking_numbers: {code!r} is no code of carriers, nor of approved_carriers")
            try:
                re.compile(form)
            except re.error as fault:
                raise ValueError(f"tracking_numbers: that of {code!r} is no regular expression: {fault}") from None
        return self

    @model_validator(mode="after")
    def _apart(self) -> "Installation":
        everyone = (self.marketplace, *self.former_marketplaces)
        if len({one.account for one in everyone}) < len(everyone) or any("@" in one.account for one in everyone):
            raise ValueError("marketplace and former_marketplaces must name different accounts, without @")
        if len({one.system for one in everyone}) < len(everyone):
            raise ValueError(
                "marketplace and former_marketplaces must be of different systems: two accounts of one system would "
                "read the same secrets; begin a new installation for the new account"
            )
        return self

    def over(self, former: FormerMarketplace) -> "Installation":
        """Return the installation as it is for what came over an account that was left."""
        changed = {"marketplace": former, "former_marketplaces": (), "orders": former.orders or self.orders}
        return self.model_copy(update=changed)

    def endpoint(self, side: Side) -> Endpoint:
        """Return the account of one side."""
        return self.marketplace if side is Side.MARKETPLACE else self.back_office

    def owner_of(self, hold_type: str) -> str:
        """Return who owns a hold type here: the installation's choice, else the usual owner."""
        return self.owners.get(hold_type, HOLD_TYPES[hold_type].owner)
