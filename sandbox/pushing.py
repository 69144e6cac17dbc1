"""How the pretend systems reach a seller's receiver over the wire, each in its own rhythm."""

import asyncio
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from sandbox.cin7_core import Cin7Core
from sandbox.fulfil import Fulfil
from sandbox.kit import System
from sandbox.seko import Seko

PUSH_SECONDS = 10.0
PUSHED_EVERY_SECONDS = 30.0
"""How often, on the system's clock, those that push at once look for what is to go."""


async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Push a body to a seller; the status is 0 when nobody answered."""

    def send() -> tuple[int, bytes]:
        request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - as below
        try:
            with urlopen(request, timeout=PUSH_SECONDS) as answer:  # noqa: S310 - the address is the configuration's
                return int(answer.status), answer.read()
        except HTTPError as refused:
            return refused.code, b""
        except OSError:
            return 0, b""

    return await asyncio.to_thread(send)


async def push_for_ever(system: System) -> None:
    """Let a system push what it has to push, as long as it is served; one that pushes nothing is done at once."""

    async def status(url: str, headers: dict[str, str], body: bytes) -> int:
        return (await post(url, headers, body))[0]

    match system:
        case Seko():
            await system.push_for_ever()
        case Fulfil() | Cin7Core():
            pushes = system.pushes if isinstance(system, Fulfil) else system.company.webhooks
            while True:
                await pushes.deliver(status)
                await system.clock.sleep(PUSHED_EVERY_SECONDS)
