"""Models and macros of the NPS family, rendered without dbt and run in DuckDB on whatever a test makes up."""

from __future__ import annotations

from functools import cache

import duckdb
import jinja2
import pandas as pd

from orchestration.base.paths import PROJECT

VARIABLES = {
    "minimum_base": 10,
    "flagged_base": 30,
    "strata": ["segment"],
    "one_answer_per_customer": False,
    "new_days": 90,
    "active_days": 180,
    "lapsed_days": 365,
}
MACROS = ("keys", "measures", "times", "lifecycle", "scores")


@cache
def template(model: str = "") -> jinja2.Template:
    """The macros, and a model that may use them: references are table names, variables those above."""
    project = PROJECT / "dbt_project"
    source = "".join((project / "macros" / f"{name}.sql").read_text("utf-8") for name in MACROS)
    if model:
        source += (project / "models" / "marts" / "nps" / f"{model}.sql").read_text("utf-8")
    made = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701  it makes SQL
    # nothing was built before, so that nothing of it is kept
    known = {"var": VARIABLES.__getitem__, "ref": str, "where_customer_touched": lambda *_, **__: ""}
    return made.from_string(source, globals=known)


def macro(name: str, *arguments: str) -> str:
    """What a macro makes of its arguments."""
    return str(getattr(template().module, name)(*arguments))


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def mart(name: str, **inputs: pd.DataFrame) -> pd.DataFrame:
    """The rows of a model, made of its inputs."""
    for table, frame in inputs.items():
        connection().register(table, frame)
    return connection().sql(template(name).render()).df()


def values(expression: str, frame: pd.DataFrame) -> pd.Series:
    """An expression over the columns of the frame, row by row."""
    connection().register("given", frame)
    return connection().sql(f"select {expression} as value from given").df()["value"]
