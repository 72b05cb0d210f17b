"""The demo's worlds through the whole pipeline: the warehouse equals the truth, dirt included."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from demo.dirt import KINDS, RENAMED, RENAMED_FROM_NIGHT, TRUNCATED, TRUNCATED_NIGHT
from demo.generate import generate
from orchestration.base.paths import sql_text
from orchestration.landing.quarantine import export, quarantined, release
from tests.integration.conftest import HISTORY, Company, company
from tests.unit.demo.truths import Demo

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo worlds")]

QUARANTINED = {
    ("out_of_range", "shop", "order_lines"): "quantity is not at least 1",
    ("out_of_range", "shop", "reviews"): "stars is not at least 1 and at most 5",
    ("missing_required", "crm", "cases"): "customer_id is missing",
    ("missing_required", "crm", "consents"): "decision is missing",
}
"""The row rule of each fault that goes to quarantine."""


def customers_of(night: Company, truth: Demo) -> pd.DataFrame:
    """One row per delivered record of a person: customer_id of the warehouse and person of the truth."""
    found = pd.DataFrame(
        night.query("select system, source_id, customer_id from star.map_customer_identities"),
        columns=["system", "source_id", "customer_id"],
    )
    return found.merge(truth.label("identities"), on=["system", "source_id"], validate="one_to_one")


@pytest.fixture(scope="module")
def plain_night(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A published night of the plain world."""
    folder = tmp_path_factory.mktemp("plain")
    generate(folder / "extracts", customers=200, nights=1, seed=11, history_load_date=HISTORY, world="plain", dirt=())
    night = company("demo", folder, folder / "extracts")
    night.succeed()
    return night


def test_the_plain_world_is_published_and_every_person_is_one_customer(plain_night: Company) -> None:
    records = customers_of(plain_night, Demo(plain_night.extracts))
    assert (records.groupby("customer_id")["person"].nunique() == 1).all()
    assert (records.groupby("person")["customer_id"].nunique() == 1).all()
    [(customers,)] = plain_night.query("select count(*) from marts.mart_customer_360")
    assert customers == records["person"].nunique()


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two deliveries of the same company with all kinds of faults: with the renamed column, and without it."""
    folder = tmp_path_factory.mktemp("dirty")
    for name, kinds in (("renamed", KINDS), ("others", KINDS.keys() - {"renamed_column"})):
        generate(
            folder / name,
            customers=4_000,
            nights=TRUNCATED_NIGHT,
            seed=5,
            history_load_date=HISTORY,
            dirt=sorted(kinds),
        )
    return folder / "renamed", folder / "others"


@pytest.fixture(scope="module")
def dirty_night(dirty: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The published dirty company up to the night before the renamed column; its path has a quote."""
    root = tmp_path_factory.mktemp("o'brien")
    night = company("demo", root, root / "delivered")
    deliver(night, dirty[0], 0, RENAMED_FROM_NIGHT - 1)
    night.succeed()
    return night


def deliver(night: Company, extracts: Path, first: int, last: int) -> None:
    """Copy the drops of some nights, 0 is the history, into the delivered extracts."""
    for number in range(first, last + 1):
        drop = "history" if number == 0 else (HISTORY + timedelta(days=number)).isoformat()
        shutil.copytree(extracts / drop, night.extracts / drop, dirs_exist_ok=True)


def planted(truth: Demo, kind: str, system: str, table: str, nights: int = RENAMED_FROM_NIGHT - 1) -> dict[str, int]:
    """By load date, the count of planted faults up to a night."""
    last = (HISTORY + timedelta(days=nights)).isoformat()
    return {
        fault["load_date"]: fault["count"]
        for fault in truth.faults
        if (fault["kind"], fault["system"], fault["table"]) == (kind, system, table) and fault["load_date"] <= last
    }


def test_quarantine_holds_exactly_the_planted_bad_rows(dirty: tuple[Path, Path], dirty_night: Company) -> None:
    truth = Demo(dirty[0])
    expected = {
        (system, table, day, rule): count
        for (kind, system, table), rule in QUARANTINED.items()
        for day, count in planted(truth, kind, system, table).items()
    }
    found = dirty_night.query(
        "select system, table_name, load_date::varchar, broken_rule, row_count from quality.quality_quarantine"
    )
    assert {row[:4]: row[4] for row in found} == expected
    assert {key[:2] for key in expected} == {key[1:] for key in QUARANTINED}


def test_duplicates_and_orphans_are_counted(dirty: tuple[Path, Path], dirty_night: Company) -> None:
    truth = Demo(dirty[0])
    rows = dirty_night.query(
        """
        select entity, system, deduplicated_row_count, excluded_record_count
        from quality.quality_entity_reconciliation
        """
    )
    found = {row[:2]: row[2:] for row in rows}

    def total(kind: str, system: str, table: str) -> int:
        count = sum(planted(truth, kind, system, table).values())
        assert count
        return count

    assert found["payments", "shop"][0] == total("exact_duplicates", "shop", "payments")
    assert found["interactions", "tracking"][0] == total("exact_duplicates", "tracking", "events")
    assert found["refunds", "shop"][1] == total("orphan_ids", "shop", "refunds")

    invitations = [truth.drop("survey_tool", "invitations", night) for night in range(RENAMED_FROM_NIGHT)]
    changes = pd.concat(invitations).drop_duplicates()
    later_changes = len(changes) - changes["invitation_id"].nunique()
    replayed = total("replayed_drops", "survey_tool", "invitations")
    assert found["survey_invitations", "survey_tool"][0] == later_changes + replayed


@pytest.mark.parametrize(
    ("kind", "system", "table", "condition"),
    [
        (
            "late_rows",
            "tracking",
            "events",
            "(occurred_at::timestamptz at time zone 'Europe/Berlin')::date < _load_date",
        ),
        ("mixed_time_zones", "crm", "activities", "occurred_at like '%Z'"),
        ("dst_change", "crm", "case_comments", "written_at like '2025-10-26T02%'"),
        ("orphan_ids", "crm", "loop_actions", "customer_id = 'X00000000'"),
        ("mojibake", "crm", "customers", "regexp_matches(last_name, '[ÃÂ]')"),
    ],
)
def test_faults_without_a_rule_land_as_delivered(
    dirty: tuple[Path, Path], dirty_night: Company, kind: str, system: str, table: str, condition: str
) -> None:
    landed = f"read_parquet({sql_text(f'{dirty_night.home.landing}/{system}/{table}/load_date=*/*.parquet')})"
    key = {"events": "event_id"}.get(table, "_source_row")
    since = HISTORY if kind == "late_rows" else HISTORY - timedelta(days=1)
    with duckdb.connect() as connection:
        counts = connection.execute(
            f"""
            select _load_date::varchar, count(distinct {key}) from {landed}
            where {condition} and _load_date > '{since}' group by _load_date
            """
        ).fetchall()
    assert dict(counts) == planted(Demo(dirty[0]), kind, system, table)
    assert counts


def test_times_in_another_zone_are_equal_in_utc(dirty: tuple[Path, Path], dirty_night: Company) -> None:
    activities = Demo(dirty[0]).until("crm", "activities", RENAMED_FROM_NIGHT - 1)
    assert activities["occurred_at"].str.endswith("Z").any()
    at = pd.to_datetime(activities["occurred_at"], utc=True, format="ISO8601").dt.tz_localize(None)
    published = dirty_night.query("select source_id, occurred_at from star.fct_interactions where system = 'crm'")
    assert set(published) == set(zip(activities["activity_id"], at, strict=True))


def test_a_shared_mailbox_merges_two_people(dirty: tuple[Path, Path], dirty_night: Company) -> None:
    """The rule links by e-mail address and creates no other false link."""
    records = customers_of(dirty_night, Demo(dirty[0]))
    assert (records.groupby("customer_id")["mailbox_of"].nunique() == 1).all()
    by_mailbox = records[records["system"] == "survey_tool"].groupby("mailbox_of")
    assert (by_mailbox["customer_id"].nunique() == 1).all()
    assert by_mailbox["person"].nunique().max() == 2


def test_the_next_run_publishes_a_corrected_row(dirty: tuple[Path, Path], dirty_night: Company, tmp_path: Path) -> None:
    unit = f"from quality.quality_landing_reconciliation where table_name = 'cases' and load_date = '{HISTORY}'"
    counts = f"select source_row_count, landed_row_count, quarantined_row_count, is_reconciled {unit}"
    [(source, landed, rejected, is_whole)] = dirty_night.query(counts)
    assert isinstance(landed, int)
    assert isinstance(rejected, int)
    assert rejected > 1
    assert is_whole

    file = tmp_path / "rows.jsonl"
    export(quarantined(dirty_night.deployment, dirty_night.home, "crm__cases", HISTORY), file)
    row = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    row["row"]["customer_id"] = Demo(dirty[0]).drop("crm", "customers")["customer_id"].iloc[0]
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    release(dirty_night.deployment, dirty_night.home, file)
    before = dirty_night.published
    # no other load date is pending: the run repeats the newest one
    assert list(dirty_night.succeed().load_dates) == [HISTORY + timedelta(days=RENAMED_FROM_NIGHT - 1)]
    assert dirty_night.published != before
    assert dirty_night.query(counts) == [(source, landed + 1, rejected - 1, True)]
    assert dirty_night.manifest()["releases"] == ["000001"]
    assert dirty_night.succeed().run_id is None


def test_a_renamed_column_and_a_truncated_file_stop_the_night(dirty: tuple[Path, Path], dirty_night: Company) -> None:
    renamed, others = dirty
    served = dirty_night.published
    for extracts, night, (system, table), difference in (
        (renamed, RENAMED_FROM_NIGHT, RENAMED[:2], RENAMED[2:]),
        (others, TRUNCATED_NIGHT, TRUNCATED, ("cut off",)),
    ):
        deliver(dirty_night, extracts, RENAMED_FROM_NIGHT, night)
        load_date = HISTORY + timedelta(days=night)

        [problem] = dirty_night.run().problems

        for named in (system, table, load_date.isoformat(), *difference):
            assert named in problem
        assert dirty_night.published == served
        assert not (dirty_night.home.landing / system / table / f"load_date={load_date}").exists()
