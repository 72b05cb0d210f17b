"""The files hold exactly the faults that the truth counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from demo.dirt import KINDS, RENAMED
from demo.generate import generate
from orchestration.base.errors import PipelineError
from orchestration.config.deployment import load_deployment
from orchestration.connectors.batch import UnreadableError
from orchestration.connectors.readers import json_lines
from tests.unit.demo.companies import HISTORY
from tests.unit.demo.truths import Demo, demo

SEED = 5
NIGHTS = 12
DST_HOUR = "2025-10-26T02"
READABLE = tuple(kind for kind in KINDS if kind != "truncated_file")


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demo(tmp_path_factory.mktemp("dirty") / "out", customers=4_000, nights=NIGHTS, seed=SEED, dirt=READABLE)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demo(tmp_path_factory.mktemp("clean") / "out", customers=4_000, nights=NIGHTS, seed=SEED)


def load_date(night: int) -> str:
    return (HISTORY + timedelta(days=night)).isoformat()


def planted(demo: Demo, kind: str, system: str, table: str) -> dict[str, int]:
    return {
        fault["load_date"]: fault["count"]
        for fault in demo.faults
        if (fault["kind"], fault["system"], fault["table"]) == (kind, system, table)
    }


def found(demo: Demo, system: str, table: str, count: Callable[[pd.DataFrame], int]) -> dict[str, int]:
    counts = {load_date(night): int(count(demo.drop(system, table, night))) for night in range(NIGHTS + 1)}
    return {day: number for day, number in counts.items() if number}


def is_misread(text: str) -> bool:
    try:
        return text.encode("latin-1").decode() != text
    except UnicodeError:
        return False


COUNTED: list[tuple[str, str, str, Callable[[pd.DataFrame], int]]] = [
    ("exact_duplicates", "tracking", "events", lambda rows: int(rows.duplicated().sum())),
    ("exact_duplicates", "shop", "payments", lambda rows: int(rows.duplicated().sum())),
    ("out_of_range", "shop", "order_lines", lambda rows: (rows["quantity"] < 1).sum()),
    ("out_of_range", "shop", "reviews", lambda rows: (rows["stars"] > 5).sum()),
    ("missing_required", "crm", "cases", lambda rows: rows["customer_id"].isna().sum()),
    ("missing_required", "crm", "consents", lambda rows: rows["decision"].isna().sum()),
    ("mixed_time_zones", "crm", "activities", lambda rows: int(rows["occurred_at"].str.endswith("Z").sum())),
    ("dst_change", "crm", "case_comments", lambda rows: rows["written_at"].str.startswith(DST_HOUR).sum()),
    ("mojibake", "crm", "customers", lambda rows: int(rows["last_name"].map(is_misread).sum())),
    ("renamed_column", "crm", "cases", lambda rows: RENAMED[3] in rows.columns),
]


@pytest.mark.parametrize(("kind", "system", "table", "count"), COUNTED)
def test_the_count_of_a_fault_is_the_one_of_the_truth(
    dirty: Demo, kind: str, system: str, table: str, count: Callable[[pd.DataFrame], int]
) -> None:
    assert planted(dirty, kind, system, table) == found(dirty, system, table, count)
    assert planted(dirty, kind, system, table)


@pytest.mark.parametrize(
    ("system", "table", "column", "to_system", "to_table"),
    [
        ("shop", "refunds", "order_number", "shop", "orders"),
        ("crm", "loop_actions", "customer_id", "crm", "customers"),
    ],
)
def test_the_count_of_orphans_is_the_one_of_the_truth(
    dirty: Demo, system: str, table: str, column: str, to_system: str, to_table: str
) -> None:
    known = {value for night in range(NIGHTS + 1) for value in dirty.drop(to_system, to_table, night)[column]}
    orphans = found(dirty, system, table, lambda rows: (~rows[column].isin(known)).sum())
    assert planted(dirty, "orphan_ids", system, table) == orphans
    assert orphans


@pytest.mark.parametrize(
    ("table", "system", "column"), [("responses", "survey_tool", "submitted_at"), ("events", "tracking", "occurred_at")]
)
def test_the_count_of_late_rows_is_the_one_of_the_truth(dirty: Demo, table: str, system: str, column: str) -> None:
    late = {}
    for night in range(1, NIGHTS + 1):
        rows = dirty.drop(system, table, night).astype(str).drop_duplicates()
        days = pd.to_datetime(rows[column], utc=True).dt.tz_convert("Europe/Berlin").dt.tz_localize(None).dt.normalize()
        nights = (pd.Timestamp(load_date(night)) - days).dt.days
        assert nights.between(0, 10).all()
        if count := int((nights > 0).sum()):
            late[load_date(night)] = count
    assert planted(dirty, "late_rows", system, table) == late


def test_a_replayed_drop_repeats_the_night_before(dirty: Demo, clean: Demo) -> None:
    ((day, count),) = planted(dirty, "replayed_drops", "survey_tool", "invitations").items()
    night = (date.fromisoformat(day) - HISTORY).days
    before = clean.drop("survey_tool", "invitations", night - 1)
    assert len(before) == count
    replayed = dirty.drop("survey_tool", "invitations", night)
    assert replayed.head(count).equals(before)
    assert len(replayed) == count + len(clean.drop("survey_tool", "invitations", night))


def test_a_truncated_file_is_incomplete(tmp_path: Path) -> None:
    cut = demo(tmp_path / "cut", customers=300, nights=7, seed=SEED, dirt=("truncated_file",))
    ((day, count),) = planted(cut, "truncated_file", "survey_tool", "responses").items()
    assert count == 1
    path = cut.folder / day / "survey_tool" / "responses.jsonl.gz"
    files = load_deployment("demo").systems["survey_tool"].files
    assert files is not None
    with pytest.raises(UnreadableError, match="cut off"):
        list(json_lines.read(path, path.name, files))


def test_a_clean_company_has_no_faults(clean: Demo) -> None:
    assert clean.faults == []


def test_only_requested_kinds_of_faults_are_counted(dirty: Demo) -> None:
    assert {fault["kind"] for fault in dirty.faults} == set(READABLE)


@pytest.mark.parametrize(("argument", "value"), [("dirt", ("dust",)), ("world", "flat")])
def test_an_unknown_kind_is_named_and_nothing_is_written(tmp_path: Path, argument: str, value: object) -> None:
    with pytest.raises(PipelineError, match=argument):
        generate(
            tmp_path / "out",
            customers=10,
            nights=1,
            seed=SEED,
            history_load_date=HISTORY,
            **{argument: value},  # type: ignore[arg-type]
        )
    assert list(tmp_path.iterdir()) == []
