"""The kinds of expectation that the suites are made of.

Great Expectations' own column-map expectations let nulls pass, pass an all-null column, and cost 5
to 10 ms each on a page of five rows (measured). These judge every row, nulls too, through a single
metric, at about 1 ms each. A suite names the rows that it judges by `when`.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import parse_result_format
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from domain.identifiers import ean_fault, sku_fault, tracking_fault, visible
from expectations.forms import Mask, ean_form, sku_form, tracking_form

_METRIC = "table.rows_against_expectation"


class RowsAgainstExpectation(TableMetricProvider):
    """How many rows an expectation judged, and the positions of those that fail it."""

    metric_name = _METRIC
    domain_keys = ("batch_id", "table")
    value_keys = ("type", "arguments")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805 - the library calls it as a class method
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_others: Any,
    ) -> tuple[int, list[int]]:
        frame = execution_engine.get_domain_records(metric_domain_kwargs)
        expectation: Any = get_expectation_impl(metric_value_kwargs["type"])(**dict(metric_value_kwargs["arguments"]))
        when = expectation.when
        positions = np.arange(len(frame)) if when is None else np.flatnonzero(frame[when].to_numpy(dtype=np.bool_))
        good = expectation.good(frame if len(positions) == len(frame) else frame.iloc[positions])
        return len(positions), positions[~good].tolist()


class RowExpectation(BatchExpectation):
    """An expectation of every row of a column, or of those rows where the column `when` is true."""

    column: str
    when: str | None = None

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    success_keys: ClassVar[tuple[str, ...]] = ("column", "when")
    metric_dependencies: ClassVar[tuple[str, ...]] = (_METRIC,)

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        raise NotImplementedError

    def shown(self, row: dict[str, Any]) -> str:
        """Return the value of a failing row as a person should see it."""
        return _shown(row[self.column])

    def get_validation_dependencies(
        self,
        execution_engine: Any = None,  # noqa: ARG002 - the library's signature
        runtime_configuration: Any = None,
    ) -> ValidationDependencies:
        """Ask for one metric, whatever the result format; the library's own way there takes twice the time."""
        arguments = tuple((key, getattr(self, key)) for key in self.success_keys)
        metric = MetricConfiguration(
            _METRIC, {"batch_id": self.batch_id}, {"type": self.expectation_type, "arguments": arguments}
        )
        result_format = parse_result_format(runtime_configuration["result_format"])
        return ValidationDependencies({_METRIC: metric}, result_format)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: Any = None,  # noqa: ARG002 - the library's signature
        execution_engine: Any = None,  # noqa: ARG002 - the library's signature
    ) -> dict[str, Any]:
        judged, failing = metrics[_METRIC]
        result = {"element_count": judged, "unexpected_count": len(failing), "unexpected_index_list": failing}
        return {"success": not failing, "result": result}


class ExpectSkuForm(RowExpectation):
    """Expect a SKU that is present, printable ASCII, and without white space at its ends."""

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        return sku_form(frame[self.column].tolist())

    def shown(self, row: dict[str, Any]) -> str:
        """Return the SKU and what is wrong with it."""
        return _faulty(row[self.column], sku_fault)


class ExpectEanForm(RowExpectation):
    """Expect an EAN-13: text, 13 digits, true check digit."""

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        return ean_form(frame[self.column].tolist())

    def shown(self, row: dict[str, Any]) -> str:
        """Return the EAN and what is wrong with it."""
        return _faulty(row[self.column], ean_fault)


class ExpectTrackingForm(RowExpectation):
    """Expect a tracking number that is present and plausible."""

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        return tracking_form(frame[self.column].tolist())

    def shown(self, row: dict[str, Any]) -> str:
        """Return the tracking number and what is wrong with it."""
        return _faulty(row[self.column], tracking_fault)


class ExpectForm(RowExpectation):
    """Expect a text that fits, as a whole, the regular expression in the column `form`. A null never does."""

    form: str

    success_keys: ClassVar[tuple[str, ...]] = ("column", "when", "form")

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        rows = zip(frame[self.column], frame[self.form], strict=True)
        return np.array([None not in row and re.fullmatch(row[1], row[0]) is not None for row in rows], np.bool_)

    def shown(self, row: dict[str, Any]) -> str:
        """Return the text and the form that it does not have."""
        return f"{_shown(row[self.column])} (expected: {row[self.form]})"


class ExpectMatch(RowExpectation):
    """Expect a value to be exactly what we know of it, in the column `other`: no trimming, no folding of case.

    A null never matches, not even a null.
    """

    other: str

    success_keys: ClassVar[tuple[str, ...]] = ("column", "when", "other")

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        values = frame[self.column].to_numpy()
        good: Mask = pd.notna(values)
        good[good] = values[good] == frame[self.other].to_numpy()[good]
        return good

    def shown(self, row: dict[str, Any]) -> str:
        """Return the value and, where we know another, that one."""
        known = row[self.other]
        return _shown(row[self.column]) + (f" (known here: {_shown(known)})" if known else "")


class ExpectPresent(RowExpectation):
    """Expect a value that is not null; `about` names the column to show a person when it is missing."""

    about: str

    success_keys: ClassVar[tuple[str, ...]] = ("column", "when", "about")

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        return frame[self.column].notna().to_numpy(dtype=np.bool_)

    def shown(self, row: dict[str, Any]) -> str:
        """Return what it is missing for."""
        return _shown(row[self.about])


class ExpectWithin(RowExpectation):
    """Expect a value between two columns or numbers, both ends included; None leaves an end open."""

    minimum: int | str | None = None
    maximum: int | str | None = None

    success_keys: ClassVar[tuple[str, ...]] = ("column", "when", "minimum", "maximum")

    def good(self, frame: pd.DataFrame) -> Mask:
        """Return which rows are as expected."""
        values = frame[self.column].to_numpy()  # pandas' own comparison takes several times as long on a small page
        good: Mask = pd.notna(values)
        for end, holds in ((self.minimum, np.greater_equal), (self.maximum, np.less_equal)):
            if end is not None:
                ends = frame[end].to_numpy() if isinstance(end, str) else np.full(len(values), end, dtype=object)
                good &= pd.notna(ends)
                good[good] = holds(values[good], ends[good])
        return good

    def shown(self, row: dict[str, Any]) -> str:
        """Return the name of the column, the number in it, and the ends that it broke."""
        ends = [("at least", self.minimum), ("at most", self.maximum)]
        wanted = [f"{word} {row[end] if isinstance(end, str) else end}" for word, end in ends if end is not None]
        return f"{self.column.replace('_', ' ')} {row[self.column]}, expected {' and '.join(wanted)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return visible(value) if isinstance(value, str) else str(value)


def _faulty(value: Any, fault: Callable[[str], str | None]) -> str:
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        return f"{value} (it is not text)"
    return f"{visible(value)} ({fault(value)})"
