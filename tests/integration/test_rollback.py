"""A withdrawn version: its load date is on hold until it is released, and then published."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.cli.versions import release, roll_back
from tests.integration.conftest import HISTORY, NIGHTS, Company

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]


@pytest.fixture(scope="module")
def night(history_night: Company, demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after its history and a first night whose version was withdrawn."""
    root = tmp_path_factory.mktemp("rollback")
    withdrawn = history_night.copied(root)
    withdrawn.deliver(demo_extracts, NIGHTS[0])
    withdrawn.succeed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CX360_HOME", str(root))
        roll_back(withdrawn.deployment, None)
    return withdrawn


def test_readers_get_the_previous_version_and_the_load_date_on_hold_is_not_pending(night: Company) -> None:
    assert night.manifest()["load_dates"] == [HISTORY.isoformat()]
    assert night.succeed().run_id is None
    with pytest.raises(PipelineError, match=f"On hold: {NIGHTS[0]}, .* cx360 release"):
        night.run(first=NIGHTS[0], last=NIGHTS[0])


def test_later_nights_are_published_without_the_load_date_on_hold_and_with_it_after_its_release(
    night: Company, demo_extracts: Path, demo_night: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.deliver(demo_extracts, *NIGHTS[1:])
    assert list(night.succeed().load_dates) == NIGHTS[1:]
    assert NIGHTS[0].isoformat() not in night.manifest()["load_dates"]
    landed = night.query("select distinct load_date from quality.quality_landing_reconciliation order by all")
    assert landed == [(day,) for day in (HISTORY, *NIGHTS[1:])]

    monkeypatch.setenv("CX360_HOME", str(night.home.root.parent))
    release(night.deployment, [])
    assert list(night.succeed().load_dates) == [NIGHTS[0]]
    assert night.figures() == demo_night.figures()
    outcomes = night.query("select outcome from quality.quality_runs order by started_at")
    assert [outcome for (outcome,) in outcomes] == ["published", "withdrawn", "published", "published"]
