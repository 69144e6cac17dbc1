"""The gate: which records may go on, and what is wrong with the others."""

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from domain.counts import Counts
from domain.identifiers import near_miss, visible
from domain.limits import OrderLimits
from domain.records import Dispatch, Kind, SalesOrder
from expectations.facts import Facts
from expectations.frames import Frame, dispatch_frame, sales_order_frame, stock_level_frame

__all__ = ["Facts", "Failure", "GateBroken", "Verdict", "gate", "load"]

_COLLECT_EVERY = 20_000  # objects that came and stayed; Python's own 700 walk a chunk of a thousand orders sixty times
_COMPARISONS_FOR_SUGGESTIONS = 200_000  # about a second; a page with more unknown SKUs has one cause, not many typos

_ABOUT_SKUS = {"sku_form", "unknown_sku"}

_FRAMES: dict[Kind, Callable[[Any, Facts], Frame]] = {
    Kind.SALES_ORDER: sales_order_frame,
    Kind.STOCK_LEVEL: stock_level_frame,
    Kind.DISPATCH: dispatch_frame,
}


class GateBroken(RuntimeError):
    """The gate itself could not judge: an error of this software, never of a record. Nothing may go on."""


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong with a record. `value` is worded for a person and holds no personal data."""

    key: str
    expectation: str
    hold_type: str
    value: str
    fix: str


@dataclass(frozen=True)
class Verdict:
    """What the gate found. A record whose key is not in `failures` may go on.

    `judged` counts records; one that needs no judgement (wholly cancelled) is not in it. `results`
    has one row for each expectation: expectation, column, hold_type, checked, failed (rows).
    """

    failures: Mapping[str, tuple[Failure, ...]]
    judged: int
    results: list[dict[str, Any]]


def gate(records: Sequence[SalesOrder] | Sequence[Dispatch] | Counts, facts: Facts) -> Verdict:
    """Judge records of one kind by what is known of their values.

    The first call of a process takes some seconds to import the library; a call with nothing to
    judge does not import it. Raises `TypeError` when kinds are mixed, `GateBroken` when an
    expectation could not be evaluated: then no record may go on, and a person must look.
    """
    if not len(records):
        return Verdict({}, 0, [])
    kind = _kind(records)
    frame = _FRAMES[kind](records, facts)
    if not frame.keys:
        return Verdict({}, 0, [])
    suggestions = _Suggestions(facts.skus)
    failures: dict[str, dict[Failure, None]] = {}  # the inner dict keeps the order and drops repeats
    results = []
    for result in _validate(kind, frame, facts.order_limits):
        expectation, found = result.expectation_config, result.result
        results.append(
            {
                "expectation": expectation.meta["name"],
                "column": expectation.kwargs["column"],
                "hold_type": expectation.meta["hold_type"],
                "checked": found["element_count"],
                "failed": found["unexpected_count"],
            }
        )
        for failure in _failures(result, frame, suggestions):
            failures.setdefault(failure.key, {})[failure] = None
    return Verdict({key: tuple(found) for key, found in failures.items()}, frame.judged, results)


def _kind(records: Sequence[SalesOrder] | Sequence[Dispatch] | Counts) -> Kind:
    if isinstance(records, Counts):
        return records.kind
    kinds = {record.kind for record in records}
    if len(kinds) > 1:
        raise TypeError(f"The gate judges one kind of record at a time, not {', '.join(sorted(kinds))}; split the page")
    return kinds.pop()


class _Suggestions:
    """The known SKU that was probably meant, worded; silent once its comparisons are used up."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known, self._comparisons_left = known, _COMPARISONS_FOR_SUGGESTIONS
        self._worded: dict[str, str] = {}

    def __call__(self, sku: str | None) -> str:
        if not sku:
            return ""
        if sku not in self._worded:
            self._comparisons_left -= len(self._known)
            meant = near_miss(sku, self._known) if self._comparisons_left >= 0 else None
            self._worded[sku] = f" Probably meant: {visible(meant)}." if meant else ""
        return self._worded[sku]


def _failures(result: Any, frame: Frame, suggestions: _Suggestions) -> Iterator[Failure]:
    if result.success:
        return
    meta, expectation = result.expectation_config.meta, result.expectation_config.to_domain_obj()
    for position in result.result["unexpected_index_list"]:
        row = frame.row(position)
        suggestion = suggestions(row["sku"]) if meta["hold_type"] in _ABOUT_SKUS else ""
        yield Failure(
            key=frame.keys[position],
            expectation=meta["name"],
            hold_type=meta["hold_type"],
            value=expectation.shown(row),
            fix=meta["fix"] + suggestion,
        )


def _validate(kind: Kind, frame: Frame, limits: OrderLimits) -> list[Any]:
    """Return the library's results, in the order of the suite."""
    batch_definition, suite = _suite_and_batch(kind, limits)
    import pandas as pd
    from great_expectations.validator.v1_validator import Validator

    # as objects: text stays text, None stays None, and a number of any size fits
    data = pd.DataFrame(frame.columns, dtype=object)
    # what ValidationDefinition.run does, without the store in which it keeps every result for ever
    validator = Validator(batch_definition, result_format="COMPLETE", batch_parameters={"dataframe": data})
    outcome = validator.validate_expectation_suite(suite)
    results: list[Any] = list(outcome.results)
    for result in results:
        if result.exception_info and result.exception_info.get("raised_exception", True):
            name, reason = result.expectation_config.meta["name"], _reason(result.exception_info)
            raise GateBroken(
                f"The gate for {kind.value} could not evaluate {name}, so nothing of this page may go on: {reason}. "
                "This is an error of the software; report it to those who maintain it."
            )
    return results


def _reason(exception_info: Mapping[str, Any]) -> str:
    """Return the message of an exception; one raised by a metric is nested under the metric's id."""
    nested = next((value for value in exception_info.values() if isinstance(value, Mapping)), exception_info)
    return str(nested.get("exception_message"))


@cache
def load() -> None:
    """Import the library, which takes some seconds. Judging does it by itself; whoever forks judges does it before.

    What the import made is kept out of every later garbage collection: it lives as long as the
    process, and walking it again and again took a third of the time of a large import (measured). And a
    chunk is hardly walked while it is filed: it dies by itself, in one piece (a twelfth).
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import expectations.suites  # noqa: F401 - it imports Great Expectations

    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY)


@cache
def _suite_and_batch(kind: Kind, limits: OrderLimits) -> tuple[Any, Any]:
    """Make what every later call of this kind and these limits uses again."""
    load()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine import pandas_execution_engine

    from expectations.suites import suite

    # no fingerprint of a page: nobody asks for it, and it took a tenth of the time
    pandas_execution_engine.HASH_THRESHOLD = 0
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("records").add_dataframe_asset(kind.value)
    return asset.add_batch_definition_whole_dataframe("page"), context.suites.add(suite(kind, limits))
