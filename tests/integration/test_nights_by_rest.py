"""Whole nights of a company two of whose systems are web services: published as if all of them delivered files."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.demo.generate import generate
from tests.extracts_in_service import SECRETS, extracts_in_service, pulled_from_service
from tests.integration.conftest import HISTORY, Company, company

DAYS = [HISTORY + timedelta(days=night) for night in range(5)]


def figures(night: Company) -> dict[str, tuple[int, str]]:
    """Row count and checksum of every published table that the landing alone decides."""
    told = json.loads((night.home.published / "current" / "manifest.json").read_text(encoding="utf-8"))
    return {
        name: (table["row_count"], table["checksum"])
        for name, table in told["tables"].items()
        if name not in told["history"]
    }


@pytest.mark.long
def test_five_nights_by_web_services_are_published_as_the_same_nights_by_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracts = tmp_path / "extracts"
    generate(extracts, customers=300, nights=4, seed=11, history_load_date=HISTORY)
    by_files = company("demo", tmp_path / "files", extracts)
    by_files.succeed()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    by_service = company("demo", tmp_path / "service", extracts)
    with extracts_in_service(extracts, HISTORY) as url:
        by_service.deployment = pulled_from_service(by_service.deployment, url)
        for day in DAYS:
            assert list(by_service.succeed(first=day, last=day).load_dates) == [day]
    expected = figures(by_files)
    assert figures(by_service) == expected
    assert {name.split(".")[0] for name in expected} >= {"star", "marts"}
    told = "".join(
        path.read_bytes().decode("utf-8", "replace")
        for path in by_service.home.root.rglob("*")
        if path.is_file() and path.suffix in {".db", ".json", ".yaml", ".log", ".html"}
    )
    assert not [name for name, value in SECRETS.items() if value in told]
