"""What a deployment's file may say of a source system: where its extracts come from, and its tables.

Add here a setting that a connector reads; keep out how it pulls (``connectors/``) and the company's thresholds
(``settings.py``).
"""

from __future__ import annotations

import string
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from orchestration.rest_settings import Rest, RestTable
from orchestration.settings import Limits, Role, Secret, Strict, Timezone

Format = Literal["csv", "jsonl", "parquet"]
SystemName = Annotated[str, Field(pattern="^[a-z0-9_]+$")]


def _is_pattern(value: str) -> str:
    """A pattern of file names, in which {table} and {load_date} are filled in."""
    if not value.strip():
        raise ValueError("the pattern is empty")
    try:
        found = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
    except ValueError as error:
        raise ValueError(f"the pattern '{value}' cannot be read: {error}") from None
    unknown = sorted(found - {"table", "load_date"})
    if unknown:
        raise ValueError(f"the pattern '{value}' has the unknown placeholder {{{unknown[0]}}}")
    return value


def _names_its_night(value: str) -> str:
    if "{load_date}" not in value:
        raise ValueError(f"the pattern '{value}' lacks {{load_date}}: every night would take the same file")
    return value


Pattern = Annotated[str, AfterValidator(_is_pattern)]
DailyPattern = Annotated[Pattern, AfterValidator(_names_its_night)]


class Files(Strict):
    """Where the files of a system lie, below the extracts folder, and how they are written."""

    format: Format
    history: Pattern | None = Field(None, description="Pattern of the one drop that holds the past.")
    daily: DailyPattern | None = Field(None, description="Pattern of a night's drop.")
    delimiter: str = ","
    encoding: str = "utf-8"
    unpacked_gigabytes: float = Field(20, gt=0, description="A compressed file that unpacks to more is refused.")
    unpacked_ratio: float = Field(250, ge=1, description="The same for one that unpacks to more times its own size.")

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value in '"\r\n':
            raise ValueError(f'{value!r} is not one ASCII character that may part fields (a tab is "\\t")')
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, value: str) -> str:
        try:
            "text".encode(value)
        except (LookupError, UnicodeError):
            raise ValueError(f"'{value}' is no encoding that Python knows (like utf-8 or latin-1)") from None
        return value


class Sql(Strict):
    """A database that is pulled by queries."""

    url: Secret = Field(description="The variable that holds the SQLAlchemy URL, password included.")
    timezone: Timezone = Field("UTC", description="Zone of cursors that name none: times without an offset, dates.")
    statement_timeout_seconds: int = Field(3600, ge=1, description="A statement may take so long, landing included.")
    connect_timeout_seconds: int = Field(15, ge=1)


class SqlTable(Strict):
    """What is pulled of a database for one table: the table of its own name, unless it says another or a query."""

    table: str | None = Field(None, min_length=1, description="Its name in the database, with the schema.")
    query: str | None = Field(None, min_length=1, description="A select whose rows are pulled instead of a table's.")
    cursor: str | None = Field(
        None, min_length=1, description="The column that says when a row changed last; without one all is pulled."
    )

    @model_validator(mode="after")
    def _names_one_source(self) -> SqlTable:
        if self.table and self.query:
            raise ValueError("a table is pulled from a table or from a query: set sql.table or sql.query")
        return self


class TableSettings(Strict):
    """What the deployment says of one table of a system."""

    description: str
    key: tuple[str, ...] = Field(min_length=1)
    delivers: tuple[str, ...] = Field(description="Entities whose staging models read this table.")
    history: Pattern | None = None
    daily: DailyPattern | None = None
    sql: SqlTable | None = None
    rest: RestTable | None = None
    lookback_days: int = Field(0, ge=0, description="Days before the window that are pulled again, for late changes.")
    snapshot: bool = Field(False, description="Every load holds the table whole: what it lacks was deleted.")
    rename: dict[str, str] = Field({}, description="The names that columns were promised under, by the delivered ones.")
    limits: Limits = Field(Limits(), description="Limits of gate 1 that differ from the deployment's.")

    @field_validator("rename")
    @classmethod
    def _names_every_column_once(cls, value: dict[str, str]) -> dict[str, str]:
        for names in (list(value), list(value.values())):
            known: set[str] = set()
            for name in names:
                if not name.strip() or name.lower() in known:
                    raise ValueError(f"every column may stand once on either side; '{name}' is empty or stands twice")
                known.add(name.lower())
        return value


class System(Strict):
    """A source system: the roles it serves, how its extracts are pulled, and its tables."""

    description: str
    roles: tuple[Role, ...] = Field(min_length=1)
    files: Files | None = None
    sql: Sql | None = None
    rest: Rest | None = None
    tables: dict[SystemName, TableSettings] = Field(min_length=1)

    @property
    def kind(self) -> str:
        """What it is pulled from, in a word, for the lineage."""
        if self.files:
            return self.files.format
        return "sql" if self.sql else "rest"

    @model_validator(mode="after")
    def _is_pulled_in_one_way(self) -> System:
        ways = [name for name in ("files", "sql", "rest") if getattr(self, name)]
        if len(ways) != 1:
            raise ValueError(f"a system is pulled in one way, files, sql or rest; here: {', '.join(ways) or 'none'}")
        return self

    @model_validator(mode="after")
    def _delivers_every_table(self) -> System:
        for name, table in self.tables.items():
            if self.files and not (table.history or table.daily or self.files.history or self.files.daily):
                raise ValueError(f"table '{name}' has no pattern: name its files by history, daily or both")
            if self.files and table.snapshot and not (table.daily or self.files.daily):
                raise ValueError(f"table '{name}' is a snapshot and names no daily files: every night needs its own")
            if self.rest and not table.rest:
                raise ValueError(f"table '{name}' does not say what is asked for: set rest.path and rest.records")
            if self.rest and table.rest and not (table.rest.pages or self.rest.pages):
                raise ValueError(f"table '{name}' does not say how its pages follow: set rest.pages, if only to single")
            if (table.sql and not self.sql) or (table.rest and not self.rest):
                raise ValueError(f"table '{name}' has settings of another kind of system")
        return self
