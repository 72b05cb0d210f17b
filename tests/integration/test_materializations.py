"""How a model becomes a table or a view (``dbt_project/macros/materializations.sql``), in a project of one model."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.base.paths import PROJECT

NAMES = """
models:
  - name: names
    description: "One row per name: it's short."
    config: {contract: {enforced: true}}
    columns:
      - {name: place, data_type: integer, description: "The row number.", constraints: [{type: not_null}]}
      - {name: name, data_type: varchar, description: "The name, it's text."}
"""
THREE = "select unnest([1, 2, 3]) as place, 'a' as name"


@dataclass(frozen=True)
class Project:
    """A dbt project with this project's materializations, and the database that it writes."""

    root: Path

    def run(self, command: str, *options: str, **models: str) -> subprocess.CompletedProcess[str]:
        """Give models their SQL and run dbt, as a user would."""
        for name, sql in models.items():
            (self.root / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")
        program = [sys.executable, "-m", "dbt.cli.main", command, "--profiles-dir", ".", *options]
        return subprocess.run(program, cwd=self.root, text=True, capture_output=True, check=False, timeout=300)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(self.root / "small.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for folder in ("models", "macros", "tests"):
        (tmp_path / folder).mkdir()
    shutil.copy(PROJECT / "dbt_project" / "macros" / "materializations.sql", tmp_path / "macros")
    persisted = {"+persist_docs": {"relation": True, "columns": True}, "+materialized": "table"}
    facts = {"name": "small", "profile": "small", "models": persisted, "flags": {"send_anonymous_usage_stats": False}}
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    outputs = {"here": {"type": "duckdb", "path": "small.duckdb"}}
    profile = {"small": {"target": "here", "outputs": outputs}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    (tmp_path / "models" / "names.yml").write_text(NAMES, encoding="utf-8")
    return Project(tmp_path)


def test_a_table_has_its_contract_and_its_descriptions(project: Project) -> None:
    assert project.run("run", names=THREE).returncode == 0
    assert project.query("select comment from duckdb_tables() where table_name = 'names'") == [
        ("One row per name: it's short.",)
    ]
    assert project.query(
        "select column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where table_name = 'names' order by column_index"
    ) == [("place", "INTEGER", False, "The row number."), ("name", "VARCHAR", True, "The name, it's text.")]


@pytest.mark.parametrize(
    "broken",
    ["select unnest([1, null]) as place, 'b' as name", "select place, 'b' as name from nowhere"],
    ids=["while rows are written", "before"],
)
def test_a_model_that_fails_leaves_the_table_that_was_there(project: Project, broken: str) -> None:
    assert project.run("run", names=THREE).returncode == 0
    assert project.run("run", names=broken).returncode == 1
    assert project.query("select * from names order by place") == [(1, "a"), (2, "a"), (3, "a")]


def test_a_table_may_become_a_view_and_a_table_again(project: Project) -> None:
    kinds = "select table_type from information_schema.tables where table_name = 'names'"
    for kind, expected in (("table", "BASE TABLE"), ("view", "VIEW"), ("table", "BASE TABLE")):
        ended = project.run("run", names=f"{{{{ config(materialized='{kind}') }}}}\n{THREE}")
        assert ended.returncode == 0, ended.stdout
        assert project.query(kinds) == [(expected,)]
        assert project.query("select count(*) from names") == [(3,)]
