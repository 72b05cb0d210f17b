"""Where a source can tell how much of its answer has come, each batch does: what is left of a long pull goes by it."""

from __future__ import annotations

import gzip
import io
import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.config.deployment import Window
from orchestration.config.systems import Files, Format
from orchestration.connectors import rest, sql
from orchestration.connectors.batch import Batch
from orchestration.connectors.databases import asked
from orchestration.connectors.readers import delimited, json_lines, parquet
from orchestration.connectors.sources import pull
from tests.unit.connectors import databases, deliveries, services

ROWS = [{"id": str(number), "text": random.Random(number).randbytes(300).hex()} for number in range(40_000)]


def as_parquet(rows: Sequence[dict[str, str]]) -> bytes:
    packed = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), packed)
    return packed.getvalue()


def as_csv(rows: Sequence[dict[str, str]]) -> bytes:
    return b"id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in rows).encode()


def as_lines(rows: Sequence[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def check(batches: Sequence[Batch], row_count: int, tolerance: float) -> None:
    """Each batch says how much has come, as the rows so far do, and the last one that all has."""
    shares = [batch.share or 0.0 for batch in batches]
    rows = [sum(batch.rows.num_rows for batch in batches[:place]) / row_count for place in range(1, len(batches) + 1)]
    assert len(batches) > 3
    assert all(before <= after for before, after in pairwise(shares))
    assert shares == pytest.approx(rows, abs=tolerance)
    assert shares[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("kind", "suffix", "encode"),
    [
        ("parquet", "parquet", as_parquet),
        ("csv", "csv", as_csv),
        ("csv", "csv.gz", lambda rows: gzip.compress(as_csv(rows), 1)),
        ("jsonl", "jsonl", as_lines),
        ("jsonl", "jsonl.zst", lambda rows: pa.compress(as_lines(rows), "zstd", asbytes=True)),
    ],
)
def test_a_file_tells_by_its_bytes_or_rows_and_two_files_by_both(
    kind: Format,
    suffix: str,
    encode: Callable[[Sequence[dict[str, str]]], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet, "BATCH_ROWS", 5_000)
    monkeypatch.setattr(json_lines, "BATCH_CHARACTERS", 2_000_000)
    monkeypatch.setattr(delimited.read, "__defaults__", (2_000_000,))
    (tmp_path / f"customers_1.{suffix}").write_bytes(encode(ROWS[:30_000]))
    (tmp_path / f"customers_2.{suffix}").write_bytes(encode(ROWS[30_000:]))
    table = deliveries.table_of(Files(format=kind, history=f"customers_*.{suffix}"))
    # a reader is a block or two ahead of what it has yielded
    check(list(pull(table, table.deployment.history_load_date, tmp_path)), len(ROWS), tolerance=0.15)


def test_the_history_of_a_databases_table_is_counted_first_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("create table orders (id integer, changed datetime)")
        connection.executemany("insert into orders values (?, '2026-01-14 12:00:00')", [(n,) for n in range(1_000)])
    connection.close()
    monkeypatch.setenv(databases.URL, f"sqlite:///{tmp_path}/shop.db")
    monkeypatch.setattr(asked, "BATCH_ROWS", 100)
    whole = databases.table_of(cursor="changed")
    check(list(sql.pull(whole, databases.EVER)), 1_000, tolerance=1e-9)
    day = Window(databases.NIGHT, whole.window(databases.NIGHT).start, databases.EVER.end)
    query = databases.table_of(query="select * from orders", cursor="changed")
    for table, window in ((whole, day), (query, databases.EVER)):
        assert {batch.share for batch in sql.pull(table, window)} == {None}


def test_a_service_tells_where_it_tells_its_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "BATCH_ROWS", 5)
    pages = services.PAGES["page_number"]
    with services.service(services.paging("page_number", lambda: ROWS[:33])) as made:
        told = services.table_of(made.url, pages=pages, total_path="$.meta.total")
        check(list(rest.pull(told, told.window(services.HISTORY))), 33, tolerance=1e-9)
        untold = services.table_of(made.url, pages=pages)
        assert {batch.share for batch in rest.pull(untold, untold.window(services.HISTORY))} == {None}
