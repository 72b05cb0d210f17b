"""A filter of a query, read by DuckDB's own parser: one condition on dimensions, whose names are found in it.

A filter is untrusted text. Only the parsed condition is kept, and DuckDB writes it again; subqueries and templates are
refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.base.errors import PipelineError
from orchestration.warehouse.semantics import GroupBy

HINT = "Write a condition on dimensions, for example: --where \"segment = 'premium' and month >= '2026-01-01'\""
ALLOWED = {"CONJUNCTION", "COMPARISON", "COLUMN_REF", "CONSTANT", "CAST", "OPERATOR", "FUNCTION", "BETWEEN", "CASE"}
LONGEST = 1000
"""Characters; a condition that fits is never nested too deeply for the parser."""

_SELECT = "select * from dimensions where "


@dataclass(frozen=True)
class Filter:
    """A condition, and the names of dimensions in it."""

    condition: str
    names: tuple[str, ...]
    stand_in: str

    def rendered(self, group_of: Callable[[str], GroupBy]) -> str:
        """Return the condition with every name replaced by the template of what it means."""
        condition = self.condition
        for number, name in enumerate(self.names):
            condition = condition.replace(f"{self.stand_in}{number}_", group_of(name).template)
        return condition


def read_filter(text: str) -> Filter:
    """Read a condition on dimensions.

    Raises:
        PipelineError: it is not exactly one condition.
    """
    if any(brace in text for brace in ("{{", "{%", "{#")):
        raise PipelineError(f"The filter may not hold a template ({{{{, {{% or {{#): {text}\n{HINT}")
    if len(text) > LONGEST:
        raise PipelineError(f"The filter has {len(text):,} characters, more than {LONGEST:,}.\n{HINT}")
    with duckdb.connect() as connection:
        tree = json.loads(_one(connection, "select json_serialize_sql(?)", _SELECT + text))
        if tree["error"]:
            raise PipelineError(f"The filter cannot be read: {tree['error_message']}\n  {text}\n{HINT}")
        node = tree["statements"][0]["node"] if len(tree["statements"]) == 1 else {}
        condition = node.pop("where_clause", None)
        alone = json.loads(_one(connection, "select json_serialize_sql(?)", _SELECT.removesuffix(" where ")))
        expected = alone["statements"][0]["node"]
        expected.pop("where_clause")
        if condition is None or node != expected:
            raise PipelineError(f"The filter is more than one condition: {text}\n{HINT}")
        names: list[str] = []
        stand_in = "name_"
        while stand_in in text.lower():
            stand_in += "_"
        _take_names(condition, names, stand_in)
        node["where_clause"] = condition
        written = _one(connection, "select json_deserialize_sql(cast(? as json))", json.dumps(tree))
    return Filter(written.split(" WHERE ", maxsplit=1)[1], tuple(names), stand_in)


def _one(connection: duckdb.DuckDBPyConnection, sql: str, value: str) -> str:
    return str(connection.execute(sql, [value]).fetchall()[0][0])


def _take_names(part: Any, names: list[str], stand_in: str) -> None:
    """Replace every name below ``part`` by a stand-in, and add it to ``names``."""
    if isinstance(part, list):
        for each in part:
            _take_names(each, names, stand_in)
    elif isinstance(part, dict):
        if "class" in part and part["class"] not in ALLOWED:
            raise PipelineError(
                f"The filter may not hold a {part['class'].lower()}: only conditions on dimensions.\n{HINT}"
            )
        if part.get("class") == "COLUMN_REF":
            names.append(".".join(part["column_names"]))
            part["column_names"] = [f"{stand_in}{len(names) - 1}_"]
        else:
            for each in part.values():
                _take_names(each, names, stand_in)
