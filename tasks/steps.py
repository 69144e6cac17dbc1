"""The steps as Prefect tasks: retried when a system is unavailable, never cached, nothing of them persisted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import task_run

from domain.answers import Unavailable
from domain.clock import Clock
from tasks import calls as _calls
from tasks import carriers as _carriers
from tasks import confirm as _confirm
from tasks import filing as _filing
from tasks import judge as _judge
from tasks import picking as _picking
from tasks import pull as _pull
from tasks import push as _push
from tasks.faults import is_fault, note_fault
from tasks.pull import Pulled
from tasks.run import Run, clock_from_environment

P = ParamSpec("P")
T = TypeVar("T")
RETRY_SECONDS = (2.0, 10.0)
RETRIES = len(RETRY_SECONDS)


async def only_if_unavailable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell Prefect to retry a step only when a system was unavailable: nothing was done, and others went on.

    Asynchronous, as in an event loop the plain `result` hands out a coroutine, which is no exception.
    """
    return isinstance(await state.aresult(raise_on_failure=False), Unavailable)


def waits(clock: Clock) -> list[float]:
    """Return how long the machine waits before each retry: systems recover in business time."""
    return [seconds / clock.machine(1).total_seconds() for seconds in RETRY_SECONDS]


def step(function: Callable[Concatenate[Run, P], Awaitable[T]], name: str) -> Task[Concatenate[Run, P], Any]:
    """Make a step a task. It is retried while a system is unavailable; after that the run goes on without that system.

    Where our own code broke, and no record alone is to blame, it is noted and the other steps go on.
    """

    async def attempt(run: Run, *arguments: P.args, **named: P.kwargs) -> T | None:
        noted = len(run.troubles)
        try:
            result = await function(run, *arguments, **named)
        except Exception as fault:
            if not is_fault(fault):
                raise
            note_fault(run, fault)
            return None
        fresh = run.troubles[noted:]
        again = (task_run.run_count or 0) <= RETRIES and all(isinstance(trouble, Unavailable) for trouble in fresh)
        if result is None and fresh and again:
            del run.troubles[noted:]
            raise fresh[0]
        return result

    return task(  # type: ignore[call-overload, no-any-return] # prefect types its decorator by overloads
        attempt,
        name=name,
        retries=RETRIES,
        retry_delay_seconds=waits(clock_from_environment()),
        retry_condition_fn=only_if_unavailable,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


confirm = step(_confirm.confirm, "confirm")
gate = step(_judge.judge, "gate")
file = step(_filing.file, "file")
push = step(_push.push, "push")
compare_carriers = step(_carriers.compare_carriers, "compare carriers")
keep_called = step(_calls.keep_called, "keep called")
look_after_picking = step(_picking.look_after_picking, "look after picking")
_pull_chunk = step(_pull.pull_chunk, "pull")


async def pull(run: Run) -> AsyncIterator[Pulled]:
    """Yield chunk after chunk of every intake; each chunk is a task run of its own."""
    for intake in run.intakes():
        while (chunk := await _pull_chunk(run, intake)) is not None:
            yield chunk
