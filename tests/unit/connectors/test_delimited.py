"""CSV files: values, line numbers, rows that are faults, files that stop the night."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.config.files import Files
from orchestration.connectors.batch import SourceError, UnreadableError
from orchestration.connectors.readers import delimited
from tests.unit.connectors.deliveries import Pulled, pulled

NOT_UTF8 = "bytes that are not utf-8: {byte} at character {place}; with 'encoding: cp1252' they are '{read}'"


def taken(folder: Path, content: bytes, name: str = "customers.csv", **settings: Any) -> Pulled:
    """What a night takes of ``content``."""
    path = folder / name
    path.write_bytes(content)
    return pulled(path, format="csv", **settings)


def problem(folder: Path, content: bytes, name: str = "customers.csv", **settings: Any) -> str:
    """The message with which ``content`` stops the night."""
    with pytest.raises(SourceError) as error:
        taken(folder, content, name, **settings)
    return str(error.value)


def test_every_value_is_text_as_delivered_and_an_empty_field_is_null(tmp_path: Path) -> None:
    found = taken(tmp_path, b'id,score,at,note\n007,1.50,2025-03-30 02:30,\n8,, x ,""\n')
    assert found.rows == [
        {"id": "007", "score": "1.50", "at": "2025-03-30 02:30", "note": None, "_source_row": 2},
        {"id": "8", "score": None, "at": " x ", "note": None, "_source_row": 3},
    ]
    assert found.faults == []


def test_a_row_is_placed_at_the_line_where_it_begins_also_after_line_breaks_in_fields(tmp_path: Path) -> None:
    found = taken(tmp_path, b'id,note\n1,"a\nb\r\nc"\n2,d\n3,"\n\n"\n4,e')
    assert [(row["id"], row["_source_row"]) for row in found.rows] == [("1", 2), ("2", 5), ("3", 6), ("4", 9)]
    assert found.rows[0]["note"] == "a\nb\r\nc"


def test_lines_are_counted_through_faults_and_blank_lines(tmp_path: Path) -> None:
    found = taken(tmp_path, b'id,note\n\n1,"a\nb",c\n\n\n2\n3,d\n')
    assert [(fault.source_row, fault.text) for fault in found.faults] == [(3, '1,"a\nb",c'), (7, "2")]
    assert found.rows == [{"id": "3", "note": "d", "_source_row": 8}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(tmp_path: Path, end: str) -> None:
    found = taken(tmp_path, end.join(["id,note", "1,a", "", '2,"b' + end + 'c"', "3,d"]).encode())
    assert [(row["id"], row["_source_row"]) for row in found.rows] == [("1", 2), ("2", 4), ("3", 6)]
    assert found.rows[1]["note"] == f"b{end}c"


def test_a_header_without_rows_is_an_empty_window_with_its_columns(tmp_path: Path) -> None:
    assert taken(tmp_path, b"id,note\n").columns == ["id", "note", "_source_file", "_source_row"]
    assert taken(tmp_path, b"id,note").rows == []
    assert taken(tmp_path, b"id,note\n\n\n").faults == []


def test_too_many_or_too_few_fields_are_faults_and_the_other_rows_stand(tmp_path: Path) -> None:
    found = taken(tmp_path, b"id,note\n1\n2,a\n3,b,c\n")
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (2, "1 fields instead of 2", "1"),
        (4, "3 fields instead of 2", "3,b,c"),
    ]
    assert [fault.source_file for fault in found.faults] == ["customers.csv", "customers.csv"]
    assert [row["id"] for row in found.rows] == ["2"]


def test_a_row_with_bytes_that_are_no_text_is_a_fault_that_shows_them(tmp_path: Path) -> None:
    found = taken(tmp_path, b"id,note\n1,caf\xe9\n2,caf\xc3\xa9\n3,\xff,x\n")
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (2, NOT_UTF8.format(byte="\\xe9", place=6, read="é"), "1,caf\\xe9"),
        (
            4,
            "3 fields instead of 2; " + NOT_UTF8.format(byte="\\xff", place=3, read="ÿ"),
            "3,\\xff,x",
        ),
    ]
    assert found.rows == [{"id": "2", "note": "café", "_source_row": 3}]


def test_a_row_of_nothing_but_delimiters_is_a_fault(tmp_path: Path) -> None:
    found = taken(tmp_path, b'id,note\n,\n1,a\n"",""\n')
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (2, "every field is empty", ","),
        (4, "every field is empty", '"",""'),
    ]


def test_a_table_of_one_column_may_have_blank_lines(tmp_path: Path) -> None:
    found = taken(tmp_path, b"id\n1\n\n2\n")
    assert [(row["id"], row["_source_row"]) for row in found.rows] == [("1", 2), ("2", 4)]
    assert found.faults == []


def test_quotes_inside_a_field_are_part_of_it(tmp_path: Path) -> None:
    found = taken(tmp_path, b'id,note\n1,5" pipe\n2,say "hi"\n3,"a ""b"""\n')
    assert [row["note"] for row in found.rows] == ['5" pipe', 'say "hi"', 'a "b"']
    assert found.faults == []


def test_a_quote_that_closes_late_makes_a_fault_of_every_line_it_swallowed(tmp_path: Path) -> None:
    found = taken(tmp_path, b'id,note\n1,"a\n2,b\n3,"c"\n4,d\n')
    reason = "text after a closing quote, in the record of lines 2 to 4"
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (2, reason, '1,"a'),
        (3, reason, "2,b"),
        (4, reason, '3,"c"'),
    ]
    assert found.rows == [{"id": "4", "note": "d", "_source_row": 5}]


@pytest.mark.parametrize("tail", [b'4,"a\n5,b\n', b'4,"a', b'4,"a\n', b'4,a,"b""'])
def test_a_quote_that_swallows_the_rest_of_the_file_stops_the_night_and_names_its_line(
    tmp_path: Path, tail: bytes
) -> None:
    message = problem(tmp_path, b'id,note\n1,"x\ny"\n' + tail)
    assert "line 4: a quote opens a field and does not close" in message


def test_the_line_named_is_the_quotes_own_not_its_records(tmp_path: Path) -> None:
    assert "line 3: a quote opens" in problem(tmp_path, b'id,note\n"1\n","a\nb\n')


def test_a_record_longer_than_a_block_stops_the_night_instead_of_filling_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(b'id,note\n1,a\n2,"' + b"b\n" * 500)
    with pytest.raises(UnreadableError, match="line 3: a quote opens a field"):
        list(delimited.read(path, path.name, Files(format="csv"), block=100))
    path.write_bytes(b"id,note\n1,a\n2," + b"b" * 500)
    with pytest.raises(UnreadableError, match="line 3: a record of more than 100 characters"):
        list(delimited.read(path, path.name, Files(format="csv"), block=100))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_declared_delimiter_is_honoured(tmp_path: Path, delimiter: str) -> None:
    found = taken(tmp_path, f"id{delimiter}note\n1{delimiter}a,b\n".encode(), delimiter=delimiter)
    assert found.rows == [{"id": "1", "note": "a,b", "_source_row": 2}]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_the_declared_encoding_is_honoured(tmp_path: Path, encoding: str) -> None:
    found = taken(tmp_path, "id,Straße\n1,Köln\n".encode(encoding), encoding=encoding)
    assert found.rows == [{"id": "1", "Straße": "Köln", "_source_row": 2}]


def test_bytes_that_the_declared_encoding_lacks_make_a_fault(tmp_path: Path) -> None:
    found = taken(tmp_path, b"id,note\n1,\x80\n2,\x81\n", encoding="cp1252")
    assert [row["note"] for row in found.rows] == ["€"]
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (3, "bytes that are not cp1252: \\x81 at character 3; with 'encoding: cp850' they are 'ü'", "2,\\x81")
    ]


def test_a_utf_8_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert taken(tmp_path, b"\xef\xbb\xbfid,note\n1,a\n").columns[0] == "id"


def test_a_byte_order_mark_inside_the_file_is_kept(tmp_path: Path) -> None:
    assert taken(tmp_path, b"id,note\n\xef\xbb\xbf1,a\n").rows[0]["id"] == "\ufeff1"


def test_gzip_is_read_by_its_suffix(tmp_path: Path) -> None:
    found = taken(tmp_path, gzip.compress(b"id,note\n1,a\n"), "customers.csv.gz")
    assert found.rows == [{"id": "1", "note": "a", "_source_row": 2}]


@pytest.mark.parametrize("length", [2, 15, 1000, -9, -1])
def test_a_gzip_that_is_cut_off_stops_the_night(tmp_path: Path, length: int) -> None:
    text = "id,note\n" + "".join(f"{number},{number**5}\n" for number in range(5000))
    message = problem(tmp_path, gzip.compress(text.encode())[:length], "customers.csv.gz")
    assert "customers.csv.gz': the gzip file is cut off or damaged" in message
    assert "Deliver the complete file again" in message


def test_a_gzip_with_a_wrong_checksum_stops_the_night(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(b"id,note\n1,a\n"))
    content[-8] ^= 1
    assert "cut off or damaged" in problem(tmp_path, bytes(content), "customers.csv.gz")


def test_a_text_file_named_gzip_stops_the_night(tmp_path: Path) -> None:
    assert "Not a gzipped file" in problem(tmp_path, b"id,note\n1,a\n", "customers.csv.gz")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\n\n", "the file has no header"),
        (b"id,note,Id\n1,a,b\n", "columns 1 and 3 have the same name"),
        (b"id,,note\n1,a,b\n", "column 2 has no name"),
        (b"id, ,,note\n1,a,b,c\n", "column 2 has no name"),
        (b",,\n1,a,b\n", "the header has no names"),
        ((",".join(f"c{n}" for n in range(2001)) + "\n").encode(), "there are 2,001 columns; at most 2,000 can land"),
        (b"id,_source_row\n1,2\n", "column 2 is named '_source_row', which is reserved for the landing"),
        (b"id;note\n1;a\n", "line 1: the header is one column; the delimiter seems to be ';' instead of ','"),
        (b"id\tnote\n1\ta\n", "the delimiter seems to be '\\t' instead of ','"),
        (b"id,caf\xe9\n1,a\n", "line 1: the header has bytes that are not utf-8: \\xe9 at character 7"),
        (b'id,"note\n1,a\n', "a quote in the header does not close"),
        (b"id," + b"x" * 300_000 + b"\n", "the header has more than 262,144 characters"),
        ("id,note\n1,a\n".encode("utf-16"), "line 1: the file is not utf-8 but looks like utf-16"),
        ("id,note\n1,a\n".encode("utf-32"), "line 1: the file is not utf-8 but looks like utf-32"),
        ("id,note\n1,a\n".encode("utf-16-be"), "looks like utf-16 or utf-32 without a byte order mark"),
        (gzip.compress(b"id,note\n", mtime=0), "the file is gzip, not text"),
        (b"PK\x03\x04 a workbook", "the file is zip (or Excel), not text"),
    ],
)
def test_an_unusable_file_stops_the_night_with_the_reason(tmp_path: Path, content: bytes, words: str) -> None:
    message = problem(tmp_path, content)
    assert message.startswith("Deployment 'demo', system 'crm', table 'customers', file 'customers.csv': ")
    assert words in message
    assert message.endswith(".")


def test_a_utf_8_file_declared_as_another_encoding_stops_the_night(tmp_path: Path) -> None:
    assert "not cp1252 but looks like utf-8" in problem(tmp_path, b"\xef\xbb\xbfid\n1\n", encoding="cp1252")


def test_a_file_that_is_not_the_declared_utf_16_stops_the_night(tmp_path: Path) -> None:
    assert "is not utf-16" in problem(tmp_path, "id,note\n1,a\n".encode("utf-16")[:-1], encoding="utf-16")


FIELD = st.text(st.sampled_from("\",;\t|\n\r '\\\ufeff\0") | st.characters(exclude_categories=["Cs"]), max_size=6)
WRITTEN = st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n")])


@settings(deadline=None)
@given(
    rows=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(FIELD, min_size=width, max_size=width), max_size=12)
    ),
    delimiter=st.sampled_from(",;\t|"),
    written=WRITTEN,
    block=st.integers(80, 200),
)
def test_any_table_that_python_writes_comes_back_with_the_lines_that_python_counts(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    delimiter: str,
    written: tuple[Any, str],
    block: int,
) -> None:
    width = len(rows[0]) if rows else 1
    names = [f"column_{place}" for place in range(width)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=written[0], lineterminator=written[1])
    writer.writerows([names, *rows])
    path = tmp_path_factory.mktemp("extracts") / "customers.csv"
    path.write_bytes(text.getvalue().encode())

    batches = list(delimited.read(path, path.name, Files(format="csv", delimiter=delimiter), block=block))

    reader = csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter)
    expected: list[tuple[int, list[str | None]]] = []
    line = 1
    for record in reader:
        expected.append((line, [field or None for field in record]))
        line = reader.line_num + 1
    found = [(row["_source_row"], [row[name] for name in names]) for batch in batches for row in batch.rows.to_pylist()]
    assert found == [(line, record) for line, record in expected[1:] if any(record)]
    faults = [(fault.source_row, fault.reason) for batch in batches for fault in batch.faults]
    assert faults == [(line, "every field is empty") for line, record in expected[1:] if not any(record)]


@settings(deadline=None)
@given(block=st.integers(24, 120))
def test_where_a_block_ends_changes_nothing(tmp_path_factory: pytest.TempPathFactory, block: int) -> None:
    path = tmp_path_factory.mktemp("extracts") / "customers.csv"
    path.write_bytes(b'id,note\n1,"a\r\nb"\r\n2\r\n\r\n3,\xe9\r\n,\r\n4,"x\r\n5,"y"\r\n6,c\r\n' * 3)
    whole, cut = (list(delimited.read(path, path.name, Files(format="csv"), block=size)) for size in (10_000, block))
    assert [row for batch in cut for row in batch.rows.to_pylist()] == whole[0].rows.to_pylist()
    assert [fault for batch in cut for fault in batch.faults] == list(whole[0].faults)
