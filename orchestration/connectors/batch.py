"""The seam between a source and the landing: what a connector yields, and how it says that it cannot.

Every connector turns a table's entry in the deployment and a load date into an iterator of ``Batch``. Add here what
all of them share; keep out what only one kind of source knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.base.errors import InfrastructureError, PipelineError

Numbers = npt.NDArray[np.int64]

RESERVED_COLUMNS = ("_load_date", "_source_file", "_source_row")


class SourceError(PipelineError):
    """A source cannot be taken as it is, for a reason that no single row bears: the night stops."""


class SourceUnavailableError(SourceError, InfrastructureError):
    """A source cannot be reached, or broke off: the same again may succeed."""


class UnreadableError(Exception):
    """What a reader says of such a source; its connector adds whose it is and makes a ``SourceError`` of it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")


class UnavailableError(UnreadableError):
    """The same of a source that may be read when it is asked again: it becomes a ``SourceUnavailableError``."""


@dataclass(frozen=True, slots=True)
class Fault:
    r"""A row that could not be read as a record; in ``text`` a byte that is no text stands as ``\xNN``."""

    source_file: str
    source_row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivered file, as the landing remembers it.

    Attributes:
        content: the hash of its bytes.
        tag: another one where the content may be another one: cheap to ask for. Empty where it is not known.
        repeats: the earlier file that has the same bytes; nothing of this one was taken then.
    """

    name: str
    content: str
    tag: str = ""
    repeats: str | None = None


@dataclass(frozen=True)
class Batch:
    """Some rows of one file, and the faults among them.

    ``rows`` has the delivered columns, then ``_source_file`` (below the extracts folder) and ``_source_row`` (the line
    at which the record begins, counted from 1; in Parquet the number of the row). ``delivery`` stands in the first
    batch of a delivered file.
    """

    rows: pa.Table
    faults: tuple[Fault, ...]
    delivery: Delivery | None = None

    @classmethod
    def of(
        cls,
        columns: pa.Table,
        source_file: str,
        source_rows: Numbers,
        faults: Sequence[Fault] = (),
    ) -> Batch:
        """The batch of ``columns``, each row with its place in ``source_file``."""
        places = pa.array(source_rows, pa.int64())
        files = pa.repeat(pa.scalar(source_file, pa.string()), len(places))
        return cls(
            rows=pa.Table.from_arrays(
                [*columns.columns, files, places],
                names=[*columns.column_names, "_source_file", "_source_row"],
            ),
            faults=tuple(faults),
        )


def check_columns(names: Sequence[str]) -> None:
    """Refuse columns that landing could not tell apart; the warehouse knows no upper and lower case.

    What stands where a header should be may be a person's data: the message tells a column by its number.

    Raises:
        UnreadableError: a name is empty, stands twice, or is one that landing adds.
    """
    first_places: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise UnreadableError(f"column {place} has no name", "Give every column a name in the export")
        if name.lower() in RESERVED_COLUMNS:
            raise UnreadableError(
                f"column {place} is named '{name}', a name that the landing adds itself",
                "Rename it in the export",
            )
        first = first_places.setdefault(name.lower(), place)
        if first != place:
            raise UnreadableError(
                f"columns {first} and {place} have the same name (upper and lower case are one)",
                "Rename or remove one of them in the export",
            )
