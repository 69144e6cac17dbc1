"""What strains a simulated run: calls that are watched as they arrive, and processes that are suspended or killed."""

import asyncio
import json
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import httpx

from connectors.roles import Sink, WorksFilesOff
from domain.records import Availability
from tasks.loops import Route
from tasks.run import Run
from tests.stateful.effects import Process

if TYPE_CHECKING:
    from tests.stateful.machine import Machine

QUANTITY = re.compile(rb'("(?:qty|quantity|quantity_available|Available|Quantity|atpQty)": ?)[1-9][0-9]*')
_OF_THE_BODY = {"content-length", "content-encoding", "transfer-encoding"}
STOCK = re.compile(
    r".*/(source-items|export-stock-salable-qty/.*|productavailability|product\.product/read|stock/v3/quantity|availability)"
)


def misread(content: bytes, references: Collection[str]) -> bytes:
    """Return an answer in which the quantities of these orders are no whole numbers, in either marketplace's words."""
    try:
        answer = json.loads(content)
    except ValueError:
        return content
    waiting = [answer]
    while waiting:
        one = waiting.pop()
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if isinstance(one, dict) and {one.get("order_reference"), one.get("order_id")} & set(references):
            for line in one.get("items") or one.get("order_lines") or ():
                line["quantity"] = "1.0 "
    return json.dumps(answer).encode()


class Watched(httpx.AsyncBaseTransport):
    """Sees every call arrive: what is published, what is in flight, what a glitch shows, which orders cannot be read."""

    def __init__(self, machine: "Machine", inner: httpx.AsyncBaseTransport) -> None:
        self._machine, self._inner = machine, inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the call on and watch what it did."""
        machine, path = self._machine, request.url.path
        of_market = request.url.host == machine.market.host
        sent = machine.market.sends(machine.edge, request, await request.aread()) if of_market else {}
        before = machine.watch.begins(sent)
        try:
            await asyncio.sleep(machine.random.uniform(0.01, 0.3))
            response = await self._inner.handle_async_request(request)
            await asyncio.sleep(machine.random.uniform(0.01, 0.3))
        finally:
            machine.watch.ends(sent, before)
        if not of_market and request.method != "GET":
            machine.watch.check()
        if of_market and request.method == "GET" and "orders" in path and machine.actors.misread_now:
            content = misread(await response.aread(), machine.actors.misread_now)
            headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_BODY}
            return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(content))
        if machine.glitching and STOCK.fullmatch(path):
            content = QUANTITY.sub(rb"\g<1>0", await response.aread())
            return httpx.Response(response.status_code, stream=httpx.ByteStream(content))
        return response


class Stalling:
    """A sink of a process that is now and then suspended, or killed, between the answer and its commit."""

    def __init__(self, machine: "Machine", process: Process, inner: Sink[Any]) -> None:
        self._machine, self._process, self._inner = machine, process, inner
        self.batch, self.parallel, self.visible_after = inner.batch, inner.parallel, inner.visible_after
        if isinstance(inner, WorksFilesOff):
            self.ticket_limit = inner.ticket_limit
        self.zero_overtakes = getattr(inner, "zero_overtakes", False)

    async def send(self, records: Sequence[Any]) -> Any:
        """Send, and sometimes sleep on the answer for longer than any lease."""
        for record in records:
            if isinstance(record, Availability):
                self._machine.watch.as_of[record.sku] = record.as_of
        try:
            return await self._inner.send(records)
        finally:
            await self._suffer()

    async def _suffer(self) -> None:
        machine, chance = self._machine, self._machine.random.random()
        if machine.quiet:
            return
        if chance < machine.profile.stall:
            machine.note("a process is suspended")
            await asyncio.sleep(machine.profile.stall_seconds)
        elif chance < machine.profile.stall + machine.profile.die_before_commit:
            self._process.kill()

    async def find(self, records: Sequence[Any]) -> Any:
        """Ask the true sink."""
        return await self._inner.find(records)


class StallingRun(Run):
    """A run whose sinks may stall."""

    machine: "Machine"
    process: Process

    def sink(self, route: Route) -> Sink[Any]:
        """Return the stalling sink of a route."""
        return Stalling(self.machine, self.process, super().sink(route))
