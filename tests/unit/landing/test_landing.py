"""Gate 1 and the landing: what of a delivered unit lands, and what goes to quarantine."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.settings import Limits
from tests.unit.landing.deliveries import company, messages

pytestmark = pytest.mark.xdist_group("great expectations")

REVIEWS = "olist__order_reviews"
FILE = "olist_order_reviews_dataset.csv"
HEADER = (
    "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,"
    "review_answer_timestamp\n"
)
GOOD = "".join(f"r{n},o{n},5,,fine,2018-05-01 00:00:00,2018-05-03 12:00:00\n" for n in range(200))


def test_a_good_unit_lands_as_delivered_with_its_place_of_origin(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER + "r1,o1,4,,000 até já,2018-05-01,2018-05-03 12:00:00\n")
    (unit,) = olist.admit(REVIEWS)
    assert unit.has_landed
    assert not unit.findings
    assert olist.landed(REVIEWS) == [
        {
            "review_id": "r1",
            "order_id": "o1",
            "review_score": "4",
            "review_comment_title": None,
            "review_comment_message": "000 até já",
            "review_creation_date": "2018-05-01",
            "review_answer_timestamp": "2018-05-03 12:00:00",
            "_source_file": FILE,
            "_source_row": 2,
            "_load_date": olist.history,
        }
    ]
    assert olist.quarantined(REVIEWS) == []


def test_a_landed_column_of_text_stays_text_and_a_typed_one_keeps_its_type(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    lines = pa.table(
        {
            "order_number": ["A-1"],
            "line_number": pa.array([1], pa.int32()),
            "sku": ["007"],
            "quantity": pa.array([2], pa.int64()),
            "net_amount": pa.array([19.5]).cast(pa.decimal128(18, 2)),
            "cost_amount": pa.array([None], pa.decimal128(18, 2)),
        }
    )
    demo.deliver("history/shop/order_lines.parquet", lines)
    (unit,) = demo.admit("shop__order_lines")
    (part,) = demo.folders("shop__order_lines", demo.history)[0].glob("*.parquet")
    schema = pq.read_schema(part)
    assert unit.profile["landed_row_count"] == 1
    assert schema.field("sku").type == pa.string()
    assert schema.field("quantity").type == pa.int64()
    assert schema.field("net_amount").type == pa.decimal128(18, 2)
    assert schema.field("_load_date").type == pa.date32()


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (
            b"x,o,5,,,,2018-13-01 12:00:00",
            ["review_answer_timestamp '2018-13-01 12:00:00' is no time without an offset"],
        ),
        (b"x,o,five,,,,2018-05-01", ["review_score 'five' is no whole number"]),
        (b"x,o,6,,,,2018-05-01", ["review_score '6' is not at least 1 and at most 5"]),
        (b",o,5,,,,2018-05-01", ["review_id is missing"]),
        (b"x,o,5,,,,2018-05-01,more", ["8 fields instead of 7"]),
        (b"x,o,5", ["3 fields instead of 7"]),
        (
            b"x,o,5,,caf\xe9,,2018-05-01",
            ["bytes that are not utf-8: \\xe9 at character 11; with 'encoding: cp1252' they are 'é'"],
        ),
        (
            b",o,0,,,yesterday,",
            [
                "review_id is missing",
                "review_answer_timestamp is missing",
                "review_score '0' is not at least 1 and at most 5",
                "review_creation_date 'yesterday' is no time without an offset",
            ],
        ),
    ],
)
def test_an_unusable_row_goes_to_quarantine_with_all_its_reasons(
    tmp_path: Path, row: bytes, reasons: list[str]
) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, (HEADER + GOOD).encode() + row + b"\nlast,o,1,,,,2018-05-01\n")
    (unit,) = olist.admit(REVIEWS)
    (rejected,) = olist.quarantined(REVIEWS)
    assert unit.has_landed
    assert len(olist.landed(REVIEWS)) == 201
    assert (rejected["_source_file"], rejected["_source_row"], rejected["_load_date"]) == (FILE, 202, olist.history)
    assert rejected["reasons"] == reasons
    assert "o" in rejected["row_text"]


def test_what_a_rejected_row_held_is_kept_whole(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER + GOOD + "x,o,6,,até já,,2018-05-01\n")
    olist.admit(REVIEWS)
    (rejected,) = olist.quarantined(REVIEWS)
    assert json.loads(rejected["row_text"]) == {
        "review_id": "x",
        "order_id": "o",
        "review_score": "6",
        "review_comment_title": None,
        "review_comment_message": "até já",
        "review_creation_date": None,
        "review_answer_timestamp": "2018-05-01",
    }


def test_a_nested_answer_off_its_scale_sends_its_response_to_quarantine(tmp_path: Path) -> None:
    def response(name: str, answers: object) -> str:
        row = {"response_id": name, "survey_id": "s", "contact_id": "c", "submitted_at": "2026-01-01T10:00:00Z"}
        return json.dumps(row | {"answers": answers}) + "\n"

    demo = company("demo", tmp_path)
    answer = {"question": "recommend", "metric": "nps", "scale_min": 0, "scale_max": 10, "value": 9}
    rows = [response(f"good {n}", [answer]) for n in range(120)]
    rows += [
        response("off", [answer, answer | {"question": "again", "value": 11}]),
        response("none", []),
        response("text", "nine"),
    ]
    rows += [response("twice", [answer, answer | {"value": 8}])]
    rows += [response("skips one question", [answer, answer | {"question": "other", "value": None}])]
    rows += [response("of no scale", [answer | {"scale_min": None, "scale_max": None}])]
    demo.deliver("history/survey_tool/responses.jsonl.gz", gzip.compress("".join(rows).encode()))
    (unit,) = demo.admit("survey_tool__responses")
    assert unit.has_landed
    assert [row["reasons"] for row in demo.quarantined("survey_tool__responses")] == [
        ["answers hold a value that is no whole number on its scale"],
        ["answers is not a list with elements"],
        ["answers is not a list with elements"],
        ["answers hold the same question twice"],
        ["answers hold a value that is no whole number on its scale"],
    ]


def test_every_row_is_either_landed_or_quarantined(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER + GOOD + "x,o,6,,,,2018-05-01\ntoo,few\n\n")
    olist.admit(REVIEWS)
    profile = json.loads((olist.folders(REVIEWS, olist.history)[0] / "profile.json").read_text(encoding="utf-8"))
    assert profile == {
        "system": "olist",
        "table": "order_reviews",
        "load_date": "2018-10-31",
        "source_row_count": 202,
        "landed_row_count": 200,
        "quarantined_row_count": 2,
        "columns": HEADER.strip().split(","),
        "types": dict.fromkeys(HEADER.strip().split(","), "text"),
        "figures": {"duplicate_count": 0, "duplicate_rate": 0, "row_count": 202},
        "null_rates": {
            "review_id": 0,
            "order_id": 0,
            "review_score": 0,
            "review_answer_timestamp": 0,
            "review_comment_title": 1,
            "review_comment_message": 0,
            "review_creation_date": 0,
        },
        "broken_rules": {
            "review_score is not at least 1 and at most 5": 1,
            "the row cannot be read as a record": 1,
        },
        "replaced_row_count": 0,
    }
    assert (len(olist.landed(REVIEWS)), len(olist.quarantined(REVIEWS))) == (200, 2)


def test_too_many_rejected_rows_refuse_the_unit_and_touch_nothing_that_had_landed(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER + GOOD)
    olist.admit(REVIEWS)
    before = olist.files()
    olist.deliver(FILE, HEADER + GOOD + "x,o,6,,,,2018-05-01\n" * 11)
    (unit,) = olist.admit(REVIEWS)
    assert not unit.has_landed
    assert messages([unit], "error") == ["11 of 211 rows are rejected, more than the allowed share of 0.05"]
    assert f"for example {FILE}, line 202: review_score is not at least 1 and at most 5" in unit.explain()
    assert {name: file for name, file in olist.files().items() if ".refused-" not in name} == before


def test_exactly_the_allowed_share_of_rejected_rows_is_let_through(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    table = olist.table(REVIEWS)
    settings = table.settings.model_copy(update={"limits": Limits(rejected_rate=0.29)})
    system = table.system.model_copy(update={"tables": {"order_reviews": settings}})
    deployment = olist.deployment.model_copy(update={"systems": {"olist": system}})
    olist.deliver(FILE, HEADER + GOOD[: GOOD.index("r71,")] + "r,o,6,,,,2018-05-01\n" * 29)
    (unit,) = olist.landing.admit(next(deployment.tables()), [olist.history])
    assert unit.has_landed


def test_a_missing_required_column_refuses_the_unit_by_name(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, "review_id,order_id,review_score\nr,o,5\n")
    (unit,) = olist.admit(REVIEWS)
    assert messages([unit], "error") == [
        "the required columns review_answer_timestamp are missing; delivered were: review_id, order_id, review_score"
    ]
    assert not [name for name in olist.files() if name.startswith("landing")]


def test_a_missing_optional_column_lands_as_nulls_and_is_warned_of(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER.replace("review_comment_title,", "") + "r,o,5,,,2018-05-01\n")
    (unit,) = olist.admit(REVIEWS)
    assert unit.has_landed
    assert messages([unit], "warn") == ["the optional columns review_comment_title are missing and land as nulls"]
    assert [row["review_comment_title"] for row in olist.landed(REVIEWS)] == [None]


def test_a_new_column_lands_and_is_warned_of(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER.strip() + ",mood\nr,o,5,,,,2018-05-01,sunny\n")
    (unit,) = olist.admit(REVIEWS)
    assert unit.has_landed
    assert messages([unit], "warn") == ["the columns mood are new; they land, and nothing reads them yet"]
    assert [row["mood"] for row in olist.landed(REVIEWS)] == ["sunny"]


def test_a_header_without_rows_is_an_empty_window(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER)
    (unit,) = olist.admit(REVIEWS)
    landing, quarantine = olist.folders(REVIEWS, olist.history)
    assert unit.has_landed
    assert not unit.findings
    assert unit.profile["source_row_count"] == 0
    assert set(HEADER.strip().split(",")) < set(pq.read_schema(next(landing.glob("*.parquet"))).names)
    assert pq.read_table(next(quarantine.glob("*.parquet"))).num_rows == 0


def test_a_source_that_cannot_be_read_leaves_what_had_landed_and_its_leftovers_go_with_the_next_night(
    tmp_path: Path,
) -> None:
    olist = company("olist", tmp_path)
    olist.deliver(FILE, HEADER + GOOD)
    olist.admit(REVIEWS)
    before = olist.files()
    olist.deliver(FILE, b"")
    with pytest.raises(PipelineError, match="the file has 0 bytes"):
        olist.admit(REVIEWS)
    assert {name: content for name, content in olist.files().items() if "/.new-" not in name} == before
    olist.deliver(FILE, HEADER + GOOD)
    olist.admit(REVIEWS)
    assert olist.files() == before
