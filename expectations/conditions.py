"""The expectations that Great Expectations lacks: conditions written in DuckDB's SQL, and figures that are judged fast.

Imports Great Expectations, so it is imported only where a gate is about to judge (``orchestration/gates/judge.py``).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import duckdb
import pandas as pd
import pyarrow as pa
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations import ExpectColumnValuesToBeBetween
from great_expectations.expectations.expectation import ColumnMapExpectation, ColumnPairMapExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_map_metric_provider import (
    ColumnPairMapMetricProvider,
)
from pydantic.v1 import PrivateAttr


class ColumnValuesMeetCondition(ColumnMapMetricProvider):
    """Whether each value meets an SQL condition over ``value``."""

    condition_metric_name = "column_values.meet_condition"
    condition_value_keys = ("condition",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, condition: str, **_: Any) -> pd.Series:  # noqa: N805  the decorator passes a class
        return _met(condition, value=column)


class ColumnPairValuesMeetCondition(ColumnPairMapMetricProvider):
    """Whether each pair of values meets an SQL condition over ``value`` and ``other``."""

    condition_metric_name = "column_pair_values.meet_condition"
    condition_domain_keys = ("column_A", "column_B", "ignore_row_if")
    condition_value_keys = ("condition",)

    @column_pair_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,  # noqa: N805  the decorator passes a class
        column_A: pd.Series,  # noqa: N803  Great Expectations' own names
        column_B: pd.Series,  # noqa: N803
        condition: str,
        **_: Any,
    ) -> pd.Series:
        return _met(condition, value=column_A, other=column_B)


def _met(condition: str, **columns: pd.Series) -> pd.Series:
    judged = pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})
    with _database().cursor() as connection:
        connection.register("judged", judged)
        met = connection.sql(f"select coalesce({condition}, false) as is_met from judged").df()["is_met"]
    return pd.Series(met.to_numpy(), index=columns["value"].index)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """An empty database that judges; opened once, because opening takes longer than judging."""
    return duckdb.connect(config={"threads": 1})


class ExpectColumnValuesToMeetCondition(ColumnMapExpectation):
    """Every value that is not null meets ``condition``."""

    condition: str
    map_metric = "column_values.meet_condition"
    success_keys = ("condition", "mostly")


class ExpectColumnPairValuesToMeetCondition(ColumnPairMapExpectation):
    """Every pair of values of which none is null meets ``condition``."""

    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"
    condition: str
    map_metric = "column_pair_values.meet_condition"
    success_keys = ("ignore_row_if", "condition", "mostly")


class ExpectFigureToBeBetween(ExpectColumnValuesToBeBetween):
    """Every figure that is not null lies between the bounds.

    Great Expectations asks a rule a hundred times for its configuration and makes it anew each time: four tenths of
    what judging a figure costs. No rule of ours changes once it is made.
    """

    _made: ExpectationConfiguration | None = PrivateAttr(None)

    @property
    def configuration(self) -> ExpectationConfiguration:
        """What the rule is called and asks, made once."""
        if self._made is None:
            self._made = super().configuration
        return self._made
