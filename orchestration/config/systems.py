"""The settings of a source system: its kind of source and its tables.

Add here settings that a connector reads; keep out the company's thresholds (``settings.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from orchestration.config.files import DailyPattern, Files, FoundPattern, Pattern
from orchestration.config.maps import EntityMap, customers_named, declared_shapes, read_map, split
from orchestration.config.settings import Limits, Role, Secret, Strict, Timezone
from orchestration.config.shapes import FileShape, Numbers, TimeFormats
from orchestration.config.table_rules import TableRules
from orchestration.config.web_services import Rest, RestTable

SystemName = Annotated[str, Field(pattern="^[a-z0-9_]+$")]


class Sql(Strict):
    """A database that is pulled by queries."""

    url: Secret = Field(description="Environment variable with the SQLAlchemy URL, including the password.")
    database_schema: str | None = Field(
        None, alias="schema", min_length=1, description="Schema of the tables that name none."
    )
    timezone: Timezone = Field("UTC", description="Time zone of cursors without offset, and of dates.")
    statement_timeout_seconds: int = Field(3600, ge=1, description="Limit of a statement, including landing its rows.")
    connect_timeout_seconds: int = Field(15, ge=1)


class SqlTable(Strict):
    """The rows of one table in a database: the table of the same name, another table, or a query."""

    table: str | None = Field(None, min_length=1, description="Name in the database, with the schema.")
    query: str | None = Field(None, min_length=1, description="Select statement to pull instead of a table.")
    cursor: str | None = Field(
        None,
        min_length=1,
        description="Column with the time of the last change; without it every night pulls all rows.",
    )

    @model_validator(mode="after")
    def _names_one_source(self) -> SqlTable:
        if self.table and self.query:
            raise ValueError("set either sql.table or sql.query")
        return self


ROLES: Mapping[Role, set[str]] = {
    "transactions": {"orders", "order_lines", "refunds", "payments", "products", "subscriptions"},
    "surveys": {"surveys", "survey_invitations", "survey_answers"},
    "interactions": {"interactions"},
    "crm": {"cases", "acquisitions"},
}
"""The entities that give a system its role; customers alone are a CRM."""

EVERY_ROW = ("_source_row",)
"""The key of a table without a natural one: every delivered row is a record of its own."""


class TableSettings(Strict):
    """The settings of one table of a system."""

    description: str = "Every row as delivered."
    key: tuple[str, ...] = Field(
        min_length=1, description="Columns that identify a record; [_source_row] if every row is one of its own."
    )
    maps: dict[str, EntityMap] = Field({}, description="The map of each entity, which stands under the entity's name.")
    delivers: tuple[str, ...] = Field((), description="Entities that the table delivers; those with a map are added.")
    rules: TableRules = Field(TableRules(), description="Rules of gate 1, beside those that follow from the maps.")
    history: Pattern | None = None
    daily: DailyPattern | None = None
    found: FoundPattern | None = None
    files: FileShape | None = Field(None, description="How the table's files are written, where others differ.")
    sql: SqlTable | None = None
    rest: RestTable | None = None
    numbers: Numbers | None = Field(None, description="Columns whose numbers are not written like 1234.5.")
    times: dict[str, TimeFormats] = Field({}, description="Formats of times, by delivered column.")
    lookback_days: int = Field(0, ge=0, description="Days before the window that are pulled again, for late changes.")
    optional: bool = Field(
        False, description="The source may lack the table, as that of a ready system: its entities are then empty."
    )
    snapshot: bool = Field(False, description="Every load is the complete table: missing rows were deleted.")
    whole_per: tuple[str, ...] = Field(
        (),
        description="Columns of the parent with which all its rows come: rows missing from a later one were deleted.",
    )
    rename: dict[str, str] = Field({}, description="Column names of the suite, by delivered name.")
    limits: Limits = Field(Limits(), description="Limits of gate 1 that override the deployment's.")

    @model_validator(mode="before")
    @classmethod
    def _with_maps(cls, value: Any) -> Any:
        """Take the maps from under the names of their entities, and what they say of the shape of columns."""
        if not isinstance(value, dict) or "maps" in value:
            return value
        settings, written = split(value)
        if columns := settings.pop("columns", None):
            settings["files"] = {**(settings.get("files") or {}), "columns": columns}
        maps = {entity: read_map(entity, mapped) for entity, mapped in written.items()}
        for name, shape in declared_shapes(maps).items():
            if name in settings and name == "numbers":
                raise ValueError("numbers are declared twice: in the map and in 'numbers'; keep one of them")
            settings[name] = {**shape, **settings.get(name, {})}
        delivers = settings.get("delivers") or []
        return {**settings, "maps": maps, "delivers": [*delivers, *(name for name in maps if name not in delivers)]}

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the key; none if every row is a record of its own."""
        return () if self.key == EVERY_ROW else self.key

    @model_validator(mode="after")
    def _knows_its_records(self) -> TableSettings:
        if "_source_row" in self.key and self.key != EVERY_ROW:
            raise ValueError("_source_row stands alone as a key: every row is then a record of its own")
        if self.key == EVERY_ROW and (self.snapshot or self.lookback_days):
            raise ValueError(
                "without a natural key (key: [_source_row]) a row that is delivered again is another record: snapshot"
                " and lookback_days need a key"
            )
        return self

    @field_validator("rename")
    @classmethod
    def _names_every_column_once(cls, value: dict[str, str]) -> dict[str, str]:
        for names in (list(value), list(value.values())):
            known: set[str] = set()
            for name in names:
                if not name.strip() or name.lower() in known:
                    raise ValueError(
                        f"a column name may appear once on either side; '{name}' is empty or appears twice"
                    )
                known.add(name.lower())
        return value


class System(Strict):
    """A source system: its roles, its kind of source and its tables."""

    use: str | None = Field(None, description="The ready system that it is: systems/<name>/.")
    description: str = "A source system."
    roles: tuple[Role, ...] = Field((), description="What it gives us; by default what its entities say.")
    timezone: Timezone | None = Field(
        None, description="Time zone of times without an offset; default: the deployment's."
    )
    files: Files | None = None
    sql: Sql | None = None
    rest: Rest | None = None
    tables: dict[SystemName, TableSettings] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _with_roles_and_customers(cls, value: Any) -> Any:
        """A system without roles has those that its entities say; one that only names customers delivers those."""
        tables = value.get("tables") if isinstance(value, dict) else None
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            return value
        delivered = {name for table in tables.values() for name in (*table, *(table.get("delivers") or ()))}
        roles = value.get("roles") or [role for role, entities in ROLES.items() if delivered & entities] or ["crm"]
        if "customers" not in delivered:
            tables = {name: {**table, **customers_named(table)} for name, table in tables.items()}
        return {**value, "roles": roles, "tables": tables}

    @property
    def kind(self) -> str:
        """The kind of source, as shown in the lineage."""
        if self.files:
            return self.files.format
        return "sql" if self.sql else "rest"

    @model_validator(mode="after")
    def _is_pulled_in_one_way(self) -> System:
        ways = [name for name in ("files", "sql", "rest") if getattr(self, name)]
        if len(ways) != 1:
            raise ValueError(
                f"a system has exactly one of files, sql and rest; this one has {', '.join(ways) or 'none'}"
            )
        return self

    @model_validator(mode="after")
    def _delivers_every_table(self) -> System:
        for name, table in self.tables.items():
            patterns = [one for part in (table, self.files) if part for one in (part.history, part.daily, part.found)]
            if self.files and not any(patterns):
                raise ValueError(f"table '{name}' has no file pattern: set history, daily or found")
            if table.daily and table.found:
                raise ValueError(f"table '{name}' has both daily and found: set one of them")
            if self.files and table.files and self.files.format != "csv" and table.files.of_delimited_text:
                raise ValueError(
                    f"table '{name}': {table.files.of_delimited_text[0]} is for csv; its files are {self.files.format}"
                )
            if self.files and table.snapshot and not (table.daily or self.files.daily):
                raise ValueError(
                    f"table '{name}' is a snapshot without daily files: set daily, because every night needs its own"
                )
            if table.whole_per and (table.snapshot or not table.delivers):
                raise ValueError(
                    f"table '{name}' has whole_per and {'is a snapshot' if table.snapshot else 'delivers no entity'}:"
                    " whole_per is for tables of changes that deliver an entity; remove one of the two"
                )
            if self.rest and not table.rest:
                raise ValueError(f"table '{name}' has no request: set rest.path and rest.records")
            if self.rest and table.rest and not (table.rest.pages or self.rest.pages):
                raise ValueError(
                    f"table '{name}' has no pagination: set rest.pages, to single if there is only one page"
                )
            if any(getattr(table, kind) and not getattr(self, kind) for kind in ("files", "sql", "rest")):
                raise ValueError(f"table '{name}' has settings of another kind of source than its system")
        return self
