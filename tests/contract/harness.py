"""What the contract suite asks of the tests of a connector: one `Harness`, the same for every system.

The suite finds it as `tests.connectors.<system>.harness.Harness` for every system of the registry,
makes the connector by itself, and knows no vendor. A `FeedCase` or a `SinkCase` tells, for one role,
what the world can do at the pretend system; the suite asks the questions.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from connectors.roles import OpenOrder
from connectors.settings import SystemSettings
from sandbox.kit import System
from tests.contract.wire import Route
from tests.doubles import ManualClock

Path = tuple[str | int, ...]


def nobody() -> Sequence[OpenOrder]:
    """Return no open order: for feeds that need none."""
    return ()


@dataclass(frozen=True)
class FeedCase:
    """One feed: how good records come to be, and where in its answers the rows and closed lists of values stand.

    `lists` are the routes that bring the rows; of those in `uncounted` the vendor gives no true total,
    so that a lost row cannot be noticed there. `rows` returns the objects of such an answer
    that become records. `page` is how many records one page of the vendor holds.
    `enumerations` are the places, in an original, of values from a closed and documented list.
    `originals` cuts the originals of counts out of an answer, since none is kept of those that can be read.
    `leave` takes records out of a queue. `in_one_answer`: the vendor has no pages here, so that nothing
    between two of them can be asked about.
    """

    lists: tuple[Route, ...]
    rows: Callable[[Any], list[Any]]
    show: Callable[[int], Awaitable[list[str]]]
    page: int
    enumerations: tuple[Path, ...] = ()
    personal: bool = False
    about: Callable[[], Sequence[OpenOrder]] = nobody
    originals: Callable[[Any], list[Any]] | None = None
    leave: Callable[[Sequence[str]], None] | None = None
    uncounted: tuple[Route, ...] = ()
    in_one_answer: bool = False


@dataclass(frozen=True)
class SinkCase:
    """One sink: how a record comes to be that the vendor takes now, and what then stands at the vendor.

    `writes` are the routes that change something, in the order of their calls. `count` is how many
    things stand at the vendor for the record. `contradict` puts something else under its key.
    `errors_in_200` are bodies with which the vendor reports an error under HTTP 200. `spoiled` returns, where files
    are worked off later, a record that the vendor takes now and refuses in the file's report.
    """

    record: Callable[[], Awaitable[Any]]
    writes: tuple[Route, ...]
    count: Callable[[Any], int]
    contradict: Callable[[Any], None]
    errors_in_200: tuple[Any, ...] = ()
    spoiled: Callable[[], Awaitable[Any]] | None = None


class Harness(Protocol):
    """One account of a pretend system, with what its connector needs and what the world can do there.

    One whose account is folders and no HTTP says `speaks_http = False` and has `files`, a `Directory`:
    it is asked what is marked `over_files` in place of what is marked `over_http`, and all the rest.

    `throttled` are the codes by which the vendor says "too many calls". `renews_sign_in` tells that
    a refused token is replaced. `feeds` and `sinks` are the cases by role. `personal` are words that stand in every person's field and nowhere else.
    """

    clock: ManualClock
    sandbox: System
    settings: SystemSettings
    options: BaseModel
    personal: tuple[str, ...]
    throttled: frozenset[int]
    renews_sign_in: bool
    feeds: Mapping[type, FeedCase]
    sinks: Mapping[type, SinkCase]
