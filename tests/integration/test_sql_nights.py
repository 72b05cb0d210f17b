"""Five whole nights of a company whose CRM and shop are databases: the same star and marts as by files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.demo.generate import generate
from tests.extracts_in_postgres import URL, load, pulled_from_postgres
from tests.integration.conftest import HISTORY, company
from tests.integration.test_nights import figures
from tests.postgres import Postgres

pytestmark = [pytest.mark.xdist_group("postgres"), pytest.mark.long]

DAYS = [HISTORY + timedelta(days=night) for night in range(5)]


def test_five_nights_of_databases_publish_what_the_same_nights_by_files_do(
    postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracts = tmp_path / "extracts"
    generate(extracts, customers=300, nights=4, seed=13, history_load_date=HISTORY)
    by_files = company("demo", tmp_path / "files", extracts)
    by_files.succeed()
    by_sql = company("demo", tmp_path / "sql", extracts)
    by_sql.deployment = pulled_from_postgres(by_files.deployment, ["crm", "shop"])
    tables = [table for table in by_files.deployment.tables() if table.system_name in {"crm", "shop"}]
    load(postgres_server, "whole_nights", tables, extracts)
    monkeypatch.setenv(URL, postgres_server.url("whole_nights"))
    for day in DAYS:
        outcome = by_sql.succeed(first=day, last=day)
        assert list(outcome.load_dates) == [day]
    assert figures(by_sql) == figures(by_files)
