"""Tables that are delivered whole every night, and columns that are delivered under other names."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.landing.landing import Landing
from tests.unit.landing.deliveries import Company, company, messages

pytestmark = pytest.mark.xdist_group("great expectations")

CUSTOMERS = "crm__customers"
COLUMNS = ("customer_id", "email", "phone", "segment", "registered_at", "updated_at")
NIGHTS = [date(2026, 1, 5) + timedelta(days=place) for place in range(3)]


def crm(root: Path, **settings: Any) -> Company:
    """The demo company, whose CRM delivers its customers otherwise."""
    demo = company("demo", root)
    settings_of = demo.deployment.model_dump()
    settings_of["systems"]["crm"]["tables"]["customers"] |= settings
    deployment = Deployment.model_validate(settings_of)
    return Company(deployment, Landing(deployment, Home(root / "home"), root / "extracts"))


def deliver(demo: Company, night: date, people: range, *more: str, columns: tuple[str, ...] = COLUMNS) -> None:
    """A night's file: the same rows for the same people, however long ago they changed."""
    lines = [f"C{n},c{n}@example.com,,retail,2024-05-01T10:00:00Z,2024-05-02T10:00:00Z" for n in people]
    demo.deliver(f"{night}/crm/customers.csv", "\n".join([",".join(columns), *lines, *more]) + "\n")


def test_a_snapshot_may_repeat_the_one_before_and_lose_as_many_keys_as_the_limit_lets(tmp_path: Path) -> None:
    demo = crm(tmp_path, snapshot=True)
    deliver(demo, NIGHTS[0], range(200))
    deliver(demo, NIGHTS[1], range(200))
    deliver(demo, NIGHTS[2], range(20, 200))
    units = demo.admit(CUSTOMERS, *NIGHTS)
    assert all(unit.has_landed for unit in units)
    assert {told.split(" columns")[0] for told in messages(units, "warn")} == {"the optional"}
    assert units[2].profile["snapshot_loss"] == 0.1
    assert [len(demo.landed(CUSTOMERS, night)) for night in NIGHTS] == [200, 200, 180]


def test_the_same_deliveries_of_a_table_of_changes_are_an_old_file_sent_again(tmp_path: Path) -> None:
    demo = crm(tmp_path)
    deliver(demo, NIGHTS[0], range(200))
    (unit,) = demo.admit(CUSTOMERS, NIGHTS[0])
    assert any("the delivery is stale" in told for told in messages([unit], "error"))


def test_a_snapshot_that_shrinks_past_the_limit_closes_the_gate(tmp_path: Path) -> None:
    demo = crm(tmp_path, snapshot=True)
    deliver(demo, NIGHTS[0], range(200))
    deliver(demo, NIGHTS[1], range(50, 230))
    before, unit = demo.admit(CUSTOMERS, *NIGHTS[:2])
    assert before.has_landed
    assert not unit.has_landed
    (told,) = messages([unit], "error")
    assert told.startswith("50 of the 200 keys of the snapshot before are missing, more than the allowed share of 0.1")
    assert "C1" not in unit.explain()


def test_a_table_may_set_its_own_limit(tmp_path: Path) -> None:
    demo = crm(tmp_path, snapshot=True, limits={"snapshot_loss": 0.3})
    deliver(demo, NIGHTS[0], range(200))
    deliver(demo, NIGHTS[1], range(50, 200))
    assert all(unit.has_landed for unit in demo.admit(CUSTOMERS, *NIGHTS[:2]))


@pytest.mark.parametrize(("left", "lands"), [(range(1, 6), True), (range(0), False)])
def test_of_few_keys_some_may_go_but_never_all(tmp_path: Path, left: range, *, lands: bool) -> None:
    demo = crm(tmp_path, snapshot=True)
    deliver(demo, NIGHTS[0], range(12))
    deliver(demo, NIGHTS[1], left)
    assert demo.admit(CUSTOMERS, *NIGHTS[:2])[1].has_landed is lands


def test_a_snapshot_is_held_against_the_history_too_and_a_key_of_two_columns_is_one(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    settings = demo.deployment.model_dump()
    settings["systems"]["shop"]["tables"]["order_lines"] |= {"snapshot": True, "whole_per": []}
    deployment = Deployment.model_validate(settings)
    demo = Company(deployment, Landing(deployment, demo.landing.home, demo.landing.extracts))
    for file, count in (("history/shop/order_lines.parquet", 200), (f"{NIGHTS[0]}/shop/order_lines.parquet", 150)):
        ones = [1] * count
        rows = {
            "order_number": [f"o{n // 2}" for n in range(count)],
            "line_number": pa.array([n % 2 + 1 for n in range(count)], pa.int32()),
        }
        amounts = {name: pa.array(ones, pa.int32()) for name in ("quantity", "net_amount", "cost_amount")}
        times = {"created_at": ["2024-05-02T10:00:00Z"] * count}
        demo.deliver(file, pa.table(rows | {"sku": ["s"] * count} | amounts | times))
    _, unit = demo.admit("shop__order_lines", demo.history, NIGHTS[0])
    assert (unit.profile["lost_key_count"], unit.profile["known_key_count"]) == (50, 200)
    assert not unit.has_landed


def test_a_rename_lands_the_column_under_its_promised_name_and_judges_it(tmp_path: Path) -> None:
    demo = crm(tmp_path, snapshot=True, rename={"kunde": "customer_id", "geaendert": "updated_at"})
    names = ("Kunde", *COLUMNS[1:5], "geaendert")
    deliver(demo, NIGHTS[0], range(30), "C31,x@example.com,,retail,2024-05-01T10:00:00Z,gestern", columns=names)
    (unit,) = demo.admit(CUSTOMERS, NIGHTS[0])
    assert unit.has_landed
    assert {row["customer_id"] for row in demo.landed(CUSTOMERS, NIGHTS[0])} == {f"C{n}" for n in range(30)}
    (rejected,) = demo.quarantined(CUSTOMERS, NIGHTS[0])
    assert rejected["reasons"] == ["updated_at 'gestern' is no time with an offset"]


def test_a_rename_of_a_column_that_is_not_delivered_stops_the_table(tmp_path: Path) -> None:
    demo = crm(tmp_path, rename={"kunde": "customer_id"})
    deliver(demo, NIGHTS[0], range(3))
    with pytest.raises(PipelineError, match=r"rename: \{kunde: customer_id\}' does not fit: 'kunde' is not delivered"):
        demo.admit(CUSTOMERS, NIGHTS[0])


def test_a_missing_column_closes_the_gate_with_the_line_that_mends_it_and_the_line_does(tmp_path: Path) -> None:
    demo = crm(tmp_path, snapshot=True)
    deliver(demo, NIGHTS[0], range(150))
    renamed = ("customer_id", "contact", "phone", "segment", "registered_at", "UpdatedAt")
    deliver(demo, NIGHTS[1], range(150), columns=renamed)
    demo.admit(CUSTOMERS, NIGHTS[0])
    (told,) = messages(demo.admit(CUSTOMERS, NIGHTS[1]), "error")
    # contact is no name like email: it is known by its values
    assert "the required columns email, updated_at are missing" in told
    line = "rename: {UpdatedAt: updated_at, contact: email}"
    assert told.endswith(f"below systems: crm: tables: customers:, corrects it:  {line}")
    mended = crm(tmp_path, snapshot=True, rename={"UpdatedAt": "updated_at", "contact": "email"})
    assert [unit.has_landed for unit in mended.admit(CUSTOMERS, NIGHTS[1])] == [True]
