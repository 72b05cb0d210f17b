"""JSON Lines files: values as delivered, lines that are faults, files that stop the night."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.config.files import Files
from orchestration.connectors.batch import SourceError
from orchestration.connectors.readers import json_lines, json_values
from tests.unit.connectors.deliveries import Pulled, pulled


def taken(folder: Path, content: bytes, name: str = "events.jsonl", **settings: Any) -> Pulled:
    """What a night takes of ``content``."""
    path = folder / name
    path.write_bytes(content)
    return pulled(path, format="jsonl", **settings)


def test_numbers_land_digit_by_digit_and_truth_values_as_words(tmp_path: Path) -> None:
    found = taken(
        tmp_path, b'{"id": 10000000000000000000001, "x": 1.50, "y": -0.0, "z": 1E400, "ok": true, "no": false}\n'
    )
    values = {"id": "10000000000000000000001", "x": "1.50", "y": "-0.0", "z": "1E400", "ok": "true", "no": "false"}
    assert found.rows == [{**values, "_source_row": 1}]


def test_nested_values_land_as_compact_json_with_their_numbers_as_delivered(tmp_path: Path) -> None:
    line = '{"id": "1", "answers": [{"q": "größe", "v": 1.50}, null, true, []], "tags": {}, "by": {"a": [1, "2"]}}\n'
    found = taken(tmp_path, line.encode())
    assert found.rows[0]["answers"] == '[{"q":"größe","v":1.50},null,true,[]]'
    assert found.rows[0]["tags"] == "{}"
    assert found.rows[0]["by"] == '{"a":[1,"2"]}'


def test_a_missing_key_a_null_and_an_empty_text_are_null(tmp_path: Path) -> None:
    found = taken(tmp_path, b'{"a": "1"}\n{"b": null, "a": ""}\n{"c": "3"}\n{}\n')
    assert found.columns == ["a", "b", "c", "_source_file", "_source_row"]
    assert [(row["a"], row["b"], row["c"]) for row in found.rows] == [
        ("1", None, None),
        (None, None, None),
        (None, None, "3"),
        (None, None, None),
    ]


def test_blank_lines_are_no_rows_but_count_as_lines(tmp_path: Path) -> None:
    found = taken(tmp_path, b'\n{"a": "1"}\r\n  \n\r\n{"a": "2"}')
    assert [(row["a"], row["_source_row"]) for row in found.rows] == [("1", 2), ("2", 5)]
    assert found.faults == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a": 1,', "column 9: not valid JSON (Expecting property name enclosed in double quotes)"),
        ('{"a": 1} x', "column 10: not valid JSON (Extra data)"),
        ("[1, 2]", "valid JSON, but not an object"),
        ('"a"', "valid JSON, but not an object"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ('{"a": -Infinity}', "-Infinity is not a JSON value"),
        ('{"a": 1, "b": 2, "a": 3}', "an object has the same key twice"),
        ('{"x": {"a": 1, "a": 1}}', "an object has the same key twice"),
        ('{"b": 1, "B": 2}', "two keys differ only by upper and lower case"),
        ('{"a": 1, "A": 2}', "two keys differ only by upper and lower case"),
        ('{"": 1}', "a key has no name"),
        ('{" ": 1}', "a key has no name"),
        ('{"_Load_Date": 1}', "the key '_load_date' is reserved for the landing"),
        ('{"a": "\\ud83d"}', "an escape is half a character (a lone surrogate)"),
        ('{"\\udead": 1}', "an escape is half a character (a lone surrogate)"),
        ('{"a": {"b": "\\ud83d"}}', "an escape is half a character (a lone surrogate)"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "values nested too deeply"),
        ('{"a": ' + "[" * 400 + "]" * 400 + "}", None),
    ],
)
def test_a_line_that_is_not_a_usable_object_is_a_fault(tmp_path: Path, line: str, reason: str | None) -> None:
    found = taken(tmp_path, f'{{"a": "before"}}\n{line}\n{{"a": "after"}}\n'.encode())
    faults = [(fault.source_file, fault.source_row, fault.reason, fault.text) for fault in found.faults]
    assert faults == ([("events.jsonl", 2, reason, line)] if reason else [])
    assert [row["a"] for row in found.rows if row["_source_row"] != 2] == ["before", "after"]


def test_whole_characters_may_be_escaped(tmp_path: Path) -> None:
    assert taken(tmp_path, b'{"a": "\\ud83d\\ude00 \\u00e9"}\n').rows[0]["a"] == "😀 é"


def test_a_line_with_bytes_that_are_no_text_is_a_fault_that_shows_them(tmp_path: Path) -> None:
    found = taken(tmp_path, b'{"a": "caf\xe9"}\n{"a": "caf\xc3\xa9"}\n')
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (
            1,
            "bytes that are not utf-8: \\xe9 at character 11; with 'encoding: cp1252' they are 'é'",
            '{"a": "caf\\xe9"}',
        )
    ]
    assert [row["a"] for row in found.rows] == ["café"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1", "utf-16"])
def test_the_declared_encoding_is_honoured(tmp_path: Path, encoding: str) -> None:
    found = taken(tmp_path, '{"a": "Köln"}\n{"a": "2"}\n'.encode(encoding), encoding=encoding)
    assert [(row["a"], row["_source_row"]) for row in found.rows] == [("Köln", 1), ("2", 2)]


def test_a_file_without_lines_is_an_empty_window(tmp_path: Path) -> None:
    found = taken(tmp_path, gzip.compress(b""), "events.jsonl.gz")
    assert (found.columns, found.rows, found.faults) == (["_source_file", "_source_row"], [], [])
    assert taken(tmp_path, b"\n").rows == []


def test_a_file_of_no_bytes_is_an_empty_night(tmp_path: Path) -> None:
    found = taken(tmp_path, b"")
    assert (found.columns, found.rows, found.faults) == (["_source_file", "_source_row"], [], [])
    with pytest.raises(SourceError, match="the file has 0 bytes"):
        taken(tmp_path, b"", "events.jsonl.gz")


def test_keys_in_another_case_are_the_same_column_across_records_and_batches(tmp_path: Path) -> None:
    lines = [b'{"Id": "1"}', *([b'{"ID": "2"}'] * json_values.BATCH_ROWS)]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    batches = list(json_lines.read(path, path.name, Files(format="jsonl")))
    assert [batch.rows.column_names[0] for batch in batches] == ["Id", "Id"]
    assert [batch.rows["Id"].null_count for batch in batches] == [0, 0]


def test_keys_that_are_data_are_bounded_and_each_record_beyond_the_bound_is_a_fault(tmp_path: Path) -> None:
    lines = [b'{"id": "%d", "k%d": "1"}' % (number, number) for number in range(20_000)]
    found = taken(tmp_path, b"\n".join(lines))
    assert len(found.columns) == 2_000 + len(["_source_file", "_source_row"])
    assert (len(found.rows), len(found.faults)) == (1_999, 20_000 - 1_999)
    assert "more than 2,000 different keys" in found.faults[0].reason


def test_one_record_with_too_many_keys_does_not_stop_the_others(tmp_path: Path) -> None:
    wide = "{" + ", ".join(f'"k{number}": 1' for number in range(100_000)) + "}"
    found = taken(tmp_path, f'{{"id": 1}}\n{wide}\n{{"id": 2}}\n'.encode())
    assert ([row["id"] for row in found.rows], len(found.faults)) == (["1", "2"], 1)


def test_a_decimal_that_looks_like_a_thousand_lands_as_the_same_number_that_does_not(tmp_path: Path) -> None:
    found = taken(tmp_path, b'{"amount": 1.234, "text": "1.234", "half": 0.125, "long": -12.3456}\n')
    assert found.rows[0] == {"amount": "1.2340", "text": "1.234", "half": "0.125", "long": "-12.3456", "_source_row": 1}


def test_declared_texts_mean_a_missing_value(tmp_path: Path) -> None:
    found = taken(tmp_path, b'{"a": "NULL", "b": "null"}\n', nulls=("NULL",))
    assert found.rows == [{"a": None, "b": "null", "_source_row": 1}]


def test_a_gzip_that_is_cut_off_stops_the_night(tmp_path: Path) -> None:
    content = gzip.compress(b"".join(b'{"a": "%d"}\n' % number**5 for number in range(5000)))
    with pytest.raises(SourceError, match=r"events\.jsonl\.gz': the gzip file is cut off or damaged"):
        taken(tmp_path, content[:-100], "events.jsonl.gz")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}\n'.encode("utf-16"), "line 1: the file is not utf-8 but looks like utf-16"),
        (b'{"a": "' + b"x" * json_lines.LINE_CHARACTERS, "line 1 is longer than 8,388,608 characters"),
    ],
)
def test_an_unusable_file_stops_the_night_with_the_reason(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(SourceError) as error:
        taken(tmp_path, content)
    assert words in str(error.value)


def test_a_long_file_comes_in_batches_whose_lines_go_on_counting(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(b'{"a": "%d"}\n' % number for number in range(1, json_values.BATCH_ROWS + 2)))
    first, second = list(json_lines.read(path, path.name, Files(format="jsonl")))
    assert first.rows.num_rows == json_values.BATCH_ROWS
    assert second.rows.to_pylist() == [{"a": "50001", "_source_file": path.name, "_source_row": 50001}]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
FLAT = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUE = st.recursive(
    FLAT, lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3), max_leaves=6
)
OBJECT = st.dictionaries(st.sampled_from(["id", "note", "größe", "a b", "x"]), VALUE, max_size=5)


def as_text(value: Any) -> str | None:
    """What lands of ``value``."""
    if isinstance(value, str) or value is None:
        return value or None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@settings(deadline=None)
@given(
    objects=st.lists(OBJECT, max_size=12), ensure_ascii=st.booleans(), gap=st.sampled_from(["\n", "\r\n", "\n\n \n"])
)
def test_any_list_of_objects_that_python_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]], ensure_ascii: bool, gap: str
) -> None:
    path = tmp_path_factory.mktemp("extracts") / "events.jsonl"
    lines = [json.dumps(record, ensure_ascii=ensure_ascii) + gap for record in objects]
    path.write_bytes("".join(lines).encode())

    (batch,) = json_lines.read(path, path.name, Files(format="jsonl"))

    names = list(dict.fromkeys(name for record in objects for name in record))
    assert batch.rows.column_names == [*names, "_source_file", "_source_row"]
    assert batch.rows.drop_columns("_source_file").to_pylist() == [
        {**{name: as_text(record.get(name)) for name in names}, "_source_row": 1 + place * gap.count("\n")}
        for place, record in enumerate(objects)
    ]
    assert batch.faults == ()
