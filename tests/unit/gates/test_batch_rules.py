"""What a whole batch must meet: its columns, its times, and how it compares with the loads before it."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from expectations.suite import ProfileRule
from orchestration.base.errors import InfrastructureError, PipelineError
from orchestration.gates.suites import suite_of
from orchestration.landing import landing, unit_rows
from orchestration.landing.unit import Unit
from tests.unit.landing.deliveries import Company, company, messages

pytestmark = pytest.mark.xdist_group("great expectations")

EVENTS = "tracking__events"
LINES = "shop__order_lines"
CASES = "crm__cases"
CUSTOMERS = "crm__customers"
RESPONSES = "survey_tool__responses"
NIGHTS = [date(2026, 1, 5) + timedelta(days=place) for place in range(6)]


def events(demo: Company, night: date, count: int = 120, day: date | None = None, **values: Any) -> None:
    """A night of interactions that happened at noon of ``day``."""
    at = f"{day or night}T11:00:00Z"
    rows = [
        {"event_id": f"e{night}{n}", "visitor_id": "v", "touchpoint": "shop", "session_id": "s", "occurred_at": at}
        | {"channel": "web", "order_number": None, "case_id": None}
        | values
        for n in range(count)
    ]
    demo.deliver(f"{night}/tracking/events.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def lines(demo: Company, night: date, count: int = 120, amount: float = 10.0, **columns: pa.Array) -> None:
    """A night of order lines, each of the same amount."""
    values = {
        "order_number": pa.array([f"{night}{n}" for n in range(count)]),
        "line_number": pa.array([1] * count, pa.int32()),
        "sku": pa.array(["s"] * count),
        "quantity": pa.array([1] * count, pa.int32()),
        "net_amount": pa.array([amount] * count),
        "cost_amount": pa.array([5.0] * count),
        "created_at": pa.array([f"{night}T11:00:00Z"] * count),
    }
    demo.deliver(f"{night}/shop/order_lines.parquet", pa.table(values | columns))


def after_five_nights(demo: Company, **last: Any) -> Unit:
    """The fifth night of interactions, which differs from the four before it by ``last``."""
    for night in NIGHTS[:4]:
        events(demo, night)
    events(demo, NIGHTS[4], **last)
    return demo.admit(EVENTS, *NIGHTS[:5])[-1]


def test_the_usual_night_breaks_no_rule(tmp_path: Path) -> None:
    assert after_five_nights(company("demo", tmp_path)).findings == ()


@pytest.mark.parametrize(
    ("day", "count", "told"),
    [
        (-3, 120, ["the newest occurred_at lie 3.5 days before the end of the window, more than 2.0: the delivery is"]),
        (-1, 120, []),
        (0, 120, []),
        (1, 120, []),
        (2, 120, ["the newest occurred_at lie 1.5 days after the end of the window, more than 1.0: times are shifted"]),
        (-3, 19, []),
    ],
)
def test_a_batch_is_as_fresh_as_its_window(tmp_path: Path, day: int, count: int, told: list[str]) -> None:
    demo = company("demo", tmp_path)
    events(demo, NIGHTS[0], count, day=NIGHTS[0] + timedelta(days=day))
    (unit,) = demo.admit(EVENTS, NIGHTS[0])
    found = messages([unit], "error")
    assert len(found) == len(told)
    assert all(message.startswith(start) for message, start in zip(found, told, strict=True))


def test_one_typing_error_in_a_year_makes_no_stale_batch_fresh_and_no_good_one_stale(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    for night, at in ((NIGHTS[0], NIGHTS[0]), (NIGHTS[3], NIGHTS[0])):
        events(demo, night, day=at)
        path = demo.landing.extracts / f"{night}/tracking/events.jsonl"
        path.write_text(path.read_text(encoding="utf-8").replace(f"{at}T", "2099-01-01T", 1), encoding="utf-8")
    good, stale = demo.admit(EVENTS, NIGHTS[0], NIGHTS[3])
    assert not messages([good], "error")
    assert "the delivery is stale" in messages([stale], "error")[0]


def test_rows_of_the_load_before_are_warned_of_and_the_old_file_is_refused(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    events(demo, NIGHTS[0])
    first = (demo.landing.extracts / f"{NIGHTS[0]}/tracking/events.jsonl").read_text(encoding="utf-8")
    events(demo, NIGHTS[1])
    second = (demo.landing.extracts / f"{NIGHTS[1]}/tracking/events.jsonl").read_text(encoding="utf-8")
    demo.deliver(f"{NIGHTS[1]}/tracking/events.jsonl", first + second)
    units = demo.admit(EVENTS, *NIGHTS[:2])
    assert messages(units, "warn") == [
        (
            "120 of 240 rows are those of the load before once more, more than the usual share of 0.05; what is read of"
            " them is the same"
        )
    ]
    demo.deliver(f"{NIGHTS[1]}/tracking/events.jsonl", first)
    (unit,) = demo.admit(EVENTS, NIGHTS[1])
    assert messages([unit], "error") == ["every row is one of the load before: the old file was delivered again"]


def test_too_many_exact_duplicates_refuse_a_batch(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    rest = '"visitor_id":"v","touchpoint":"t","occurred_at":"2026-01-05T11:00:00Z"'
    rows = [f'{{"event_id":"e{n}",{rest}}}' for n in range(94)]
    told = "6 of 100 rows are exact duplicates of others, more than the allowed share of 0.05"
    for twins, refused in ((4, []), (6, [told])):
        demo.deliver(f"{NIGHTS[0]}/tracking/events.jsonl", "\n".join([*rows, *rows[:twins]]) + "\n")
        assert messages(demo.admit(EVENTS, NIGHTS[0]), "error") == refused


def test_a_column_that_comes_empty_where_it_never_did_refuses_a_batch(tmp_path: Path) -> None:
    unit = after_five_nights(company("demo", tmp_path), visitor_id=None)
    assert messages([unit], "error") == [
        "the share of rows without visitor_id is 1.0, in the last loads it was 0.0: a change of more than 0.3"
    ]


@pytest.mark.parametrize(
    ("amount", "refused"),
    [
        (29.0, []),
        (1000.0, ["the mean of net_amount is 1000.0, 100.0 times", "the median of net_amount is 1000.0, 100.0 times"]),
        (0.1, ["the mean of net_amount is 0.1, 0.01 times", "the median of net_amount is 0.1, 0.01 times"]),
    ],
)
def test_amounts_in_another_unit_refuse_a_batch(tmp_path: Path, amount: float, refused: list[str]) -> None:
    demo = company("demo", tmp_path)
    for night in NIGHTS[:4]:
        lines(demo, night)
    lines(demo, NIGHTS[4], amount=amount)
    told = messages(demo.admit(LINES, *NIGHTS[:5])[-1:], "error")
    assert [message.split(" times")[0] + " times" for message in told] == refused


def test_a_mean_score_elsewhere_on_its_scale_refuses_a_batch(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    for night, score in zip(NIGHTS[:5], (8, 8, 9, 7, 5), strict=True):
        answers = [{"question": "q", "metric": "nps", "scale_min": 0, "scale_max": 10, "value": score}]
        rows = [
            {"response_id": f"{night}{n}", "survey_id": "s", "contact_id": "c", "answers": answers}
            | {"submitted_at": f"{night}T11:00:00Z", "invitation_id": "i", "channel": "email"}
            | {"order_number": "o", "comment": "x"}
            for n in range(100)
        ]
        packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
        demo.deliver(f"{night}/survey_tool/responses.jsonl.gz", packed)
    assert messages(demo.admit(RESPONSES, *NIGHTS[:5]), "error") == [
        (
            "the mean of answers lies at 0.5 of its scale, -0.3 from that of the last loads (0.8): a change of more"
            " than 0.2"
        )
    ]


def test_a_night_that_is_pulled_again_is_judged_against_the_nights_before_it_alone(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    for night in NIGHTS:
        lines(demo, night)
    first = demo.admit(LINES, *NIGHTS)
    files = demo.files()
    assert [unit for night in NIGHTS for unit in demo.admit(LINES, night)] == first
    assert demo.files() == files


CASE = "t{n},c{n},phone,2026-01-05T10:00:00+01:00,,2026-01-05T10:00:00+01:00"


def test_columns_in_another_order_land_by_their_names_with_a_warning(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    names = ["case_id", "customer_id", "channel", "opened_at", "resolved_at", "updated_at"]
    optional = list(suite_of(demo.table(CASES)).optional)
    empty = "," * len(optional) + "\n"
    demo.deliver(f"{NIGHTS[0]}/crm/cases.csv", ",".join(names + optional) + "\n" + CASE.format(n=1) + empty)
    swapped = [names[1], names[0], *names[2:], *optional]
    demo.deliver(f"{NIGHTS[1]}/crm/cases.csv", ",".join(swapped) + "\n" + CASE.format(n=2) + empty)
    units = demo.admit(CASES, *NIGHTS[:2])
    assert messages(units, "warn") == [
        "the columns come in another order than in the load before, from customer_id on; they are read by their names"
    ]
    assert demo.landed(CASES, NIGHTS[1])[0]["case_id"] == "c2"


def test_a_column_of_another_kind_than_before_refuses_a_batch(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    lines(demo, NIGHTS[0])
    lines(demo, NIGHTS[1], quantity=pa.array(["1"] * 120))
    lines(demo, NIGHTS[2], quantity=pa.array([1.0] * 120))
    (told,) = messages(demo.admit(LINES, *NIGHTS[:2]), "error")
    assert told.startswith(
        "the columns quantity (numbers, now text) hold another kind of values than in the load before; have them"
    )
    assert not messages(demo.admit(LINES, NIGHTS[2]), "error")


def test_columns_are_the_promised_ones_whatever_their_case(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    demo.deliver(
        f"{NIGHTS[0]}/crm/cases.csv",
        "CASE_ID,Customer_Id,channel,opened_at,resolved_at,updated_at,REASON\n" + CASE.format(n=1) + ",late\n",
    )
    (unit,) = demo.admit(CASES, NIGHTS[0])
    (row,) = demo.landed(CASES, NIGHTS[0])
    assert unit.has_landed
    assert (row["case_id"], row["customer_id"], row["reason"]) == ("t1", "c1", "late")
    assert not {"CASE_ID", "Customer_Id", "REASON"} & set(row)


def test_a_file_without_a_header_is_refused_without_telling_what_its_first_row_holds(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    demo.deliver(f"{NIGHTS[0]}/crm/customers.csv", "C1,Ada,Lovelace,ada@lovelace.example\n")
    (unit,) = demo.admit(CUSTOMERS, NIGHTS[0])
    assert "none of those promised; is there a header?" in unit.explain()
    assert not {"Ada", "Lovelace", "ada@lovelace.example"} & set(unit.explain().replace(",", " ").split())


def test_a_column_of_nested_values_that_a_rule_reads_is_told(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    lines(demo, NIGHTS[0], quantity=pa.array([[1]] * 120))
    with pytest.raises(PipelineError, match=r"column 'quantity' holds list<.*>, and its rules judge plain values"):
        demo.admit(LINES, NIGHTS[0])


def test_a_figure_that_cannot_be_computed_is_a_fault_of_the_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = company("demo", tmp_path)
    events(demo, NIGHTS[0])
    suite = suite_of(demo.table(EVENTS))
    broken = ProfileRule("x", "x", figures={"x": "no_such_function(1)"})
    monkeypatch.setattr(landing, "suite_of", lambda _: type(suite)(EVENTS, suite.required, batch=(broken,)))
    with pytest.raises(InfrastructureError, match=r"tracking__events, load date 2026-01-05: .*no_such_function"):
        demo.admit(EVENTS, NIGHTS[0])
    assert not [name for name in demo.files() if "/." not in name]


def test_memory_that_runs_out_in_a_figure_is_a_fault_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> duckdb.DuckDBPyConnection:
        raise duckdb.OutOfMemoryException("no memory")

    demo = company("demo", tmp_path)
    events(demo, NIGHTS[0])
    monkeypatch.setattr(unit_rows, "_database", full)
    with pytest.raises(InfrastructureError, match="no memory"):
        demo.admit(EVENTS, NIGHTS[0])


def test_a_disk_that_cannot_be_written_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    events(demo, NIGHTS[0])
    (tmp_path / "home").write_text("no folder", encoding="utf-8")
    with pytest.raises(InfrastructureError, match="cannot be written"):
        demo.admit(EVENTS, NIGHTS[0])
