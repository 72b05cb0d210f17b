"""A value of a map: a column, a constant, codes or SQL, with what a person should check about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from orchestration.guesses.columns import Column
from orchestration.guesses.columns import quoted as in_quotes
from orchestration.guesses.names import code_of

ROW = "_source_row"
SAME_CODES = {"order_status": "order_statuses", "channel": "channels"}


@dataclass(frozen=True)
class Value:
    """What a map gives a door's column.

    Attributes:
        written: as the deployment's file has it.
        remark: what to check; empty where the guess is certain enough.
    """

    written: Any
    remark: str = ""


def of_column(column: Column, data_type: str) -> Value:
    """Return a column as a door of this type takes it."""
    if data_type == "timestamp" and column.format:
        remark = "day and month could be swapped" if column.is_ambiguous else ""
        return Value({"column": column.name, "format": column.format}, remark)
    return Value(column.name)


def of_codes(name: str, column: Column) -> Value | None:
    """Return a column of codes, translated where it does not have ours; None if it has too many values.

    Args:
        name: the door's column.
    """
    kind = SAME_CODES[name]
    known = {value: code_of(value, kind) for value in column.codes}
    if not any(known.values()):
        return None
    if all(code == value for value, code in known.items()):
        return Value(column.name)
    written = {"column": column.name, "codes": {value: code for value, code in known.items() if code}}
    if all(known.values()):
        return Value(written, "the codes")
    # an order needs a status; without a channel it is of an unknown one
    unknown = ", ".join(value for value, code in known.items() if not code)
    otherwise = {**written, "otherwise": "placed"}
    return Value(otherwise, f"'otherwise' is for {unknown}") if name == "order_status" else None


def of_email(column: Column) -> str:
    """Return the SQL of a customer's id where only the address identifies one: ids are published, addresses are not."""
    return f"md5(lower(trim({quoted(column.name)})))"


def amount_sql(column: Column, factor: Column | None = None, *, is_negated: bool = False) -> str:
    """Return the SQL of an amount, or of a price times a number of pieces."""
    sign = "-" if is_negated else ""
    if factor is None:
        return f"{sign}cast({quoted(column.name)} as decimal(18, 2))"
    product = f"cast({quoted(factor.name)} as integer) * cast({quoted(column.name)} as decimal(18, 4))"
    return f"cast({sign}{product} as decimal(18, 2))"


def quoted(name: str) -> str:
    """Return a column's name in SQL, in quotes only if it needs them."""
    return name if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in _reserved() else in_quotes(name)


@cache
def _reserved() -> frozenset[str]:
    """The words that DuckDB does not take for a name."""
    query = "select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'"
    with duckdb.connect() as connection:
        return frozenset(word for (word,) in connection.execute(query).fetchall())
