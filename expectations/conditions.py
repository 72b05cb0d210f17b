"""The one expectation that Great Expectations lacks: a value meets a condition written in DuckDB's SQL.

Imports Great Expectations, so it is imported only where a gate is about to judge (``orchestration/gates.py``).
"""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial


class ColumnValuesMeetCondition(ColumnMapMetricProvider):
    """Whether each value meets an SQL condition over ``value``."""

    condition_metric_name = "column_values.meet_condition"
    condition_value_keys = ("condition",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, condition: str, **_: Any) -> pd.Series:  # noqa: N805  the decorator passes a class
        judged = pa.table({"value": pa.array(column, from_pandas=True)})
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.register("judged", judged)
            met = connection.sql(f"select coalesce({condition}, false) as is_met from judged").df()["is_met"]
        return pd.Series(met.to_numpy(), index=column.index)


class ExpectColumnValuesToMeetCondition(ColumnMapExpectation):
    """Every value that is not null meets ``condition``."""

    condition: str
    map_metric = "column_values.meet_condition"
    success_keys = ("condition", "mostly")
