"""Every fault that the demo company plants is met by the rule meant for it, as often as the truth says."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from demo.dirt import KINDS, RENAMED_FROM_NIGHT
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from orchestration.landing.landing import Landing
from orchestration.landing.quarantine import quarantined
from orchestration.landing.unit import Unit
from tests.integration.conftest import HISTORY
from tests.unit.demo.truths import Demo, demo

pytestmark = pytest.mark.xdist_group("planted dirt")

NIGHTS = 8
Night = tuple[str, str]
"""A landed table and a load date."""


class Gated:
    """A demo company after extract and gate 1, night by night, each night as far as it comes."""

    def __init__(self, company: Demo, home: Home) -> None:
        self.company = company
        self.units: dict[Night, Unit] = {}
        self.stopped: dict[Night, str] = {}
        deployment = load_deployment("demo")
        landing = Landing(deployment, home, company.folder)
        for table in deployment.tables():
            nights = landing.delivered_load_dates
            while nights:
                try:
                    units = landing.admit(table, nights)
                except PipelineError as error:
                    # the night stops at this table: what comes before it lands, what comes after goes on without it
                    bad = next(night for night in nights if night.isoformat() in str(error))
                    self.stopped[table.name, bad.isoformat()] = str(error)
                    if before := [night for night in nights if night < bad]:
                        self.note(landing.admit(table, before))
                    nights = [night for night in nights if night > bad]
                    continue
                refused = next((unit.load_date for unit in units if not unit.has_landed), date.max)
                self.note([unit for unit in units if unit.load_date <= refused])
                nights = [night for night in nights if night > refused]
        self.rejected = {
            (unit.table, unit.load_date.isoformat()): unit.rules() for unit in quarantined(deployment, home)
        }

    def note(self, units: list[Unit]) -> None:
        self.units |= {(unit.table, unit.load_date.isoformat()): unit for unit in units}

    def planted(self, kind: str) -> dict[Night, int]:
        """How often a kind of fault was planted in each night of a table."""
        return {
            (f"{fault['system']}__{fault['table']}", fault["load_date"]): fault["count"]
            for fault in self.company.faults
            if fault["kind"] == kind
        }

    def figure(self, name: str) -> dict[Night, int]:
        """A figure of the profiles, where it is not 0."""
        return {night: int(unit.profile[name]) for night, unit in self.units.items() if unit.profile.get(name)}

    def found(self, severity: str) -> dict[Night, list[str]]:
        """The findings of the gates."""
        found: defaultdict[Night, list[str]] = defaultdict(list)
        for night, unit in self.units.items():
            for finding in unit.findings:
                if finding.severity == severity:
                    found[night].append(finding.message)
        return dict(found)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    root = tmp_path_factory.mktemp("dirty")
    company = demo(root / "extracts", customers=4_000, nights=NIGHTS, seed=6, dirt=tuple(KINDS))
    return Gated(company, Home(root / "home"))


def test_an_unusable_row_is_in_quarantine_under_its_rule_and_no_other_row_is(dirty: Gated) -> None:
    rules = {
        "shop__order_lines": "quantity is not at least 1",
        "shop__reviews": "stars is not at least 1 and at most 5",
        "crm__cases": "customer_id is missing",
        "crm__consents": "decision is missing",
    }
    planted = dirty.planted("out_of_range") | dirty.planted("missing_required")
    landed = {night: count for night, count in planted.items() if dirty.units[night].has_landed}
    assert {table for table, _ in landed} == set(rules)
    assert dirty.rejected == {(table, day): {rules[table]: count} for (table, day), count in landed.items()}


def test_rows_that_come_twice_are_counted(dirty: Gated) -> None:
    assert dirty.figure("duplicate_count") == dirty.planted("exact_duplicates")


def test_rows_of_the_night_before_are_counted_and_warned_of(dirty: Gated) -> None:
    [(night, count)] = dirty.planted("replayed_drops").items()
    assert dirty.figure("repeated_count") == {night: count}
    [warning] = dirty.found("warn")[night]
    assert warning.startswith(f"{count} of ")


def test_misread_text_is_counted_and_warned_of(dirty: Gated) -> None:
    planted = dirty.planted("mojibake")
    assert dirty.figure("misread_count") == planted
    for night, count in planted.items():
        assert dirty.found("warn")[night][0].startswith(f"{count} rows hold text in first_name, last_name, city")


def test_a_renamed_column_closes_the_gate_each_night_and_both_names_are_told(dirty: Gated) -> None:
    refused = dirty.found("error")
    nights = [(HISTORY + timedelta(days=night)).isoformat() for night in range(RENAMED_FROM_NIGHT, NIGHTS + 1)]
    assert sorted(refused) == sorted(dirty.planted("renamed_column")) == [("crm__cases", night) for night in nights]
    for messages in refused.values():
        assert any("columns channel are missing" in told and "contact_channel" in told for told in messages)


def test_a_truncated_file_stops_its_night(dirty: Gated) -> None:
    assert list(dirty.stopped) == list(dirty.planted("truncated_file"))
    [told] = dirty.stopped.values()
    assert "the gzip file is cut off" in told
    assert "responses.jsonl.gz" in told


@pytest.mark.parametrize("kind", ["late_rows", "orphan_ids", "mixed_time_zones", "dst_change"])
def test_what_only_the_star_can_judge_lands_whole(dirty: Gated, kind: str) -> None:
    planted = dirty.planted(kind)
    nights = [night for night in planted if night not in dirty.stopped]
    rejected = {night: dirty.units[night].profile["quarantined_row_count"] for night in nights}
    assert planted
    assert rejected == dict.fromkeys(nights, 0)


def test_every_kind_of_fault_is_met_here(dirty: Gated) -> None:
    assert {fault["kind"] for fault in dirty.company.faults} == set(KINDS)
    warned = {table for table, _ in dirty.found("warn")}
    assert warned == {"crm__cases", "crm__customers", "survey_tool__invitations"}


def test_a_clean_company_triggers_nothing_over_thirty_nights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = Gated(demo(tmp_path / "extracts", customers=10_000, nights=30, seed=7), Home(tmp_path / "home"))
    judged = Counter(
        name
        for unit in clean.units.values()
        for name, value in unit.profile.items()
        if name.endswith(("_change", "days_behind")) and value is not None
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{len(clean.units)} clean units; nights in which a figure was judged: {dict(judged)}\n")
    assert len(clean.units) == len(list(load_deployment("demo").tables())) * 31
    assert not clean.stopped
    assert not clean.rejected
    assert not clean.found("error")
    assert not clean.found("warn")
    # the rules had something to judge
    assert min(judged[name] for name in ("row_count_change", "null_rate_change", "days_behind")) >= 50
