"""CSV files in declared shapes: delimiters, quotes, headers, columns without a name, encodings."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.config.files import Files
from orchestration.connectors.readers import delimited
from tests.unit.connectors.deliveries import pulled
from tests.unit.connectors.test_delimited import problem, taken

LINES = [(2, "1", "a"), (3, "2", "b")]


def lines_of(folder: Path, content: str, **shape: Any) -> list[tuple[int, str, str]]:
    """The line, the id and the note of each row."""
    found = taken(folder, content.encode(), **shape)
    assert found.faults == []
    return [(row["_source_row"], row["id"], row["note"]) for row in found.rows]


def remarks_of(folder: Path, content: bytes, **shape: Any) -> tuple[str, ...]:
    """What the reader says of the file."""
    path = folder / "customers.csv"
    path.write_bytes(content)
    return next(delimited.read(path, path.name, Files(format="csv", **shape))).remarks


def test_excels_line_with_the_delimiter_is_skipped_and_counted(tmp_path: Path) -> None:
    assert lines_of(tmp_path, "sep=;\r\nid;note\r\n1;a\r\n", delimiter=";") == [(3, "1", "a")]
    assert lines_of(tmp_path, '\ufeff"sep=;"\nid;note\n1;a\n', delimiter=";") == [(3, "1", "a")]
    assert lines_of(tmp_path, "sep=;\nid;note\n1;a\n", delimiter=";", skip_lines=1) == [(3, "1", "a")]


def test_excels_line_names_the_delimiter_to_declare(tmp_path: Path) -> None:
    message = problem(tmp_path, b"sep=;\nid;note\n1;a\n")
    assert "line 1: 'sep=;'" in message
    assert "Set the table's 'delimiter' to ';'" in message


def test_lines_before_the_header_are_skipped_whatever_they_hold(tmp_path: Path) -> None:
    text = 'Report of "yesterday\n\nid,note\n1,a\n'
    assert lines_of(tmp_path, text, skip_lines=2) == [(4, "1", "a")]


def test_rows_below_the_header_are_skipped_as_records_of_several_lines(tmp_path: Path) -> None:
    import_ids = '"{""ImportId"":""_id""}","{""ImportId"":""Q1""}"'
    text = f'id,note\nNumber,"How likely\nare you to\nrecommend us?"\n{import_ids}\n1,a\n'
    assert lines_of(tmp_path, text, skip_rows=2) == [(6, "1", "a")]
    assert lines_of(tmp_path, 'id,note\nNumber,"a\nb"\n', skip_rows=2) == []


def test_a_file_without_a_header_takes_its_declared_columns(tmp_path: Path) -> None:
    assert lines_of(tmp_path, "\n1,a\n2,b\n", columns=("id", "note")) == LINES
    assert lines_of(tmp_path, "Nr,Text\n1,a\n2,b\n", columns=("id", "note"), skip_rows=1) == LINES
    assert lines_of(tmp_path, "", columns=("id", "note")) == []
    assert pulled(tmp_path / "customers.csv", format="csv", columns=("id", "note")).columns[:2] == ["id", "note"]


def test_a_header_is_never_taken_for_a_row(tmp_path: Path) -> None:
    message = problem(tmp_path, b"ID,note\n1,a\n", columns=("id", "note"))
    assert "line 1: this is a header, but 'columns' declares a file without one" in message


def test_a_file_without_a_header_names_the_delimiter_to_declare(tmp_path: Path) -> None:
    message = problem(tmp_path, b"1;a\n2;b\n", columns=("id", "note"))
    assert "line 1: the row is one column; the delimiter seems to be ';'" in message


@pytest.mark.parametrize(
    "text",
    ["id,note,\n1,a,\n2,b,\n", "id,note,,\n1,a,,\n2,b,,\n", "id,note\n1,a,\n2,b,\n", ",id,note\n0,1,a\n1,2,b\n"],
    ids=["trailing", "two trailing", "trailing in rows only", "index"],
)
def test_a_column_without_a_name_is_left_out_with_a_remark_if_it_is_empty_or_numbers_the_rows(
    tmp_path: Path, text: str
) -> None:
    assert lines_of(tmp_path, text) == LINES
    (remark,) = remarks_of(tmp_path, text.encode())
    assert "no name" in remark


def test_a_value_in_a_column_without_a_name_is_a_fault_and_not_lost(tmp_path: Path) -> None:
    found = taken(tmp_path, b"id,note,\n1,a,\n2,b,gold\n3,c,\n")
    assert [(fault.source_row, fault.text) for fault in found.faults] == [(3, "2,b,gold")]
    assert "column 3, which has no name" in found.faults[0].reason
    found = taken(tmp_path, b",id,note\n0,1,a\nx,2,b\n")
    assert [(fault.source_row, fault.text) for fault in found.faults] == [(3, "x,2,b")]


def test_declared_texts_mean_a_missing_value_quoted_or_not(tmp_path: Path) -> None:
    found = taken(tmp_path, b'id,note\n1,\\N\n2,"NULL"\n3,null\n\\N,NA\n', nulls=("\\N", "NULL", "NA"))
    assert [(row["id"], row["note"]) for row in found.rows] == [("1", None), ("2", None), ("3", "null")]
    assert [(fault.source_row, fault.reason) for fault in found.faults] == [(5, "every field is empty")]


def test_another_quote_and_no_quote_are_honoured(tmp_path: Path) -> None:
    assert lines_of(tmp_path, "id,note\n1,'a, \"b''\n'\n", quote="'") == [(2, "1", "a, \"b'\n")]
    assert lines_of(tmp_path, 'id\tnote\n1\t"a\n2\tb"c\n', quote="none", delimiter="\t") == [
        (2, "1", '"a'),
        (3, "2", 'b"c'),
    ]


def test_runs_of_blanks_separate_columns_but_not_inside_quotes(tmp_path: Path) -> None:
    text = '   id    note\n    1  a\n\n 2\t \t"b  c\n d"   \n'
    assert lines_of(tmp_path, text, delimiter="blanks") == [(2, "1", "a"), (4, "2", "b  c\n d")]


def test_a_fault_between_blanks_shows_its_line_as_delivered(tmp_path: Path) -> None:
    found = taken(tmp_path, b"id   note\n1    a   b\n2    c\n", delimiter="blanks")
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (2, "3 fields instead of 2", "1    a   b")
    ]


def test_escaped_quotes_are_read_where_they_are_declared_and_never_cut_a_value(tmp_path: Path) -> None:
    text = 'id,note\n1,"a \\"b, c\\" \\\\"\n2,"d\\"\ne"\n3,AC\\\\x\n'
    assert lines_of(tmp_path, text, escape="\\") == [(2, "1", 'a "b, c" \\'), (3, "2", 'd"\ne'), (5, "3", "AC\\x")]
    found = taken(tmp_path, b'id,note\n1,"say \\"hi\\" now"\n2,"AC\\"\n3,5\\" pipe\n')
    assert [(fault.source_row, "set 'escape'" in fault.reason) for fault in found.faults] == [(2, True)]
    assert [row["note"] for row in found.rows] == ["AC\\", '5\\" pipe']


ESCAPED = st.text(st.sampled_from('ab",\\\n;'), max_size=5)


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(ESCAPED, ESCAPED), max_size=8), data=st.data())
def test_any_table_with_escaped_quotes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("extracts") / "customers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, escapechar="\\", doublequote=False, lineterminator="\n")
        writer.writerows([("id", "note"), *rows])
    block = data.draw(st.integers(60, 200))
    batches = list(delimited.read(path, path.name, Files(format="csv", escape="\\"), block=block))
    found = [(row["id"], row["note"]) for batch in batches for row in batch.rows.to_pylist()]
    assert found == [(first or None, second or None) for first, second in rows if first or second]


WORD = st.text(st.sampled_from("ab\"'5é"), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(WORD, WORD), max_size=8), gap=st.sampled_from([" ", "   ", "\t", " \t "]), data=st.data()
)
def test_any_table_between_blanks_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], gap: str, data: st.DataObject
) -> None:
    written = [tuple('"' + field.replace('"', '""') + '"' for field in row) for row in [("id", "note"), *rows]]
    edge = data.draw(st.sampled_from(["", " ", "\t"]))
    path = tmp_path_factory.mktemp("extracts") / "customers.csv"
    path.write_text("".join(f"{edge}{gap.join(row)}{edge}\n" for row in written), encoding="utf-8")
    block = data.draw(st.integers(40, 200))
    batches = list(delimited.read(path, path.name, Files(format="csv", delimiter="blanks"), block=block))
    found = [(row["id"], row["note"], row["_source_row"]) for batch in batches for row in batch.rows.to_pylist()]
    assert found == [(*row, line) for line, row in enumerate(rows, start=2)]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850"])
def test_a_utf_8_file_declared_as_another_encoding_is_never_read_as_mojibake(tmp_path: Path, encoding: str) -> None:
    content = ("id,note\n1,a\n" * 3 + "2,Köln\n").replace("id,note\n1,a\nid,note", "id,note").encode()
    message = problem(tmp_path, content, encoding=encoding)
    assert r"\xc3\xb6" in message
    assert f"the declared encoding is {encoding}" in message
    assert "Set 'encoding: utf-8'" in message


def test_a_file_with_other_bytes_beside_utf_8_is_read_as_declared(tmp_path: Path) -> None:
    content = "id,note\n1,Ã¶\n2,ö\n".encode("cp1252")
    assert [row["note"] for row in taken(tmp_path, content, encoding="cp1252").rows] == ["Ã¶", "ö"]


def test_a_file_that_lacks_the_bytes_of_utf_16_names_its_encoding(tmp_path: Path) -> None:
    assert "looks like utf-8" in problem(tmp_path, "id,note\n1,ö\n".encode(), encoding="utf-16-le")
