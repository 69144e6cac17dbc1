"""What our connectors ask and the pretend systems answer: every role of a system, walked once in process."""

import email.parser
import email.policy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from connectors.roles import DeclaresFacts, TakesDispatches
from domain.answers import Accepted, Contradicted, Done, Finding
from tests.contract.joint import Joint, walk

SHOWN = 3


@dataclass(frozen=True)
class Call:
    """One call that went over the wire, its bodies parsed; a form is the mapping of its fields."""

    method: str
    path: str
    query: tuple[str, ...]
    request: Any
    status: int
    answer: Any


async def traffic(system: str) -> list[Call]:
    """Return the calls of one system: what a probe reads, each feed with a few records, each sink with one."""
    joint = Joint.of(system)
    for role, feed_case in joint.harness.feeds.items():
        await feed_case.show(SHOWN)
        await walk(joint.feed(role), feed_case)
    for role, sink_case in joint.harness.sinks.items():
        await _given(joint, role, await sink_case.record(), Done | Accepted)
        if sink_case.spoiled is not None:
            finding = await _given(joint, role, await sink_case.spoiled(), Accepted)
            if not isinstance(finding, Contradicted):
                raise RuntimeError(f"{system}: {role.__name__} found {finding} where the report refuses")
    await joint.connector.check()
    if isinstance(joint.connector, TakesDispatches):
        await joint.connector.carriers()
    for fact in joint.connector.facts() if isinstance(joint.connector, DeclaresFacts) else ():
        if fact.look is not None:
            await fact.look()
    return [_call(*exchange) for exchange in joint.wire.exchanges]


async def _given(joint: Joint, role: type, record: Any, expected: Any) -> Finding:
    """Send one record and look it up, by its ticket where it has one."""
    sink = joint.sink(role)
    answer = (await sink.send([record]))[record.key]
    if not isinstance(answer, expected):
        raise RuntimeError(f"{joint.system}: {role.__name__} answered {answer} to a good record")  # noqa: TRY004
    if isinstance(answer, Accepted) and hasattr(record, "ticket"):
        record = record.model_copy(update={"ticket": answer.ticket})
    joint.harness.clock.move(sink.visible_after.total_seconds() + 60)
    return (await sink.find([record]))[record.key]


def _call(request: httpx.Request, status: int, body: bytes) -> Call:
    asked = _parsed(request.content, request.headers.get("content-type", "application/json"))
    query = tuple(dict.fromkeys(request.url.params.keys()))
    return Call(request.method, request.url.path, query, asked, status, _parsed(body, "application/json"))


def _parsed(content: bytes, media_type: str) -> Any:
    if not content.strip():
        return None
    if media_type.startswith("multipart/form-data"):
        return _fields(content, media_type)
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def _fields(content: bytes, media_type: str) -> dict[str, str]:
    head = f"content-type: {media_type}\r\n\r\n".encode()
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + content)
    parts: Sequence[Any] = list(form.iter_parts())
    return {str(part.get_param("name", header="content-disposition")): part.get_content() for part in parts}
