"""A night that is taken back, and what it held once it is released: nothing is lost, and nothing slips in."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.cli.versions import release, roll_back
from tests.integration.conftest import HISTORY, NIGHTS, Company, company

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]


@pytest.fixture(scope="module")
def night(demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after its history and a first night, and after a second one that was taken back."""
    root = tmp_path_factory.mktemp("rollback")
    taken_back = company("demo", root, root / "delivered")
    taken_back.deliver(demo_extracts, HISTORY, NIGHTS[0])
    taken_back.succeed()
    taken_back.deliver(demo_extracts, NIGHTS[1])
    taken_back.succeed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CX360_HOME", str(root))
        roll_back(taken_back.deployment, None)
    return taken_back


def test_the_night_before_is_served_and_the_one_taken_back_is_not_pending(night: Company) -> None:
    assert night.manifest()["load_dates"] == [HISTORY.isoformat(), NIGHTS[0].isoformat()]
    assert night.succeed().run_id is None
    with pytest.raises(PipelineError, match=f"Held: {NIGHTS[1]}, because .* was withdrawn"):
        night.run(first=NIGHTS[1], last=NIGHTS[1])


def test_the_night_after_is_published_without_it_and_all_of_it_after_its_release(
    night: Company, demo_extracts: Path, demo_night: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.deliver(demo_extracts, *NIGHTS[2:])
    assert list(night.succeed().load_dates) == NIGHTS[2:]
    assert NIGHTS[1].isoformat() not in night.manifest()["load_dates"]
    landed = night.query("select distinct load_date from quality.quality_landing_reconciliation order by all")
    assert landed == [(day,) for day in (HISTORY, NIGHTS[0], *NIGHTS[2:])]

    monkeypatch.setenv("CX360_HOME", str(night.home.root.parent))
    release(night.deployment, [])
    assert list(night.succeed().load_dates) == [NIGHTS[1]]
    assert night.figures() == demo_night.figures()
    outcomes = night.query("select outcome from quality.quality_runs order by started_at")
    assert [outcome for (outcome,) in outcomes] == ["published", "withdrawn", "published", "published"]
