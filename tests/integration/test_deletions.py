"""Deletions found in five snapshots that land in order, or in another order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.landing.landing import Landing
from orchestration.warehouse.dbt import run_dbt

pytestmark = pytest.mark.xdist_group("great expectations")

NIGHTS = [date(2026, 3, 26) + timedelta(days=offset) for offset in range(5)]
# records in the snapshot of each night; the last one has the change to summer time
PRESENT = ["abcdef", "abcde", "abdf", "abcf", "acf"]
# records with a rejected row: in quarantine, not deleted
BROKEN = ["", "", "e", "d", ""]
Deletions = set[tuple[str, datetime, datetime | None]]


def shop() -> Deployment:
    """The demo company with one table: the shop delivers all its payments every night."""
    demo = load_deployment("demo").model_dump()
    payments = demo["systems"]["shop"]["tables"]["payments"] | {"snapshot": True, "limits": {"rejected_rate": 0.5}}
    demo["systems"]["shop"] |= {
        "tables": {"payments": payments},
        "files": {"format": "jsonl", "daily": "{load_date}.jsonl"},
    }
    demo["systems"] = {"shop": demo["systems"]["shop"]}
    return Deployment.model_validate(demo)


def payment(name: str, night: int) -> dict[str, Any]:
    amount = -1 if name in BROKEN[night] else 10 * (night + 1)
    return {"payment_id": name, "order_number": f"o{name}", "payment_amount": amount, "paid_at": "2026-03-01T10:00:00Z"}


def deliver(extracts: Path, night: int, names: str) -> None:
    extracts.mkdir(parents=True, exist_ok=True)
    rows = [payment(name, night) for name in sorted({*names, *BROKEN[night]})]
    file = extracts / f"{NIGHTS[night]}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def built(root: Path, order: Sequence[tuple[int, str]]) -> duckdb.DuckDBPyConnection:
    """Land the snapshots in ``order``, each as its night and its records, and build the warehouse."""
    deployment, home = shop(), Home(root / "demo")
    landing = Landing(deployment, home, root / "extracts")
    (table,) = deployment.tables()
    for night, names in order:
        deliver(root / "extracts", night, names)
        landing.admit(table, [NIGHTS[night]])
    for night in range(5):
        assert home.landing.joinpath("shop", "payments", f"load_date={NIGHTS[night]}").exists()
    models = [
        "stg_shop__payments",
        "int_as_of",
        "int_records__deleted",
        "int_records__excluded",
        "int_records__left_out",
        "int_payments__unioned",
    ]
    assert run_dbt(deployment, home, ["--quiet", "run", "--select", *models]).success
    return duckdb.connect(home.work_db, read_only=True)


def expected() -> Deletions:
    """The deletions, derived night by night."""
    deletions: Deletions = set()
    for name in "abcdef":
        present = [name in PRESENT[night] + BROKEN[night] for night in range(5)]
        deleted_at: datetime | None = None
        for night in range(1, 5):
            if present[night - 1] and not present[night]:
                deleted_at = start_of(NIGHTS[night])
            elif deleted_at and present[night]:
                deletions.add((name, deleted_at, start_of(NIGHTS[night])))
                deleted_at = None
        if deleted_at:
            deletions.add((name, deleted_at, None))
    return deletions


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("Europe/Berlin")).astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(list(enumerate(PRESENT)), id="in_order"),
        # the first file of the third night was wrong; the second and the last night land late
        pytest.param(
            [(2, "abcdef"), (0, PRESENT[0]), *((night, PRESENT[night]) for night in (3, 2, 4, 1, 3))],
            id="replayed",
        ),
    ],
)
def test_a_record_is_deleted_as_of_the_first_snapshot_without_it(tmp_path: Path, order: list[tuple[int, str]]) -> None:
    with built(tmp_path, order) as warehouse:
        deletions = warehouse.execute(
            "select source_id, deleted_at, restored_at from intermediate.int_records__deleted"
        ).fetchall()
        payments = dict(
            warehouse.execute("select source_id, payment_amount from intermediate.int_payments__unioned").fetchall()
        )
    assert set(deletions) == expected()
    assert len(deletions) == len(expected()) == 5
    # the latest history row of each record: that of the last snapshot
    assert payments == {"a": 50, "c": 50, "f": 50}


RESPONSES = [
    # the questions that each response answers, night by night; x is a value off its scale
    {"r1": "abc", "r2": "ab", "r3": "ab"},
    {"r1": "ac", "r2": "ax"},
    {"r1": "abc", "r2": "a"},
]


def survey_tool() -> Deployment:
    """The demo company with one table: its survey tool delivers a changed response again, with all its answers."""
    demo = load_deployment("demo").model_dump()
    limits = {"rejected_rate": 1, "repeated_rate": 1, "days_behind": 9999}
    responses = demo["systems"]["survey_tool"]["tables"]["responses"] | {"whole_per": ["response_id"], "limits": limits}
    demo["systems"]["survey_tool"] |= {
        "tables": {"responses": responses},
        "files": {"format": "jsonl", "daily": "{load_date}.jsonl"},
    }
    demo["systems"] = {"survey_tool": demo["systems"]["survey_tool"]}
    return Deployment.model_validate(demo)


def response(name: str, questions: str) -> dict[str, Any]:
    answers = [
        {"question": question, "metric": "nps", "scale_min": 0, "scale_max": 10, "value": 99 if question == "x" else 9}
        for question in questions
    ]
    times = {"submitted_at": "2026-03-01T10:00:00Z"}
    return {"response_id": name, "survey_id": "s", "contact_id": "c", "answers": answers, **times}


def test_an_answer_that_a_response_lacks_when_it_comes_again_is_deleted_unless_it_was_rejected(tmp_path: Path) -> None:
    deployment, home = survey_tool(), Home(tmp_path / "demo")
    landing = Landing(deployment, home, tmp_path / "extracts")
    (table,) = deployment.tables()
    landing.extracts.mkdir(parents=True)
    # the second night lands last
    for night in (0, 2, 1):
        file = landing.extracts / f"{NIGHTS[night]}.jsonl"
        rows = [json.dumps(response(name, questions)) for name, questions in RESPONSES[night].items()]
        file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        landing.admit(table, [NIGHTS[night]])
    models = [
        "stg_survey_tool__survey_answers",
        "int_as_of",
        "int_records__deleted",
        "int_records__excluded",
        "int_records__left_out",
    ]
    models += ["int_survey_answers__unioned"]
    assert run_dbt(deployment, home, ["--quiet", "run", "--select", *models]).success
    with duckdb.connect(home.work_db, read_only=True) as warehouse:
        deletions = warehouse.execute(
            "select source_id, deleted_at, restored_at from intermediate.int_records__deleted order by source_id"
        ).fetchall()
        answers = warehouse.execute("select source_id from intermediate.int_survey_answers__unioned").fetchall()
    assert deletions == [
        ("r1-b", start_of(NIGHTS[1]), start_of(NIGHTS[2])),
        # the response was in quarantine on the second night, so that its answers were there
        ("r2-b", start_of(NIGHTS[2]), None),
    ]
    assert {name for (name,) in answers} == {"r1-a", "r1-b", "r1-c", "r2-a", "r3-a", "r3-b"}
