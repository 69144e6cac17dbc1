"""Two sellers' pretend systems on real ports, for tests that run the flows as they run in production."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import uvicorn

from deployments.demo.processes import free_port
from sandbox.cin7_core import Cin7Core
from sandbox.kit import ScaledClock, System
from sandbox.magento import Credentials, Magento
from sandbox.slack import Slack
from sandbox.virtualstock import Account, Virtualstock

SCALE = 60.0  # limits, token lives and look-again times pass a minute a second
CREDENTIALS = Credentials("consumer-key-1", "consumer-secret-1", "access-token-1", "token-secret-1")
ACCOUNTS = {"harbour": "harbour-the-edge", "meadow": "meadow-the-edge"}
EANS = ("5012345678900", "5099999123451", "4006381333931")


@dataclass
class Sellers:
    """Everything outside of us: one marketplace with two accounts, a back office each, and Slack."""

    clock: ScaledClock
    marketplace: Virtualstock
    magento: Magento
    cin7_core: Cin7Core
    slack: Slack
    environment: dict[str, str] = field(default_factory=dict)

    def enrol(self, units: int = 1000) -> None:
        """Give both sellers the same three products, in stock on both sides."""
        for number, ean in enumerate(EANS, start=1):
            sku = f"MUG-{number}"
            self.magento.add_product(sku=sku, ean=ean, quantity=units)
            self.cin7_core.add_product(sku=sku, ean=ean, quantity=units)
            for account in ACCOUNTS.values():
                self.marketplace.add_product(account, stock_number=f"7400{number}", sku=sku, ean=ean, free_stock=units)

    def buy(self, installation: str, orders: int) -> list[str]:
        """Let customers of one seller buy; return the Customer Order Numbers."""
        account = ACCOUNTS[installation]
        bought = [self.marketplace.buy(account, f"MUG-{n % len(EANS) + 1}", 1 + n % 2) for n in range(orders)]
        return [reference for reference in bought if reference is not None]

    def taken(self, installation: str) -> list[str]:
        """Return the Customer Order Number of every living order with lines in the seller's back office."""
        office = self.magento if installation == "harbour" else self.cin7_core
        orders = office.dump()["orders"]
        return [one["reference"] for one in orders if one["reference"] and one["lines"] and one["state"] != "VOIDED"]

    def acknowledged(self, installation: str) -> list[str]:
        """Return the orders that the marketplace saw acknowledged."""
        orders = self.marketplace.dump()["accounts"][ACCOUNTS[installation]]["orders"]
        return [one["reference"] for one in orders if one["acknowledged_at"]]


@contextmanager
def sellers() -> Iterator[Sellers]:
    """Serve all systems on ports of their own until the block ends."""
    clock = ScaledClock(SCALE, datetime(2026, 11, 23, 8, 0, tzinfo=UTC), datetime.now(UTC))
    accounts = [
        Account(name, name, f"password-of-{name}", supplier_id=number)
        for number, name in enumerate(ACCOUNTS.values(), start=77)
    ]
    marketplace = Virtualstock(clock, accounts=accounts)
    magento = Magento(clock, credentials=CREDENTIALS, calls_per_minute=600)
    cin7_core = Cin7Core(clock, account_id="account-1", application_key="application-key-1")
    slack = Slack(clock, bot_token="xoxb-pretend", channels={"C1": "jl-harbour", "C2": "jl-meadow"}, limited=False)
    world = Sellers(clock, marketplace, magento, cin7_core, slack)
    with _served(marketplace) as edge, _served(magento) as shop, _served(cin7_core) as core, _served(slack) as chat:
        world.environment = {
            "CLOCK_SCALE": str(clock.scale),
            "CLOCK_EPOCH": clock.epoch.isoformat(),
            "CLOCK_STARTED": clock.started.isoformat(),
            "HARBOUR_MAGENTO_BASE_URL": shop,
            "HARBOUR_MAGENTO_CONSUMER_KEY": CREDENTIALS.consumer_key,
            "HARBOUR_MAGENTO_CONSUMER_SECRET": CREDENTIALS.consumer_secret,
            "HARBOUR_MAGENTO_ACCESS_TOKEN": CREDENTIALS.access_token,
            "HARBOUR_MAGENTO_ACCESS_TOKEN_SECRET": CREDENTIALS.access_token_secret,
            "MEADOW_CIN7_CORE_BASE_URL": core,
            "MEADOW_CIN7_CORE_ACCOUNT_ID": "account-1",
            "MEADOW_CIN7_CORE_APPLICATION_KEY": "application-key-1",
            "SLACK_API_URL": f"{chat}/api/",
            "SLACK_BOT_TOKEN": "xoxb-pretend",
        }
        for installation, account in ACCOUNTS.items():
            prefix = f"{installation.upper()}_VIRTUALSTOCK"
            world.environment[f"{prefix}_BASE_URL"] = edge
            world.environment[f"{prefix}_USERNAME"] = account
            world.environment[f"{prefix}_PASSWORD"] = f"password-of-{account}"
        yield world


def _served(system: System) -> AbstractContextManager[str]:
    """Serve one system in a thread and give its address."""
    return in_a_thread(uvicorn.Config(system.app, log_level="error", interface="asgi3", lifespan="off"))


@contextmanager
def in_a_thread(config: uvicorn.Config) -> Iterator[str]:
    """Serve an application on a free port, in a thread, and give its address."""
    config.port = free_port()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("An application that is served in a thread did not start.")
        thread.join(0.02)
    try:
        yield f"http://127.0.0.1:{config.port}"
    finally:
        server.should_exit = True
        thread.join(10)
