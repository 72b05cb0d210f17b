"""The interface between connectors and the landing: batches of rows, and errors.

Every connector turns a table of the deployment and a load date into an iterator of ``Batch``. Add here what all
connectors share; keep out what is specific to one kind of source.
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
    """A source or its delivery is unusable as a whole, not because of a single row: the night stops."""


class NotDeliveredError(SourceError):
    """The source does not have the table: no file of its pattern, no table of its name."""


class SourceUnavailableError(SourceError, InfrastructureError):
    """A source cannot be reached, or its connection broke: a retry may succeed."""


class UnreadableError(Exception):
    """A reader's error, without table and file: the connector adds them and raises a ``SourceError``."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")


class UnavailableError(UnreadableError):
    """A reader's error where a retry may succeed: it becomes a ``SourceUnavailableError``."""


@dataclass(frozen=True, slots=True)
class Fault:
    r"""A row that cannot be read as a record; ``text`` holds an undecodable byte as ``\xNN``."""

    source_file: str
    source_row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivered file, as the landing records it.

    Attributes:
        content: the hash of its bytes.
        tag: a cheap sign of change: it differs if the content may differ. Empty if it is not known.
        repeats: the earlier file with the same bytes; if set, no row of this file was taken.
    """

    name: str
    content: str
    tag: str = ""
    repeats: str | None = None


@dataclass(frozen=True)
class Batch:
    """Some rows of one file, and the faults among them.

    ``rows`` has the delivered columns, then ``_source_file`` (relative to the extracts folder) and ``_source_row`` (the
    line at which the record begins, counted from 1; in Parquet the row number). The first batch of a delivered file
    carries its ``delivery``.

    Attributes:
        remarks: what a person should know of the file, though it lands.
    """

    rows: pa.Table
    faults: tuple[Fault, ...]
    delivery: Delivery | None = None
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        columns: pa.Table,
        source_file: str,
        source_rows: Numbers,
        faults: Sequence[Fault] = (),
    ) -> Batch:
        """Return a batch of ``columns``, each row with its row number in ``source_file``."""
        row_numbers = pa.array(source_rows, pa.int64())
        files = pa.repeat(pa.scalar(source_file, pa.string()), len(row_numbers))
        return cls(
            rows=pa.Table.from_arrays(
                [*columns.columns, files, row_numbers],
                names=[*columns.column_names, "_source_file", "_source_row"],
            ),
            faults=tuple(faults),
        )


MOST_COLUMNS = 2_000
"""More columns than any export has; keys that are data themselves would be columns without end."""


def check_columns(names: Sequence[str], first: int = 1) -> None:
    """Refuse column names that the landing cannot distinguish; the warehouse ignores upper and lower case.

    A file without a header may hold personal data in its first line, so a message names a column by its number.

    Args:
        first: the number of the first column.

    Raises:
        UnreadableError: a name is empty, appears twice, or is reserved for the landing, or there are too many.
    """
    if len(names) > MOST_COLUMNS:
        raise UnreadableError(
            f"there are {len(names):,} columns; at most {MOST_COLUMNS:,} can land",
            "Deliver one row per value, with the name of the column as a value",
        )
    first_positions: dict[str, int] = {}
    for position, name in enumerate(names, start=first):
        if not name.strip():
            raise UnreadableError(
                f"column {position} has no name",
                "Give every column a name in the export, or in the table's 'files: {columns: [...], skip_rows: 1}'",
            )
        if name.lower() in RESERVED_COLUMNS:
            raise UnreadableError(
                f"column {position} is named '{name}', which is reserved for the landing",
                "Rename it in the export",
            )
        earlier = first_positions.setdefault(name.lower(), position)
        if earlier != position:
            raise UnreadableError(
                f"columns {earlier} and {position} have the same name (upper and lower case are not distinguished)",
                "Rename or remove one of them in the export",
            )
