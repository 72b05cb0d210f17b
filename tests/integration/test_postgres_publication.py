"""A night in PostgreSQL: the asset, the command, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner
from rich.console import Console

from orchestration.assets.postgres import POSTGRES
from orchestration.assets.publish import VERSION
from orchestration.base.paths import sql_text
from orchestration.cli.postgres import publish_current
from orchestration.cli.summary import print_outcome
from orchestration.config.deployment import Deployment
from orchestration.config.postgres_publication import PostgresPublication
from orchestration.config.settings import Secret
from orchestration.definitions import build, resources
from orchestration.run import Outcome
from orchestration.runs.resource import RunLock
from tests.integration.conftest import Company
from tests.postgres import Postgres

pytestmark = pytest.mark.xdist_group("demo nights")

URL = "TEST_NIGHT_POSTGRES_URL"


@pytest.fixture
def deployment(demo_night: Company, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """The demo company with a database of its own, read by a role."""
    postgres_server.execute("create database night", "create role analyst")
    monkeypatch.setenv(URL, postgres_server.url("night"))
    monkeypatch.setenv("CX360_HOME", str(demo_night.home.root.parent))
    target = PostgresPublication(url=Secret(env=URL), readers=("analyst",))
    yield demo_night.deployment.model_copy(update={"postgres_publication": target})
    postgres_server.execute("drop database night with (force)", "drop role analyst")


def executed(deployment: Deployment, night: Company) -> dg.ExecuteInProcessResult:
    """The run of the asset alone, over the published night."""
    lock = RunLock(home_root=str(night.home.root), timeout_minutes=10, is_held=True)
    definitions = build(deployment, {**resources(deployment, night.home), "run_lock": lock})
    with dg.DagsterInstance.ephemeral() as instance:
        return definitions.resolve_job_def("nightly").execute_in_process(
            instance=instance, asset_selection=[POSTGRES], raise_on_error=False
        )


def test_only_a_deployment_that_names_a_database_has_the_asset(deployment: Deployment, demo_night: Company) -> None:
    def graph(of: Deployment) -> Any:
        return build(of, resources(of, demo_night.home)).resolve_asset_graph()

    assert POSTGRES not in graph(demo_night.deployment).get_all_asset_keys()
    assert graph(deployment).get(POSTGRES).parent_keys == {VERSION}


def test_the_asset_writes_every_published_row_and_key(
    deployment: Deployment, demo_night: Company, postgres_server: Postgres
) -> None:
    result = executed(deployment, demo_night)
    assert result.success
    [materialization] = result.asset_materializations_for_node("published__postgres")
    manifest = demo_night.manifest()
    assert materialization.metadata["version"].value == manifest["version"]
    extension = files("duckdb_extension_postgres_scanner") / "extensions" / f"v{duckdb.__version__}"
    with duckdb.connect() as connection:
        connection.execute(f"load '{extension}/postgres_scanner.duckdb_extension'")
        connection.execute(f"attach '{demo_night.published}' as file (read_only)")
        connection.execute(f"attach {sql_text(postgres_server.conninfo('night'))} as there (type postgres, read_only)")
        for table, facts in manifest["tables"].items():
            schema, name = table.split(".")
            one, other = f"file.{table}", f"there.cx360_{schema}.{name}"
            [(count,)] = connection.execute(f"select count(*) from {other}").fetchall()
            assert count == facts["row_count"], table
            assert connection.execute(f"from {one} except all from {other} limit 1").fetchall() == [], table
    with postgres_server.connect("night") as there:
        undescribed = there.execute(
            """
            select c.relname, a.attname from pg_class as c
            inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
            where c.relnamespace::regnamespace::text like 'cx360%' and c.relkind = 'r'
                and col_description(c.oid, a.attnum) is null
            """
        ).fetchall()
        keys: dict[str, int] = dict(
            there.execute(
                """
                select contype::text, count(*) from pg_constraint
                where connamespace::regnamespace::text like 'cx360%' group by contype
                """
            ).fetchall()
        )
    assert undescribed == []
    assert keys["p"] > 30
    assert keys["f"] > 20


def test_a_wrong_password_fails_this_asset_alone_and_the_outcome_says_what_stands(
    deployment: Deployment, demo_night: Company, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, postgres_server.url("night", password="wrong-word"))
    result = executed(deployment, demo_night)
    [failure] = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    message = str(failure.user_failure_data and failure.user_failure_data.description)
    assert "refuses the user or the password" in message
    assert "wrong-word" not in message
    run_id = demo_night.manifest()["run_id"]
    console = Console(record=True, width=200)
    print_outcome(console, deployment, Outcome([], run_id, [message]))
    text = console.export_text()
    assert f"Version {demo_night.manifest()['version']} is published, and a step after it has failed." in text


def test_the_command_writes_the_current_version_and_says_so(deployment: Deployment, demo_night: Company) -> None:
    [first] = publish_current(deployment)
    assert "new tables" in first
    [second] = publish_current(deployment)
    assert f"{demo_night.manifest()['version']}: " in second
    assert "rows replaced" in second


def test_the_command_refuses_a_deployment_without_a_database(demo_night: Company) -> None:
    from orchestration.cli.main import main

    result = CliRunner().invoke(main, ["publish-postgres", "--deployment", demo_night.deployment.name])
    assert result.exit_code == 1
    assert "docs/postgres.md" in result.output
