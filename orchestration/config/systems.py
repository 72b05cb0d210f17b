"""The settings of a source system: its kind of source and its tables.

Add here settings that a connector reads; keep out the company's thresholds (``settings.py``).
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from orchestration.config.settings import Limits, Role, Secret, Strict, Timezone
from orchestration.config.web_services import Rest, RestTable

Format = Literal["csv", "jsonl", "parquet"]
SystemName = Annotated[str, Field(pattern="^[a-z0-9_]+$")]


_SECRET_OPTION = re.compile(
    r"(^|_)(key|secret|token|pass(word|wd|phrase)?|credentials?|connection_string|sas)s?$", re.IGNORECASE
)


def _is_pattern(value: str) -> str:
    """A pattern of file names with the placeholders {table} and {load_date}."""
    return _has_placeholders(value, "table", "load_date")


def _has_placeholders(value: str, *known: str) -> str:
    if not value.strip():
        raise ValueError("the pattern is empty")
    try:
        found = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
    except ValueError as error:
        raise ValueError(f"the pattern '{value}' cannot be read: {error}") from None
    unknown = sorted(found - {*known})
    if unknown:
        raise ValueError(f"the pattern '{value}' has the unknown placeholder {{{unknown[0]}}}")
    return value


def _names_its_night(value: str) -> str:
    if "{load_date}" not in value:
        raise ValueError(f"the pattern '{value}' has no {{load_date}}: every night would take the same file")
    return value


def _names_no_night(value: str) -> str:
    if "{load_date}" in value:
        raise ValueError(f"the pattern '{value}' has {{load_date}}: use 'daily' for files with a date in their names")
    return value


def _is_marker(value: str) -> str:
    if "{file}" not in value and "{folder}" not in value:
        raise ValueError(f"'{value}' has neither {{file}} nor {{folder}}: all drops would share one marker")
    return _has_placeholders(value, "file", "folder")


Pattern = Annotated[str, AfterValidator(_is_pattern)]
DailyPattern = Annotated[Pattern, AfterValidator(_names_its_night)]
FoundPattern = Annotated[Pattern, AfterValidator(_names_no_night)]
Marker = Annotated[str, AfterValidator(_is_marker)]
_Value = bool | int | float | str | None
Option = Annotated[
    _Value | Secret | dict[str, _Value | Secret | dict[str, _Value | Secret]], Field(union_mode="left_to_right")
]
"""An option of a file system; some are nested."""


class Files(Strict):
    """Location and format of a system's files, in the extracts folder or at a URL."""

    format: Format
    url: str | None = Field(None, description="Folder or bucket of the files; default: the extracts folder.")
    storage_options: dict[str, Option] = Field({}, description="Options of the URL's file system, as in fsspec.")
    history: Pattern | None = Field(None, description="Pattern of the drop with the history.")
    daily: DailyPattern | None = Field(None, description="Pattern of a night's drop, with {load_date}.")
    found: FoundPattern | None = Field(None, description="Pattern of drops without a date in their names.")
    done_marker: Marker | None = Field(
        None, description="File whose presence means that {file}, or all of {folder}, is complete."
    )
    settle_seconds: float = Field(1, ge=0, description="A file is complete when it has been unchanged for so long.")
    wait_seconds: float = Field(60, ge=0, description="How long a night waits for incomplete files.")
    delimiter: str = ","
    encoding: str = "utf-8"
    unpacked_gigabytes: float = Field(20, gt=0, description="Larger unpacked files are refused.")
    unpacked_ratio: float = Field(250, ge=1, description="Files with a higher compression ratio are refused.")

    @field_validator("url")
    @classmethod
    def _is_one_place(cls, value: str | None) -> str | None:
        if value and (not re.match("^[a-z][a-z0-9+.-]*://", value) or "::" in value or "@" in value.split("/")[2]):
            raise ValueError(
                f"'{value}' is not a plain URL (such as s3://bucket/folder); set logins in storage_options"
            )
        return value

    @field_validator("storage_options", mode="before")
    @classmethod
    def _names_its_secrets(cls, value: object) -> object:
        for name in _open_secrets(value):
            raise ValueError(f"{name} looks like a secret, and secrets are not allowed in files: set {{env: NAME}}")
        return value

    @model_validator(mode="after")
    def _dates_a_drop_in_one_way(self) -> Files:
        if self.daily and self.found:
            raise ValueError(
                "'daily' is for files with a date in their names, 'found' for files without: set one of them"
            )
        if self.storage_options and not self.url:
            raise ValueError("storage_options require a url")
        return self

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value in '"\r\n':
            raise ValueError(f'{value!r} is not one ASCII character that can separate fields (a tab is "\\t")')
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, value: str) -> str:
        try:
            "text".encode(value)
        except (LookupError, UnicodeError):
            raise ValueError(f"'{value}' is not an encoding of Python (such as utf-8 or latin-1)") from None
        return value


def _open_secrets(options: object) -> list[str]:
    """The options, including nested ones, that look like a secret and do not name a variable."""
    if not isinstance(options, Mapping):
        return []
    return [
        name
        for name, value in options.items()
        if (isinstance(value, str) and _SECRET_OPTION.search(str(name))) or _open_secrets(value)
    ]


class Sql(Strict):
    """A database that is pulled by queries."""

    url: Secret = Field(description="Environment variable with the SQLAlchemy URL, including the password.")
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


class TableSettings(Strict):
    """The settings of one table of a system."""

    description: str
    key: tuple[str, ...] = Field(min_length=1)
    delivers: tuple[str, ...] = Field(description="Entities whose staging models read this table.")
    history: Pattern | None = None
    daily: DailyPattern | None = None
    found: FoundPattern | None = None
    sql: SqlTable | None = None
    rest: RestTable | None = None
    lookback_days: int = Field(0, ge=0, description="Days before the window that are pulled again, for late changes.")
    snapshot: bool = Field(False, description="Every load is the complete table: missing rows were deleted.")
    rename: dict[str, str] = Field({}, description="Column names of the suite, by delivered name.")
    limits: Limits = Field(Limits(), description="Limits of gate 1 that override the deployment's.")

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

    description: str
    roles: tuple[Role, ...] = Field(min_length=1)
    files: Files | None = None
    sql: Sql | None = None
    rest: Rest | None = None
    tables: dict[SystemName, TableSettings] = Field(min_length=1)

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
            if self.files and table.snapshot and not (table.daily or self.files.daily):
                raise ValueError(
                    f"table '{name}' is a snapshot without daily files: set daily, because every night needs its own"
                )
            if self.rest and not table.rest:
                raise ValueError(f"table '{name}' has no request: set rest.path and rest.records")
            if self.rest and table.rest and not (table.rest.pages or self.rest.pages):
                raise ValueError(
                    f"table '{name}' has no pagination: set rest.pages, to single if there is only one page"
                )
            if (table.sql and not self.sql) or (table.rest and not self.rest):
                raise ValueError(f"table '{name}' has settings of another kind of source than its system")
        return self
