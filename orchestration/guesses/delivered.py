"""A delivered table, and which of its columns fills what: by name, by kind, and without names by content.

Keep out how a map is put together (``maps.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from orchestration.guesses.columns import Column
from orchestration.guesses.names import best, metric_of, synonyms, table_entity

SHORTEST_SCALE = 3
HIGHEST_SCORE = 10
MOST_PIECES = 1_000


@dataclass(frozen=True)
class Delivered:
    """A table as it is delivered.

    Attributes:
        aliases: what columns seem to be whose names say nothing, by column.
        key: its columns; none if every row is a record of its own.
        is_outranked: another table of the delivery is named after the entity that this one resembles.
    """

    name: str
    columns: Sequence[Column]
    key: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    is_outranked: bool = False

    @cached_property
    def by_alias(self) -> dict[str, Column]:
        """The columns by what they are called, or seem to be; columns without a value fill nothing."""
        usable = [column for column in self.columns if column.kind not in {"empty", "other"}]
        return {self.aliases.get(column.name, column.name): column for column in usable}

    def find(self, words: Sequence[str], data_type: str = "varchar", taken: Collection[str] = ()) -> Column | None:
        """Return the column that is called by the first possible of ``words`` and can have the type of a door."""
        fitting = {
            alias: fit
            for alias, column in self.by_alias.items()
            if column.name not in taken and (fit := as_type(column, data_type))
        }
        found = best(list(fitting), words)
        return fitting[found] if found else None

    def filled(self, entity: str, column: str, data_type: str = "varchar") -> Column | None:
        """Return what fills a door's column."""
        return self.find(words_for(entity, column), data_type)

    @cached_property
    def scores(self) -> dict[str, str | None]:
        """What the survey questions measure, by column; None where a column of small numbers has no telling name."""
        told: dict[str, str | None] = {
            column.name: metric
            for alias, column in self.by_alias.items()
            if (metric := metric_of(alias)) and is_score(column)
        }
        return told or {
            column.name: None
            for alias, column in self.by_alias.items()
            if is_score(column) and (alias == "score" or table_entity(self.name) == "survey_answers")
        }

    @cached_property
    def customer(self) -> Column | None:
        """The customer's id."""
        return self.find(words_for("", "customer_source_id"))

    @cached_property
    def email(self) -> Column | None:
        """The customer's e-mail address."""
        return self.filled("customers", "email")

    @cached_property
    def entity(self) -> str | None:
        """What its rows are: by the table's name where the columns do not contradict, else by the columns."""
        if self.is_outranked:
            return None
        by_name = table_entity(self.name)
        told: str | None = next((entity for entity in synonyms()["entities"] if self.tells(entity)), None)
        if self.tells("survey_answers") and by_name in {None, "survey_answers"}:
            return "survey_answers"
        if told == "order_lines" and by_name == "orders":
            return told
        if by_name and (self.tells(by_name) or (told is None and any(self._told(by_name)))):
            return by_name
        return told

    def tells(self, entity: str) -> bool:
        """Whether the columns that tell an entity are there."""
        return all(self._told(entity))

    def _told(self, entity: str) -> list[bool]:
        """Which of the columns that tell an entity are there."""
        if entity == "survey_answers":
            return [bool(self.scores), bool(self.filled(entity, "answered_at", "timestamp"))]
        is_named = table_entity(self.name) == entity
        tells = synonyms()["entities"][entity]["tells"]
        return [
            is_named if column == "table_name" else self._tells(entity, column, is_named=is_named) for column in tells
        ]

    def _tells(self, entity: str, column: str, *, is_named: bool) -> bool:
        either = {
            "price_or_amount": [("net_amount", "decimal"), ("unit_price", "decimal")],
            "order_or_product": [("order_source_id", ""), ("product_source_id", ""), ("line_number", "integer")],
            "total_or_order": [("total", "decimal"), ("order_source_id", "")],
            "contact": [(name, "") for name in ("email", "phone", "first_name", "last_name", "city", "postal_code")],
        }.get(column, [(column, _type_of(column))])
        found = any(self.filled(entity, name, data_type) for name, data_type in either)
        by_record = is_named and column.endswith("_source_id") and self.find(synonyms()["shared"]["record"])
        return bool(found or by_record)


def _type_of(column: str) -> str:
    if column.endswith("_at"):
        return "timestamp"
    return "decimal" if column.endswith("_amount") else "integer" if column == "quantity" else "varchar"


def words_for(entity: str, column: str) -> list[str]:
    """Return the usual names of a door's column."""
    known = synonyms()["entities"].get(entity, {})
    own = known.get("columns", {}).get(column, [])
    prefixed = [f"{prefix}_{words}" for words in own for prefix in known.get("prefixes", ())]
    return [*own, *prefixed, *synonyms()["shared"].get(column, [])]


def as_type(column: Column, data_type: str) -> Column | None:
    """Return the column as what a door's type needs, None if it cannot be that."""
    kind = data_type.partition("(")[0]
    if kind in {"timestamp", "date"}:
        return column.as_time()
    if kind in {"decimal", "double"}:
        return column if column.is_number else None
    if kind in {"integer", "bigint"}:
        return column if column.kind == "whole" else None
    return column


def is_score(column: Column) -> bool:
    """Whether a column may hold the answers to a survey's question."""
    if column.kind != "whole" or column.lowest is None or column.highest is None:
        return False
    return column.lowest >= 0 and column.highest <= HIGHEST_SCORE and len(column.values) >= SHORTEST_SCALE


def aliases_of(columns: Sequence[Column], *, has_names: bool) -> dict[str, str]:
    """Return what columns seem to be by their content: of a file without a header, and addresses in any file."""
    addresses = [column for column in columns if column.holds_addresses]
    if has_names:
        is_known = best([column.name for column in columns], words_for("customers", "email")) is not None
        return {} if is_known or len(addresses) != 1 else {addresses[0].name: "email"}
    found = {column.name: "email" for column in addresses[:1]}
    time = next((column for column in columns if column.kind == "time"), None)
    amount = next((column for column in columns if column.kind == "amount"), None)
    # a small number beside an amount counts pieces, one without an amount is a score
    small = [column for column in columns if column.kind == "whole" and not column.is_unique and _is_small(column)]
    ids = [column for column in columns if column.kind in {"whole", "text"} and column not in small[:1]]
    ids = [column for column in ids if column.name not in found]
    unique = next((column for column in ids if column.is_unique), None)
    repeated = next((column for column in ids if not column.is_unique and len(column.values) > 1), None)
    small_is = "quantity" if amount else "score" if small and is_score(small[0]) else None
    named = [
        (time, "date"),
        (amount, "amount"),
        (small[0] if small else None, small_is),
        (unique, "id" if small_is == "score" else "order_id"),
        (repeated, "customer_id"),
    ]
    return found | {column.name: alias for column, alias in named if column and alias}


def _is_small(column: Column) -> bool:
    is_counted = column.lowest is not None and column.lowest >= 0 and (column.highest or 0) <= MOST_PIECES
    return is_counted and 10 * len(column.values) <= max(100, column.row_count)


def with_key(table: Delivered, key: tuple[str, ...]) -> Delivered:
    """Return the table with its key."""
    return replace(table, key=key)
