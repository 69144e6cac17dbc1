"""A probe is safe on a live account: no call that may change something reaches a system, whatever is tried."""

import re
from typing import Any

import pytest

from connectors.facts import Fact, Seen
from connectors.http import Surroundings
from connectors.read_only import ReadOnly, WouldWrite
from connectors.registry import SYSTEMS
from connectors.roles import DeclaresFacts
from tests.contract.joint import FEEDS, SINKS, Joint, outcome, played
from tests.directory import Directory

DECLARING = [name for name, system in sorted(SYSTEMS.items()) if DeclaresFacts in system.__mro__]


class Guarded:
    """A connector that may only read, joined to its pretend system beside one that may do all."""

    def __init__(self, system: str) -> None:
        self.joint = Joint.of(system)
        joint, connector = self.joint, SYSTEMS[system]
        self.only_reads: tuple[tuple[str, str], ...] = getattr(connector, "only_reads", ())
        self.files: Directory | None = getattr(joint.harness, "files", None)
        guard = ReadOnly(self.only_reads, inner=joint.wire)
        around = Surroundings(joint.harness.clock, joint.budgets, joint.archive, guard, self.files, only_reads=True)
        self.connector: Any = connector("harbour", joint.harness.settings, joint.harness.options, around)

    def mark(self) -> tuple[int, int]:
        """Return how many calls and changes of files there were."""
        return len(self.joint.wire.requests), len(self.files.changes) if self.files else 0

    def written(self, since: tuple[int, int]) -> list[str]:
        """Return the calls since then that are no reads, and what changed in folders."""
        return [f"{call} {path}" for call, path in (self.files.changes[since[1] :] if self.files else ())] + [
            f"{request.method} {request.url.path}"
            for request in self.joint.wire.requests[since[0] :]
            if request.method not in {"GET", "HEAD"}
            and not any(
                request.method == verb and re.fullmatch(path, request.url.path) for verb, path in self.only_reads
            )
        ]


async def test_no_write_of_any_sink_reaches_the_system(any_sink: tuple[str, type]) -> None:
    system, role = any_sink
    guarded = Guarded(system)
    case = guarded.joint.sink_case(role)
    record = await case.record()
    sink, count, calls = guarded.joint.sink(role), case.count(record), guarded.mark()
    ended = await outcome(getattr(guarded.connector, SINKS[role]), record)
    assert isinstance(ended, WouldWrite), ended
    assert guarded.written(calls) == []
    assert case.count(record) == count
    await outcome(sink, record)
    assert guarded.written(calls), "the sink that may write does write, so the guard was what stopped it"


@pytest.mark.parametrize("declaring", DECLARING)
async def test_every_look_only_reads_and_says_something(declaring: str) -> None:
    guarded = Guarded(declaring)
    harness = guarded.joint.harness
    for role in sorted(played(SYSTEMS[declaring]) & FEEDS.keys(), key=lambda one: one.__name__):
        await harness.feeds[role].show(3)
    before, calls = harness.sandbox.dump(), guarded.mark()
    await guarded.connector.check()
    facts: tuple[Fact, ...] = tuple(guarded.connector.facts())
    assert any(fact.look for fact in facts)
    for fact in facts:
        assert fact.look or fact.ask, f"{fact.statement}: nobody could ever find out"
        if fact.look:
            seen = await fact.look()
            assert isinstance(seen, Seen)
            assert seen.what
            assert not [word for word in harness.personal if word in seen.what]
    assert guarded.written(calls) == []
    assert harness.sandbox.dump() == before


@pytest.mark.parametrize("declaring", DECLARING)
async def test_on_an_empty_account_a_look_says_that_there_is_nothing(declaring: str) -> None:
    guarded = Guarded(declaring)
    for fact in guarded.connector.facts():
        if fact.look:
            assert isinstance(await fact.look(), Seen)


def test_every_system_declares_facts() -> None:
    assert sorted(SYSTEMS) == DECLARING
