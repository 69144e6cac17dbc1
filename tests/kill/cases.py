"""A case: kill a job at one effect, run it again three times, and judge. A campaign: one case for every effect."""

import gc
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path

from tests.kill.processes import FORK, LATER, LATER_SECONDS, Vendors, Worker, work_here
from tests.kill.verdict import faults
from tests.kill.worlds import Job, World

AT_ONCE = 2


@dataclass
class Case:
    """A job killed at its effect `dies_at` (0: undisturbed), and what was wrong after its re-runs."""

    dies_at: int
    kinds: tuple[str, ...] = ()
    killed: bool = False
    faults: list[str] = field(default_factory=list)


@dataclass
class Campaign:
    """A job undisturbed, which counts its effects, then a case for each that was chosen."""

    undisturbed: Case
    chosen: list[int]
    cases: list[Case] = field(default_factory=list)

    @property
    def failures(self) -> dict[int, list[str]]:
        """Return what was wrong, by the number of the effect at which the job was killed."""
        return {case.dies_at: case.faults for case in (self.undisturbed, *self.cases) if case.faults}


def campaign(
    office: str,
    job: Job,
    sabotage: Callable[[], None] | None = None,
    *,
    until_caught: tuple[str, str] | None = None,
    market: str = "virtualstock",
    turn: int | None = None,
) -> Campaign:
    """Kill a job of one back office at every effect, or with a `turn` at one of each kind.

    `until_caught` is a kind of effect that is tried first, and the name of a fault, at the first of which it stops.
    """
    assert threading.active_count() == 1, "a process with more threads than one may not be forked"
    with tempfile.TemporaryDirectory(prefix="kill-") as folder, chdir(folder):
        world = World(office, Path(folder), market)
        world.live(job)
        gc.freeze()  # or every fork copies what its collector touches
        [undisturbed] = _cases(world, job, sabotage, [0])
        done = Campaign(undisturbed, chosen(undisturbed.kinds, turn))
        first, fault_sought = until_caught or ("", "")
        in_turn = sorted(done.chosen, key=lambda number: not undisturbed.kinds[number - 1].startswith(first))
        for case in _cases(world, job, sabotage, in_turn):
            done.cases.append(case)
            if fault_sought and any(fault_sought in fault for fault in case.faults):
                break
        done.cases.sort(key=lambda case: case.dies_at)
        return done


def chosen(kinds: Sequence[str], turn: int | None) -> list[int]:
    """Return the numbers of all effects; or with a `turn` one of every second kind, others in turn, so that all are had in the end."""
    if turn is None:
        return list(range(1, len(kinds) + 1))
    numbers: dict[str, list[int]] = {}
    for number, kind in enumerate(kinds, 1):
        numbers.setdefault(sort_of(kind), []).append(number)
    return sorted(same[turn // 2 % len(same)] for same in list(numbers.values())[turn % 2 :: 2])


def sort_of(kind: str) -> str:
    """Return what a kind of effect counts as: whoever dies at a call that only reads leaves nothing that another would not."""
    return "a call that only reads" if " GET " in kind and not kind.startswith("a commit") else kind


def _cases(world: World, job: Job, sabotage: Callable[[], None] | None, numbers: Iterable[int]) -> Iterator[Case]:
    """Yield the cases as they end; each runs in a fork of this process, so all begin from one and the same world."""
    coming, running = iter(numbers), dict[Connection, ForkProcess]()
    try:
        while True:
            for number in islice(coming, AT_ONCE - len(running)):
                here, there = FORK.Pipe(duplex=False)
                process = FORK.Process(target=_run, args=(world, job, number, sabotage, there))
                process.start()
                there.close()
                running[here] = process
            if not running:
                return
            for ended in [one for one in wait(list(running)) if isinstance(one, Connection)]:
                case: Case = ended.recv()
                running.pop(ended).join()
                yield case
    finally:
        for process in running.values():
            process.join()


def _run(world: World, job: Job, dies_at: int, sabotage: Callable[[], None] | None, told: Connection) -> None:
    if sabotage is not None:
        sabotage()
    world.clock.part()
    folder = Path(tempfile.mkdtemp(dir=world.ledger.parent))
    world.move_to(folder)
    vendors = Vendors(world)
    try:
        told.send(_killed_and_run_again(world, job, dies_at, vendors))
    finally:
        vendors.close()
        shutil.rmtree(folder)


def _killed_and_run_again(world: World, job: Job, dies_at: int, vendors: Vendors) -> Case:
    slices, once = job.slices, tuple(dict.fromkeys(job.slices))
    first = Worker(world, slices, dies_at)
    code = first.end()
    world.clock.move(LATER_SECONDS)
    other = Worker(world, once)
    codes = [work_here(world, once), other.end()]
    world.clock.move(LATER_SECONDS)
    settling = (LATER, *once, *job.afterwards) * max(job.settles_in, world.market.settles_in)
    codes.append(work_here(world, (*slices, *job.afterwards, *settling)))
    wrong = [f"re-run {number} ended with exit code {ended}" for number, ended in enumerate(codes, 1) if ended]
    if code not in {0, -signal.SIGKILL}:
        wrong.append(f"the first run ended with exit code {code}")
    return Case(dies_at, first.kinds, code == -signal.SIGKILL, wrong + faults(job, vendors.dumps(), world.ledger))
