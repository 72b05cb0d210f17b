"""The settings of files: where a system's drops lie, and how they are found.

Keep out how the text in them is written (``shapes.py``).
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from orchestration.config.settings import Secret, Strict
from orchestration.config.shapes import FileShape

Format = Literal["csv", "jsonl", "parquet"]


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


_OTHER_NAMES_OF_A_FOLDER = re.compile(
    "local|asynclocal|dir|data|git|zip|tar|libarchive|reference|generic|dask"
    "|cached|blockcache|filecache|simplecache|asyncwrapper|async_wrapper"
)
"""Protocols of fsspec that read this machine, or wrap another file system."""


class Files(FileShape, Strict):
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
    unpacked_gigabytes: float = Field(20, gt=0, description="Larger unpacked files are refused.")
    unpacked_ratio: float = Field(250, ge=1, description="Files with a higher compression ratio are refused.")

    @field_validator("url")
    @classmethod
    def _is_one_place(cls, value: str | None) -> str | None:
        if value and (not re.match("^[a-z][a-z0-9+.-]*://", value) or "::" in value or "@" in value.split("/")[2]):
            raise ValueError(
                f"'{value}' is not a plain URL (such as s3://bucket/folder); set logins in storage_options"
            )
        scheme = value.split("://")[0] if value else ""
        if _OTHER_NAMES_OF_A_FOLDER.fullmatch(scheme):
            raise ValueError(
                f"'{scheme}://' is not another machine, and links there would not be checked: for a folder of this"
                " machine set file:///the/folder"
            )
        if value and scheme == "file" and (not value.startswith("file:///") or ".." in value.split("/")):
            raise ValueError(f"'{value}' is not the full path of a folder: write file:///the/folder")
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

    @model_validator(mode="after")
    def _is_text_with_delimiters(self) -> Files:
        if self.format != "csv" and self.of_delimited_text:
            raise ValueError(f"{self.of_delimited_text[0]} is for csv; these files are {self.format}")
        return self

    def of(self, table: FileShape | None) -> Files:
        """The settings with those that a table overrides."""
        return self if table is None else self.model_copy(update=table.model_dump(exclude_unset=True))


def _open_secrets(options: object) -> list[str]:
    """The options, including nested ones, that look like a secret and do not name a variable."""
    if not isinstance(options, Mapping):
        return []
    return [
        name
        for name, value in options.items()
        if (isinstance(value, str) and _SECRET_OPTION.search(str(name))) or _open_secrets(value)
    ]
