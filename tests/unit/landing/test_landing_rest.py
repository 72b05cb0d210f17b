"""Nights of a web service in the landing: the same rows as from files, whatever the service does meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from tests.extracts_in_service import SECRETS, SYSTEMS, extracts_in_service, pulled_from_service
from tests.unit.landing.thirty_nights import DAYS, HISTORY, Landed

DEMO = load_deployment("demo")
TABLES = [table.name for table in DEMO.tables() if table.system_name in SYSTEMS]

pytestmark = pytest.mark.xdist_group("thirty nights")


@pytest.fixture
def company(by_files: Landed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """The demo company, whose survey tool and interaction log are web services."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with extracts_in_service(by_files.extracts, HISTORY) as url:
        yield pulled_from_service(DEMO, url)


@pytest.mark.long
@pytest.mark.parametrize("name", TABLES)
def test_thirty_nights_and_the_history_land_as_the_same_nights_by_files(
    company: Deployment, by_files: Landed, tmp_path: Path, name: str
) -> None:
    of_files = by_files.nights(name)
    of_services = Landed(company, Home(tmp_path), tmp_path / "nothing").nights(name)
    for day in DAYS:
        of_file, of_service = (
            unit.drop_columns(["_source_file", "_source_row"]) for unit in (of_files[day], of_services[day])
        )
        assert of_service.column_names == of_file.column_names
        assert of_service.to_pylist() == of_file.to_pylist()
        assert of_services[day]["_source_row"].to_pylist() == list(range(1, of_services[day].num_rows + 1))
    assert sum(unit.num_rows for unit in of_services.values()) > 100
    text = "".join(str(unit.to_pylist()) for unit in of_services.values())
    assert not any(secret in text or "127.0.0.1" in text for secret in SECRETS.values())


def test_a_day_that_is_pulled_again_lands_byte_for_byte_the_same(company: Deployment, tmp_path: Path) -> None:
    landed = Landed(company, Home(tmp_path), tmp_path / "nothing")
    before = landed.pull("survey_tool__responses", *DAYS[:3])
    assert before
    assert landed.pull("survey_tool__responses", DAYS[1]) == before
