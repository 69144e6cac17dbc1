"""The back offices that the simulator can put behind an installation: one entry each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.cin7_core import Cin7Core
from sandbox.deposco import Credentials as DeposcoCredentials
from sandbox.deposco import Deposco
from sandbox.fulfil import Fulfil
from sandbox.kit import Clock
from sandbox.magento import Credentials, Magento
from sandbox.seko import Seko


@dataclass(frozen=True)
class Office:
    """How to make one, how the product reaches it, and which of its calls write."""

    system: str
    make: Callable[[Clock, int], Any]
    environment: dict[str, str]
    writes: tuple[tuple[str, str], ...]
    options: dict[str, Any] = field(default_factory=dict)
    product_master: str = "back_office"

    @property
    def host(self) -> str:
        return f"{self.system.replace('_', '-')}.test"

    def installation(self, name: str, epoch: datetime) -> dict[str, Any]:
        """Return the installation that joins it to the marketplace, trading on every loop."""
        return {
            "name": name,
            "marketplace": {
                "system": "virtualstock",
                "account": f"{name}-marketplace",
                "options": {"time_zone": "UTC"},
            },
            "back_office": {"system": self.system, "account": f"{name}-office", "options": self.options},
            "product_master": self.product_master,
            "loops": {loop: {"mode": "trade"} for loop in ("orders", "stock", "dispatch", "items")},
            "orders": {"go_live_at": epoch, "accept_test_orders": True},
            "stock": {"age_limit_minutes": 30},
            "carriers": [
                {"carrier": carrier, "code": code, "owner": "warehouse", "review_on": "2027-01-31"}
                for carrier, code in (("DPD", "dpd"), ("Evri", "evri"))
            ],
        }


def _secrets(system: str, **values: str) -> dict[str, str]:
    prefix = f"HARBOUR_{system.upper()}_"
    return {
        **{f"{prefix}{name.upper()}": value for name, value in values.items()},
        f"{prefix}BASE_URL": f"http://{system.replace('_', '-')}.test",
    }


_CLIENT = DeposcoCredentials("client", "client-secret", "api-user", "v1-password", "refresh-token")
_KEYS = Credentials("consumer", "consumer-secret", "token", "token-secret")


def _fulfil(clock: Clock, seed: int) -> Fulfil:
    """Every second tenant plans its orders a while after it took them: until then its stock does not know of them."""
    made = Fulfil(clock, seed=seed, api_key="key")
    made.switches.processing_seconds = 90.0 * (seed % 2)
    return made


OFFICES = {
    "magento": Office(
        "magento",
        lambda clock, seed: Magento(clock, seed=seed, credentials=_KEYS),
        _secrets(
            "magento",
            consumer_key="consumer",
            consumer_secret="consumer-secret",
            access_token="token",
            access_token_secret="token-secret",
        ),
        (("POST", "/rest/default/V1/orders"),),
    ),
    "cin7_core": Office(
        "cin7_core",
        lambda clock, seed: Cin7Core(clock, seed=seed, account_id="account", application_key="key"),
        _secrets("cin7_core", account_id="account", application_key="key"),
        (("POST", "/ExternalApi/v2/sale"), ("POST", "/ExternalApi/v2/sale/order")),
        {"price_when_unsent": "0"},  # a file of an order names no price
    ),
    "deposco": Office(
        "deposco",
        lambda clock, seed: Deposco(clock, seed=seed, credentials=_CLIENT),
        _secrets(
            "deposco",
            tenant="ACME",
            client_id="client",
            client_secret="client-secret",
            refresh_token="refresh-token",
            user="api-user",
            password="v1-password",
        ),
        (("POST", "/latest/orders/salesOrders"), ("POST", "/latest/orders/salesOrders/[0-9]+/status")),
        {"business_unit": "JLUK", "default_service": {"carrier": "DPD", "service": "Next Day"}},
    ),
    "fulfil": Office(
        "fulfil",
        _fulfil,
        _secrets("fulfil", api_key="key"),
        (("PUT", r"/api/v2/model/sale\.channel/create_order"),),
        {"channel": 37, "price_when_unsent": "0"},
    ),
    "seko": Office(
        "seko",
        lambda clock, seed: Seko(clock, seed=seed, token="seko-token", stock_window_seconds=60, stock_lag_seconds=60),
        {**_secrets("seko", token="seko-token"), "HARBOUR_SEKO_LEGACY_BASE_URL": "http://seko.test"},
        (("POST", "/api/salesorders/v4/websubmit"),),
        # nothing receives its pushes here: the sweep alone brings dispatches
        {"legacy_reads": True, "push_patience_minutes": 0, "stock_every_minutes": 1, "stock_lag_minutes": 1},
        product_master="marketplace",
    ),
}
