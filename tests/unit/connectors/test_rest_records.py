"""Records of a web service as they land: exact numbers, nested values, declared paths, faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.base.paths import PROJECT
from orchestration.connectors.batch import SourceError
from orchestration.connectors.sources import pull
from tests.unit.connectors.deliveries import pulled as pulled_of_file
from tests.unit.connectors.services import (
    NIGHT,
    PAGES,
    Pulled,
    Reply,
    Request,
    in_turn,
    paging,
    pulled,
    service,
    table_of,
)


def taken(body: str, headers: dict[str, str] | None = None, **request: Any) -> Pulled:
    """What a night takes of one answer."""
    with service(in_turn(Reply(body.encode(), headers=headers or {}))) as made:
        return pulled(table_of(made.url, **request))


def test_numbers_land_digit_by_digit_and_truth_values_as_words() -> None:
    found = taken(
        '{"data": [{"id": 10000000000000000000001, "x": 1.50, "y": -0.0, "z": 1E400, "n": null, "e": "", "ok": true}]}'
    )
    [row] = found.rows
    del row["_source_file"], row["_source_row"]
    assert row == {
        "id": "10000000000000000000001",
        "x": "1.50",
        "y": "-0.0",
        "z": "1E400",
        "n": None,
        "e": None,
        "ok": "true",
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(
    held=st.lists(st.dictionaries(st.sampled_from(["id", "a", "b", "ß"]), VALUES, min_size=1), max_size=12),
    has_escapes=st.booleans(),
)
def test_whatever_it_is_a_service_lands_it_like_a_file_of_json_lines(
    tmp_path_factory: pytest.TempPathFactory, held: list[dict[str, Any]], has_escapes: bool
) -> None:
    # half a character is no text, and cannot be written as UTF-8
    lines = [line for line in (json.dumps(record, ensure_ascii=has_escapes) for record in held) if _is_text(line)]
    path = tmp_path_factory.mktemp("lines") / "responses.jsonl"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode() or b"\n")
    of_file = pulled_of_file(path, format="jsonl")
    found = taken('{"data": [' + ", ".join(lines) + "]}")
    rows = found.rows
    for row in rows:
        del row["_source_file"]
    assert rows == of_file.rows
    assert found.batches[0].rows.column_names == of_file.columns
    assert [(fault.source_row, fault.reason) for fault in found.faults] == [
        (fault.source_row, fault.reason) for fault in of_file.faults
    ]


def _is_text(line: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in line)


NESTED = """
{"result": {"survey": {"id": "S1"}, "items": [
    {"id": "r1", "meta": {"at": "2026-01-01T10:00:00Z", "score": 9.50}, "answers": [
        {"question": "nps", "value": 9}, {"question": "csat", "value": 4.0, "tags": ["a", 1.0]}]},
    {"id": "r2", "meta": {}, "answers": []},
    {"id": "r3", "answers": null},
    {"id": "r4"},
    {"id": "r5", "meta": {"at": ""}, "answers": [{"question": "nps", "value": 0}]}
]}}
"""


def test_a_list_within_the_records_is_a_table_with_columns_from_around_it() -> None:
    found = taken(
        NESTED,
        records="$.result.items[*].answers[*]",
        columns={
            "response_id": "$.result.items[*].id",
            "answered_at": "$.result.items[*].meta.at",
            "meta": "$.result.items[*].meta",
            "survey_id": "$.result.survey.id",
            "first_tag": "$.result.items[*].answers[*].tags",
        },
    )
    names = ["response_id", "question", "value", "answered_at", "meta", "survey_id", "first_tag", "_source_row"]
    at = "2026-01-01T10:00:00Z"
    meta = f'{{"at":"{at}","score":9.50}}'
    assert [tuple(row[name] for name in names) for row in found.rows] == [
        ("r1", "nps", "9", at, meta, "S1", None, 1),
        ("r1", "csat", "4.0", at, meta, "S1", '["a",1.0]', 2),
        ("r5", "nps", "0", None, '{"at":""}', "S1", None, 3),
    ]


@pytest.mark.parametrize(
    ("body", "records", "expected"),
    [
        ('[{"id": 1}, {"id": 2}]', "$[*]", ["1", "2"]),
        ('[{"id": 1}]', "$[*]", ["1"]),
        ('{"id": 1}', "$", ["1"]),
        ('{"account": {"id": 1}}', "$.account", ["1"]),
        ('{"value": [{"record": {"id": 1}}, {"record": {"id": 2}}]}', "$.value[*].record", ["1", "2"]),
        ('{"odata.value": [{"id": 1}]}', '$["odata.value"][*]', ["1"]),
        ('{"pages": [{"rows": [{"id": 1}]}, {"rows": [{"id": 2}, {"id": 3}]}]}', "$.pages[*].rows[*]", ["1", "2", "3"]),
        ('{"data": null}', "$.data[*]", []),
        ('{"data": []}', "$.data[*]", []),
    ],
)
def test_records_stand_where_the_path_says(body: str, records: str, expected: list[str]) -> None:
    found = taken(body, records=records)
    assert [value for value in found.column("id") if value] == expected
    assert len(found.batches) == 1


def test_no_content_is_no_records() -> None:
    with service(in_turn(Reply(b"", status=204))) as made:
        found = pulled(table_of(made.url))
    assert found.rows == []
    assert len(found.batches) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": "quota"}', r"nothing at \$\.data"),
        ('{"data": {"id": "Jane"}}', r"no list at \$\.data"),
        ('"data"', r"nothing at \$\.data"),
    ],
)
def test_a_response_without_its_records_stops_the_night(body: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        taken(body)
    assert "Deployment 'demo', system 'survey_tool', table 'responses', GET /responses, page 1" in str(caught.value)
    assert "rest.records" in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_a_value_that_is_not_a_record_is_a_fault_and_the_others_land() -> None:
    found = taken('{"data": [{"id": "1"}, 1.50, {"id": "\\ud83d"}, null, [{"a": "b"}], {"id": "2"}]}')
    assert [(row["id"], row["_source_row"]) for row in found.rows] == [("1", 1), ("2", 6)]
    not_an_object = "valid JSON, but not an object"
    assert [(fault.source_row, fault.reason, fault.text) for fault in found.faults] == [
        (2, not_an_object, "1.50"),
        (3, "an escape is half a character (a lone surrogate)", '{"id":"\\ud83d"}'),
        (4, not_an_object, "null"),
        (5, not_an_object, '[{"a":"b"}]'),
    ]
    assert {fault.source_file for fault in found.faults} == {"GET /responses"}


def test_a_parent_of_records_that_is_not_an_object_stops_the_night() -> None:
    with pytest.raises(SourceError, match=r"nothing at \$\.answers"):
        taken('{"data": [{"answers": []}, "Jane"]}', records="$.data[*].answers[*]")


def test_a_column_that_the_records_have_already_is_refused() -> None:
    with pytest.raises(SourceError, match="already have a column 'id'"):
        taken(NESTED, records="$.result.items[*]", columns={"id": "$.result.survey.id"})


@pytest.mark.parametrize("column", ["_load_date", "ID", " "])
def test_a_record_with_a_name_that_cannot_be_a_column_is_a_fault(column: str) -> None:
    found = taken(json.dumps({"data": [{"id": "1", column: "2"}, {"id": "2"}]}))
    assert [row["id"] for row in found.rows] == ["2"]
    assert [fault.source_row for fault in found.faults] == [1]


def test_a_column_that_differs_from_a_key_only_by_case_is_refused() -> None:
    with pytest.raises(SourceError, match="already have a column 'ID'"):
        taken(NESTED, records="$.result.items[*]", columns={"ID": "$.result.survey.id"})


@pytest.mark.parametrize(
    ("charset", "encoding"), [("", "utf-8-sig"), ("; charset=ISO-8859-1", "latin-1"), ('; charset="UTF-8"', "utf-8")]
)
def test_text_is_read_in_the_declared_characters(charset: str, encoding: str) -> None:
    body = '{"data": [{"id": "größer"}]}'.encode(encoding)
    with service(in_turn(Reply(body, headers={"Content-Type": f"application/json{charset}"}))) as made:
        assert pulled(table_of(made.url)).column("id") == ["größer"]


def test_text_in_other_characters_stops_the_night() -> None:
    with (
        service(in_turn(Reply('{"data": [{"id": "größer"}]}'.encode("latin-1")))) as made,
        pytest.raises(SourceError, match="not utf-8"),
    ):
        pulled(table_of(made.url))


def test_batches_are_bounded_and_pages_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the pages take no more memory."""
    monkeypatch.setattr("orchestration.connectors.rest.BATCH_ROWS", 1000)
    text = "x" * 200

    def answer_of(count: int) -> Any:
        def answer(request: Request) -> Reply:
            start = int(request.query.get("after", "c0")[1:])
            page = [{"id": number, "text": text} for number in range(start, start + 500)]
            end = start + 500
            return Reply.of({"data": page, "meta": {"next_cursor": f"c{end}" if end < count else None}})

        return answer

    def peak_of(count: int) -> int:
        with service(answer_of(count)) as made:
            table = table_of(made.url, pages=PAGES["cursor"])
            tracemalloc.start()
            row_counts = [batch.rows.num_rows for batch in pull(table, NIGHT, PROJECT)]
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert sum(row_counts) == count
        assert max(row_counts) <= 1000
        return peak

    peak_of(1000)
    assert peak_of(10_000) < 1.5 * peak_of(2_000)


# Runs in a process of its own: what is imported before a service is pulled, and what is touched meanwhile.
WATCHED_PULL = """
import sys
from tests.unit.connectors.services import PAGES, paging, pulled, service, table_of

def watch(event, arguments):
    if event == "socket.connect":
        told.add(arguments[1][0])
    if event == "os.mkdir" or (event == "open" and set(str(arguments[1])) & set("wax+")):
        told.add(str(arguments[0]))

told = {"imported"} if "dlt" in sys.modules else set()
sys.addaudithook(watch)
with service(paging("cursor", lambda: [{"id": 1}] * 20)) as made:
    assert len(pulled(table_of(made.url, pages=PAGES["cursor"])).rows) == 20
print(sorted(told))
"""


def test_dlt_is_imported_only_for_a_pull_and_connects_only_to_the_service(tmp_path: Path) -> None:
    """Importing them takes seconds, and most deployments have none. No telemetry, no file of settings."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED_PULL],
        cwd=PROJECT,
        env={**os.environ, "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "['127.0.0.1']"


def test_a_service_that_holds_nothing_in_the_window_delivers_a_batch_without_rows() -> None:
    with service(paging("cursor", list)) as made:
        found = pulled(table_of(made.url, pages=PAGES["cursor"]))
    assert [batch.rows.num_rows for batch in found.batches] == [0]
