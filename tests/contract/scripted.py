"""An account whose vendor answers by a script."""

from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.http import Account, Surroundings
from domain.budgets import Limit
from tests.contract.wire import Answer
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Script(httpx.AsyncBaseTransport):
    """Gives the answers one after the other, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request)


class Token:
    """A sign-in that counts, and can renew itself so many times."""

    def __init__(self, renewals: int) -> None:
        self.renewals, self.signed = renewals, 0

    async def sign(self, request: httpx.Request) -> None:
        self.signed += 1
        request.headers["authorization"] = f"Bearer token-{self.signed}"

    async def renew(self) -> bool:
        self.renewals -= 1
        return self.renewals >= 0


def account(*answers: Answer, budgets: Any = None, **changes: Any) -> tuple[Account, Script, OpenBudgets, KeptArchive]:
    script, open_budgets, archive = Script(*answers), OpenBudgets(), KeptArchive()
    around = Surroundings(ManualClock(NOW), budgets or open_budgets, archive, script)
    return Account("harbour", "https://vendor.example", Limit(60), around, **changes), script, open_budgets, archive


async def write(*answers: Answer, **changes: Any) -> Any:
    return await account(*answers, **changes)[0].write("POST", "/orders", body={"n": 1})


async def read(*answers: Answer, **changes: Any) -> Any:
    return await account(*answers, **changes)[0].read("GET", "/orders")
