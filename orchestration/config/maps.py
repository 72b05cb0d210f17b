"""The map of an entity: which column of a door comes from which delivered column, constant or expression.

Add here a way to write a value; keep out what becomes of it (``records.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from orchestration.config.doors import door, entities
from orchestration.config.settings import Strict, Timezone
from orchestration.config.shapes import Mark, TimeFormats

AS_NAMED = "as_named"
"""The map of a table that has the door's own column names."""
NAMED_BY_ENTRY = {"survey_answers": "question", "interactions": "touchpoint"}
"""The column that the name of an entry of ``each`` fills, unless the entry maps it."""


class Value(Strict):
    """What a column of a door is made of: exactly one of word, column, columns, value and sql.

    Attributes:
        word: as written without a key: the name of a delivered column, or a code that the door's column knows.
    """

    word: str | None = None
    column: str | None = Field(None, min_length=1, description="A delivered column.")
    columns: tuple[str, ...] = Field((), description="The columns that form an id together.")
    value: str | int | float | bool | None = Field(None, description="A constant.")
    sql: str | None = Field(None, min_length=1, description="An expression of DuckDB's SQL over delivered columns.")
    codes: dict[str, str] | str | None = Field(
        None, description="Our code by the delivered one, or a file of reference/ with the columns delivered and code."
    )
    otherwise: str | None = Field(None, description="Our code for all delivered ones that are not listed.")
    format: TimeFormats | None = Field(None, description="How the times of the column are written.")
    timezone: Timezone | None = Field(None, description="Time zone of times without an offset.")
    decimal: Mark | None = Field(None, description="The decimal mark of the column's numbers.")
    thousands: Mark | None = Field(None, description="The mark between groups of three digits.")

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"word": value}
        if isinstance(value, list | tuple):
            return {"columns": value}
        if isinstance(value, bool | int | float):
            return {"value": value}
        return value

    @field_validator("codes", mode="before")
    @classmethod
    def _are_texts(cls, value: Any) -> Any:
        return {_text(name): _text(code) for name, code in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _is_made_of_one_thing(self) -> Value:
        given = [
            name for name in ("word", "column", "columns", "value", "sql") if getattr(self, name) not in (None, ())
        ]
        if len(given) != 1:
            raise ValueError(
                f"write exactly one of column, value and sql (there is {' and '.join(given) or 'none'}); a word alone"
                " is a column or a code, a list is an id of several columns"
            )
        of_column = [name for name in ("format", "decimal", "thousands") if getattr(self, name) is not None]
        if of_column and not self.column:
            raise ValueError(f"{of_column[0]} says how a column is written: write {{column: ..., {of_column[0]}: ...}}")
        if self.codes is not None and not (self.column or self.sql):
            raise ValueError("codes translate a column: write {column: ..., codes: ...}")
        if self.otherwise is not None and self.codes is None:
            raise ValueError("otherwise stands beside codes")
        return self


class EntityMap(Strict):
    """The map of one entity of one table, or of one entry of ``each``."""

    columns: dict[str, Value]
    when: str | None = Field(None, min_length=1, description="SQL condition of the rows that deliver the entity.")
    each: dict[str, EntityMap] = Field({}, description="One record per row and entry, such as a survey's questions.")
    as_named: bool = Field(False, description="Every column of the door from the column of its name, if there is one.")


def read_map(entity: str, written: Any) -> dict[str, Any]:
    """Return the map of an entity as ``EntityMap`` takes it.

    Raises:
        ValueError: it is not a map, or it names a column that the door does not have.
    """
    columns = door(entity)
    if written == AS_NAMED:
        return {"columns": {name: {"column": name} for name in columns}, "as_named": True}
    if not isinstance(written, Mapping):
        raise ValueError(f"{entity}: write a map of the door's columns, or '{AS_NAMED}'")  # noqa: TRY004 - for pydantic
    own = {name: value for name, value in written.items() if name not in {"when", "each"}}
    for name in own:
        if name not in columns:
            near = difflib.get_close_matches(str(name), list(columns), n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(columns)}, when, each"
            raise ValueError(f"{entity}: the door has no column '{name}', {hint}")
    each = written.get("each") or {}
    if not isinstance(each, Mapping) or any(isinstance(part, Mapping) and "each" in part for part in each.values()):
        raise ValueError(f"{entity}: each holds one map per entry, and no further each")
    return {
        "columns": own,
        "when": written.get("when"),
        "each": {str(name): read_map(entity, part) for name, part in each.items()},
    }


def split(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of a table without its maps, and the maps by entity."""
    known = set(entities())
    maps = {name: value for name, value in table.items() if name in known}
    return {name: value for name, value in table.items() if name not in known}, maps


def customers_named(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the map of the customers that a table's maps name, for a system that delivers no customers itself."""
    _, maps = split(table)
    named = (mapped.get("customer_source_id") for mapped in maps.values() if isinstance(mapped, Mapping))
    customer = next((value for value in named if value is not None), None)
    return {} if customer is None else {"customers": {"source_id": customer}}


def declared_shapes(maps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what maps say of how columns are written, as the table's own ``times`` and ``numbers`` have it.

    Raises:
        ValueError: one column is written in two ways, or the numbers of two columns have other marks.
    """
    times: dict[str, Any] = {}
    numbers: dict[str, Any] = {}
    for entity, mapped in maps.items():
        for part in (mapped, *mapped.get("each", {}).values()):
            for value in part["columns"].values():
                if not isinstance(value, Mapping) or not (column := value.get("column")):
                    continue
                if (written := value.get("format")) and times.setdefault(column, written) != written:
                    raise ValueError(f"{entity}: the column '{column}' has two formats; give it one")
                marks = {name: value[name] for name in ("decimal", "thousands") if value.get(name)}
                if marks and numbers and numbers != {**marks, "columns": numbers["columns"]}:
                    raise ValueError(
                        f"{entity}: the numbers of '{column}' are written in another way than those of"
                        f" '{numbers['columns'][0]}'; a table has one way"
                    )
                if marks:
                    numbers = {**marks, "columns": [*numbers.get("columns", []), column]}
    return {**({"times": times} if times else {}), **({"numbers": numbers} if numbers else {})}


def _text(value: Any) -> str:
    """A code as text: YAML reads yes, no, on and off as truth values, and digits as numbers."""
    return str(value).lower() if isinstance(value, bool) else str(value)
