"""The settings for how a delivery is written: the text of a file, the numbers and times of a table.

Add here how values are spelled; keep out where files lie (``systems.py``) and how they are read (``connectors/``).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from orchestration.config.settings import Strict

BLANKS = "blanks"
"""The delimiter of columns that any number of blanks and tabs separates."""
NO_QUOTE = "none"
EPOCHS = ("epoch_seconds", "epoch_milliseconds")


def _is_a_token(value: object) -> object:
    if value is None:
        raise ValueError('YAML reads an unquoted NULL as nothing: write "NULL" in quotes')
    if value == "\x85":
        raise ValueError(r"YAML reads \N in double quotes as another character: write '\N' in single quotes")
    return value


def _is_a_time_format(value: str) -> str:
    if value not in EPOCHS and not re.search("%[A-Za-z]", value):
        raise ValueError(
            f"'{value}' is not a time format (such as '%d.%m.%Y %H:%M', {' or '.join(EPOCHS)})",
        )
    return value


Token = Annotated[str, BeforeValidator(_is_a_token)]
TimeFormat = Annotated[str, AfterValidator(_is_a_time_format)]
TimeFormats = Annotated[
    tuple[TimeFormat, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]
"""One format in the codes of strptime, or several that are tried in their order."""


class FileShape(Strict):
    """How the text of files is written; what a table sets overrides its system."""

    delimiter: str = Field(",", description="Character between fields; 'blanks' for any number of blanks and tabs.")
    encoding: str = "utf-8"
    quote: str = Field('"', description="Character around fields; 'none' if fields are never quoted.")
    escape: str | None = Field(
        None, pattern=r"^[\x21-\x7e]$", description="Character before a quote that belongs to its field, such as \\."
    )
    nulls: tuple[Token, ...] = Field((), description="Texts that mean a missing value, such as NA.")
    columns: tuple[str, ...] = Field((), description="Names of the columns of files without a header.")
    skip_lines: int = Field(0, ge=0, description="Lines before the header.")
    skip_rows: int = Field(0, ge=0, description="Rows after the header that are not data.")

    @field_validator("delimiter")
    @classmethod
    def _separates_fields(cls, value: str) -> str:
        if value != BLANKS and (len(value) != 1 or not value.isascii() or value in '"\r\n'):
            raise ValueError(
                f"{value!r} is not one ASCII character that can separate fields (a tab is \"\\t\"), nor '{BLANKS}'"
            )
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, value: str) -> str:
        try:
            "text".encode(value)
        except (LookupError, UnicodeError):
            raise ValueError(f"'{value}' is not an encoding of Python (such as utf-8 or latin-1)") from None
        return value

    @field_validator("quote")
    @classmethod
    def _quotes_fields(cls, value: str) -> str:
        if value != NO_QUOTE and (len(value) != 1 or not value.isascii() or value.isalnum() or value in " \t\r\n"):
            raise ValueError(f"{value!r} is not one ASCII character that can quote fields, nor '{NO_QUOTE}'")
        return value

    @field_validator("columns")
    @classmethod
    def _are_distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [name.strip().lower() for name in value]
        if "" in names or len(set(names)) < len(names):
            raise ValueError("every column needs a name of its own; upper and lower case are not distinguished")
        return value

    @model_validator(mode="after")
    def _has_two_marks(self) -> FileShape:
        if self.delimiter == self.quote:
            raise ValueError(f"{self.quote!r} cannot both separate and quote fields")
        if self.escape in {self.delimiter, self.quote} or (self.escape and self.delimiter == BLANKS):
            raise ValueError(f"'{self.escape}' cannot be the escape character with this delimiter and quote")
        return self

    @property
    def of_delimited_text(self) -> list[str]:
        """The settings that only delimited text can follow."""
        names = ("columns", "delimiter", "escape", "quote", "skip_lines", "skip_rows")
        return [name for name in names if getattr(self, name) != FileShape.model_fields[name].default]


Mark = Literal[".", ",", " ", "'"]
"""A decimal or thousands mark."""


class Numbers(Strict):
    """How the numbers of some columns are written."""

    columns: tuple[str, ...] = Field(min_length=1, description="Delivered columns with such numbers.")
    decimal: Literal[".", ","] = "."
    thousands: Mark | None = Field(
        None, description="Mark between groups of three digits; a blank is also a no-break space."
    )

    @model_validator(mode="after")
    def _has_two_marks(self) -> Numbers:
        if self.decimal == self.thousands:
            raise ValueError(f"'{self.decimal}' cannot be both the decimal and the thousands mark")
        return self
