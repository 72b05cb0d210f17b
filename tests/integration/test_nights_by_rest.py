"""Five whole nights of a company two of whose systems are web services: the same star and marts as by files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.demo.generate import generate
from tests.extracts_in_service import SECRETS, extracts_in_service, pulled_from_service
from tests.integration.conftest import HISTORY, company
from tests.integration.test_nights import figures

pytestmark = [pytest.mark.xdist_group("nights by rest"), pytest.mark.long]

DAYS = [HISTORY + timedelta(days=night) for night in range(5)]


def test_five_nights_of_web_services_publish_what_the_same_nights_by_files_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history, a night by itself, and the others in one run; no secret is left anywhere."""
    extracts = tmp_path / "extracts"
    generate(extracts, customers=300, nights=4, seed=11, history_load_date=HISTORY)
    by_files = company("demo", tmp_path / "files", extracts)
    by_files.succeed()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    by_service = company("demo", tmp_path / "service", extracts)
    with extracts_in_service(extracts, HISTORY) as url:
        by_service.deployment = pulled_from_service(by_service.deployment, url)
        for first, last in ((0, 0), (1, 1), (2, 4)):
            outcome = by_service.succeed(first=DAYS[first], last=DAYS[last])
            assert list(outcome.load_dates) == DAYS[first : last + 1]
    assert figures(by_service) == figures(by_files)
    files = [path for path in by_service.home.root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files for value in SECRETS.values() if value.encode() in path.read_bytes()]
