"""Reader of Parquet: columns keep their types, rows are numbered from 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.config.systems import Files
from orchestration.connectors.batch import Batch, UnreadableError, check_columns

BATCH_ROWS = 100_000


def read(path: Path, source_file: str, files: Files) -> Iterator[Batch]:
    """Yield the file's rows, at least one batch.

    Raises:
        UnreadableError: the file is not Parquet, is incomplete or damaged, or unpacks to more than the limit.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            check_columns(file.schema_arrow.names)
            _check_size(file.metadata, files)
            first_row = 1
            for rows in file.iter_batches(batch_size=BATCH_ROWS):
                row_numbers = np.arange(first_row, first_row + rows.num_rows)
                first_row += rows.num_rows
                yield Batch.of(pa.Table.from_batches([rows]), source_file, row_numbers)
            if first_row == 1:
                yield Batch.of(file.schema_arrow.empty_table(), source_file, np.array([], np.int64))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().rstrip(".").splitlines()[0]
        raise UnreadableError(
            f"the Parquet file is cut off or damaged ({reason})", "Deliver the complete file again"
        ) from error


def _check_size(metadata: pq.FileMetaData, files: Files) -> None:
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if size > files.unpacked_gigabytes * 1e9:
        raise UnreadableError(
            f"the Parquet file unpacks to more than {files.unpacked_gigabytes:g} GB",
            "If the size is right, raise the system's 'unpacked_gigabytes'",
        )
