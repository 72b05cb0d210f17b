"""The quarantine for a person: listed, explained, exported, and released through the same gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestration.base.errors import PipelineError
from orchestration.cli.quarantine import explained, listed, readmitted
from orchestration.cli.quarantine import released as released_by_hand
from orchestration.landing.corrections import corrections_of, released, releases
from orchestration.landing.quarantine import Release, export, quarantined, release
from orchestration.runs.lock import AlreadyRunningError, hold
from tests.unit.landing.deliveries import Company, company

pytestmark = pytest.mark.xdist_group("great expectations")

CASES = "crm__cases"
LINES = "shop__order_lines"
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
HEADER = "case_id,customer_id,channel,opened_at,resolved_at,updated_at,reopen_count\n"
AT = "2026-01-05T10:00:00+01:00"
GOOD = "".join(f"t{n},c{n},phone,{AT},,{AT},0\n" for n in range(60))
BAD = f"t60,,phone,{AT},,{AT},0\nt61,c61,phone,soon,,{AT},-1\n"


def deliver(demo: Company, rows: str = GOOD + BAD, load_date: date = MONDAY) -> None:
    demo.deliver(f"{load_date}/crm/cases.csv", HEADER + rows)
    demo.admit(CASES, load_date)


def exported(demo: Company, file: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    """The quarantine in a file, each line as ``edit`` leaves it."""
    file.unlink(missing_ok=True)
    export(quarantined(demo.deployment, demo.landing.home), file)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        edit(line)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def correct(line: dict[str, Any]) -> None:
    line["row"] |= {"customer_id": "c", "opened_at": AT, "reopen_count": 2}


def released_from(demo: Company, file: Path) -> Release:
    return release(demo.deployment, demo.landing.home, file)


def test_units_are_listed_with_the_rules_that_their_rows_break(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    deliver(demo, GOOD.replace("2026-01-05T", "2026-01-06T"), TUESDAY)
    units = list(quarantined(demo.deployment, demo.landing.home))
    assert list(listed(units)) == [
        "crm__cases, load date 2026-01-05: 2 rows",
        "        1  customer_id is missing",
        "        1  reopen_count is not at least 0",
        "        1  opened_at is no time with an offset",
    ]
    assert not list(quarantined(demo.deployment, demo.landing.home, CASES, TUESDAY))


def test_a_row_is_explained_with_file_line_every_reason_and_what_was_delivered(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    lines = list(explained(quarantined(demo.deployment, demo.landing.home, CASES, MONDAY)))
    assert lines[4:] == [
        "  2026-01-05/crm/cases.csv, line 63",
        "    reopen_count '-1' is not at least 0",
        "    opened_at 'soon' is no time with an offset",
        (
            '    {"case_id": "t61", "customer_id": "c61", "channel": "phone", "opened_at": "soon",'
            f' "resolved_at": null, "updated_at": "{AT}", "reopen_count": "-1"}}'
        ),
    ]


def test_what_was_delivered_cannot_command_the_terminal(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo, GOOD + f"\x1b]0;owned\x07,,phone,{AT},,{AT},0,\x9b2J\n")
    assert all(line.isprintable() for line in explained(quarantined(demo.deployment, demo.landing.home)))


def test_corrected_rows_land_in_their_unit_and_leave_the_quarantine(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    before = json.loads((demo.folders(CASES, MONDAY)[0] / "profile.json").read_text(encoding="utf-8"))
    done = released_from(demo, exported(demo, tmp_path / "rows.jsonl", correct))
    after = json.loads((demo.folders(CASES, MONDAY)[0] / "profile.json").read_text(encoding="utf-8"))
    landed = demo.landed(CASES, MONDAY)
    assert list(readmitted(done, "demo")) == [
        "crm__cases, load date 2026-01-05: 2 rows released",
        "Release 000001 is published by the next run: make run DEPLOYMENT=demo",
    ]
    assert demo.quarantined(CASES, MONDAY) == []
    assert [(row["case_id"], row["reopen_count"], row["_source_file"], row["_source_row"]) for row in landed[60:]] == [
        ("t60", "2", "released/2026-01-05/crm/cases.csv", 62),
        ("t61", "2", "released/2026-01-05/crm/cases.csv", 63),
    ]
    assert {row["_load_date"] for row in landed} == {MONDAY}
    assert (before["source_row_count"], before["landed_row_count"], before["quarantined_row_count"]) == (62, 60, 2)
    assert (after["source_row_count"], after["landed_row_count"], after["quarantined_row_count"]) == (62, 62, 0)


def test_a_row_that_could_not_be_read_is_released_by_its_values(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo, GOOD + "t60,c60,phone\n")
    values = {"case_id": "t60", "customer_id": "c60", "channel": "phone", "opened_at": AT, "updated_at": AT}
    released_from(demo, exported(demo, tmp_path / "rows.jsonl", lambda line: line.update(row=values)))
    assert demo.landed(CASES, MONDAY)[-1]["channel"] == "phone"
    assert demo.quarantined(CASES, MONDAY) == []


def test_a_released_row_of_a_typed_table_lands_in_its_types(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    count = 40
    lines = {
        "order_number": [f"o{n}" for n in range(count)],
        "line_number": pa.array([1] * count, pa.int32()),
        "sku": ["s"] * count,
        "quantity": pa.array([1] * (count - 1) + [-1], pa.int32()),
        "net_amount": pa.array([12.5] * count).cast(pa.decimal128(18, 2)),
        "cost_amount": pa.array([None] * count, pa.decimal128(18, 2)),
        "created_at": pa.array([1_767_600_000_000_000] * count, pa.timestamp("us", "UTC")),
    }
    demo.deliver("2026-01-05/shop/order_lines.parquet", pa.table(lines))
    demo.admit(LINES, MONDAY)
    bad = exported(demo, tmp_path / "bad.jsonl", lambda line: line["row"].update(quantity="many"))
    with pytest.raises(PipelineError, match="quantity does not hold numbers"):
        released_from(demo, bad)
    released_from(demo, exported(demo, tmp_path / "rows.jsonl", lambda line: line["row"].update(quantity=3)))
    *_, second, last = demo.landed(LINES, MONDAY)
    assert last["quantity"] == 3
    same = {"order_number", "quantity", "_source_file", "_source_row"}
    assert {k: v for k, v in last.items() if k not in same} == {k: v for k, v in second.items() if k not in same}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda line: line["row"].update(customer_id="c", reopen_count=-5), "line 63: reopen_count is not at least 0"),
        (lambda line: line["row"].update(mood="sunny"), "line 62: the unit has no column mood"),
        (lambda line: line.update(row=None), "rows.jsonl, line 1: 'row' is empty"),
        (lambda line: line.update(row_text="{}"), "line 62 is not in quarantine"),
        (lambda line: line.update(load_date="2026-01-04"), "load date 2026-01-04, .* is not in quarantine"),
        (lambda line: line.update(load_date="soon"), "line 1: not as the quarantine was exported"),
        (lambda line: line.update(table="crm__case"), "no table 'crm__case'. Did you mean 'crm__cases'?"),
        (lambda line: line.pop("reasons"), "line 1: not as the quarantine was exported"),
    ],
)
def test_a_file_with_a_row_that_cannot_come_back_changes_nothing(
    tmp_path: Path, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    before = demo.files()
    with pytest.raises(PipelineError, match=message):
        released_from(demo, exported(demo, tmp_path / "rows.jsonl", edit))
    assert demo.files() == before
    assert releases(demo.landing.home) == []


@pytest.mark.parametrize(
    ("text", "message"), [("", "holds no rows"), ("{", r"line 1: no valid JSON"), ("5\n", "not as the quarantine was")]
)
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, text: str, message: str) -> None:
    demo = company("demo", tmp_path)
    (tmp_path / "rows.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(PipelineError, match=message):
        released_from(demo, tmp_path / "rows.jsonl")


def test_a_row_that_stands_in_the_file_twice_is_refused(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    file = exported(demo, tmp_path / "rows.jsonl", correct)
    file.write_text(file.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(PipelineError, match="line 3: the row stands in the file twice"):
        released_from(demo, file)


def test_an_export_never_overwrites_a_file_that_may_hold_corrections(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    (tmp_path / "rows.jsonl").write_text("work of an hour", encoding="utf-8")
    with pytest.raises(PipelineError, match="exists, and may hold corrections"):
        export(quarantined(demo.deployment, demo.landing.home), tmp_path / "rows.jsonl")


def test_rows_are_released_once(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    file = exported(demo, tmp_path / "rows.jsonl", correct)
    released_from(demo, file)
    with pytest.raises(PipelineError, match="is not in quarantine: it was released before"):
        released_from(demo, file)


def test_rows_that_would_break_a_batch_rule_stay_in_quarantine(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    twins = GOOD.splitlines(keepends=True)[1] * 2
    deliver(demo, GOOD + twins + "".join(f"t{n},,phone,{AT},,{AT},0\n" for n in range(3)))
    file = exported(demo, tmp_path / "rows.jsonl", lambda line: line["row"].update(case_id="t1", customer_id="c1"))
    before = demo.files()
    with pytest.raises(PipelineError, match=r"would break a batch rule with the rows:\n  5 of 65 rows are exact dup"):
        released_from(demo, file)
    assert demo.files() == before


def test_a_day_that_is_pulled_again_keeps_its_corrections(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    released_from(demo, exported(demo, tmp_path / "rows.jsonl", correct))
    landed = sorted(demo.landed(CASES, MONDAY), key=lambda row: row["case_id"])
    demo.admit(CASES, MONDAY)
    assert sorted(demo.landed(CASES, MONDAY), key=lambda row: row["case_id"]) == landed
    assert demo.quarantined(CASES, MONDAY) == []


def test_a_day_that_is_delivered_anew_needs_its_corrections_no_more(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    released_from(demo, exported(demo, tmp_path / "rows.jsonl", correct))
    deliver(demo, GOOD + f"t60,c99,phone,{AT},,{AT},0\nt61,c61,phone,late,,{AT},0\n")
    assert demo.landed(CASES, MONDAY)[-1]["customer_id"] == "c99"
    assert [row["reasons"] for row in demo.quarantined(CASES, MONDAY)] == [
        ["opened_at 'late' is no time with an offset"]
    ]


def test_nothing_is_released_while_a_run_is_under_way(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    file = exported(demo, tmp_path / "rows.jsonl", correct)
    with hold(demo.landing.home), pytest.raises(AlreadyRunningError):
        list(released_by_hand(demo.deployment, demo.landing.home, file))
    assert len(demo.quarantined(CASES, MONDAY)) == 2


class KilledError(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("renames", range(8))
def test_a_release_that_was_killed_is_finished_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    file = exported(demo, tmp_path / "rows.jsonl", correct)
    rename = Path.rename
    done: list[Path] = []

    def kill(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise KilledError
        done.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", kill)
        try:
            released_from(demo, file)
        except KilledError:
            assert renames < 6
    demo.landing.recover_units()
    if demo.quarantined(CASES, MONDAY):
        assert len(demo.landed(CASES, MONDAY)) == 60
        released_from(demo, file)
    assert len(demo.landed(CASES, MONDAY)) == 62
    assert demo.quarantined(CASES, MONDAY) == []
    assert not [name for name in demo.files() if "/." in name]
    assert releases(demo.landing.home) == ["000001"]
    assert len(released(demo.landing.home, ["000001"])) == len(corrections_of(demo.landing.home, CASES, MONDAY)) == 2
