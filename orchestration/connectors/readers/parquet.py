"""Reader of Parquet: columns keep their types, rows are numbered from 1.

What DuckDB would not read as it stands is written in another way, with the same value: a dictionary as its values, a
decimal of more than 38 digits as text, a float column of whole numbers as integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.config.files import Files
from orchestration.connectors.batch import Batch, UnreadableError, check_columns

BATCH_ROWS = 100_000
MOST_DIGITS = 38
EXACT_INTEGERS = 2**53


def read(path: Path, source_file: str, files: Files) -> Iterator[Batch]:
    """Yield the file's rows, at least one batch.

    Raises:
        UnreadableError: the file is not Parquet, is incomplete or damaged, or unpacks to more than the limit.
    """
    try:
        # an INT96 time in nanoseconds holds only the years 1677 to 2262: others would be shifted
        with pq.ParquetFile(path, page_checksum_verification=True, coerce_int96_timestamp_unit="us") as file:
            check_columns(file.schema_arrow.names)
            _check_size(file.metadata, files)
            first_row = 1
            for rows in file.iter_batches(batch_size=BATCH_ROWS):
                row_numbers = np.arange(first_row, first_row + rows.num_rows)
                first_row += rows.num_rows
                yield Batch.of(_plain(pa.Table.from_batches([rows])), source_file, row_numbers)
            if first_row == 1:
                yield Batch.of(_plain(file.schema_arrow.empty_table()), source_file, np.array([], np.int64))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().rstrip(".").splitlines()[0]
        raise UnreadableError(
            f"the Parquet file is cut off or damaged ({reason})", "Deliver the complete file again"
        ) from error


def _plain(rows: pa.Table) -> pa.Table:
    """The same values in types that DuckDB reads."""
    for place, field in enumerate(rows.schema):
        column = rows.column(place)
        kind = _plain_type(field.type)
        if pa.types.is_floating(kind) and _is_whole(column):
            kind = pa.int64()
        if kind != field.type:
            rows = rows.set_column(place, field.name, column.cast(kind))
    return rows


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_decimal256(kind):
        return pa.decimal128(kind.precision, kind.scale) if kind.precision <= MOST_DIGITS else pa.string()
    if pa.types.is_float16(kind):
        return pa.float32()
    return pa.string() if kind == pa.string_view() else kind


def _is_whole(column: pa.ChunkedArray) -> bool:
    """Whether the floats are integers, which became floats because one of them is missing.

    As floats they would turn the integers of other days into floats, too: ids would lose their last digits.
    """
    if column.null_count == len(column):
        return False
    values = column.drop_null().cast(pa.float64()).to_numpy()
    return bool((np.abs(values) <= EXACT_INTEGERS).all() and (values == np.trunc(values)).all())


def _check_size(metadata: pq.FileMetaData, files: Files) -> None:
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if size > files.unpacked_gigabytes * 1e9:
        raise UnreadableError(
            f"the Parquet file unpacks to more than {files.unpacked_gigabytes:g} GB",
            "If the size is right, raise the system's 'unpacked_gigabytes'",
        )
