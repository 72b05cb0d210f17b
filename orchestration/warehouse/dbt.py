"""dbt, called in this process: its variables come from the deployment, its paths from the deployment's home.

A killed run therefore leaves no dbt process that still writes (``docs/decisions/dbt-in-process.md``). Add here how dbt
is called; keep out which models a part builds (``assets/transform.py``).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from orchestration.base.errors import PipelineError
from orchestration.base.paths import DBT_PROJECT, PROJECT, Home, sql_text
from orchestration.config.deployment import Deployment, Table
from orchestration.warehouse.project import write_project

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

# the run reports dbt's results itself; dbt logs only when a user calls it (cx360 dbt)
SILENT = ("--log-level", "none")


def reference_limits(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the limits for references by system and entity; of several tables the most lenient ones apply."""
    delivering: dict[tuple[str, str], list[Table]] = {}
    for table in deployment.tables():
        for entity in table.settings.delivers:
            delivering.setdefault((table.system_name, entity), []).append(table)
    return [
        {
            "system": system,
            "entity": entity,
            "tables": ", ".join(sorted(table.table_name for table in tables)),
            "rate": max(table.limits.unresolved_rate for table in tables),
            "rise": max(table.limits.unresolved_rise for table in tables),
            "at_most": max(table.limits.unresolved_at_most for table in tables),
        }
        for (system, entity), tables in delivering.items()
    ]


def dbt_vars(deployment: Deployment, home: Home) -> dict[str, Any]:
    """Return dbt's variables. They must not change from night to night, because dbt parses again when they do."""
    return {
        "timezone": deployment.timezone,
        "timezones": {name: system.timezone for name, system in deployment.systems.items() if system.timezone},
        "currency": deployment.currency,
        "owner": deployment.owner,
        "system_ranks": deployment.system_ranks(),
        "entities": deployment.entities(),
        "snapshots": deployment.snapshots(),
        "whole_per": _whole_per(deployment),
        "keys": {table.name: list(table.settings.key) for table in deployment.tables()},
        "delivering_tables": [table.name for table in deployment.tables() if table.settings.delivers],
        "reference_limits": reference_limits(deployment),
        # without the outer quotes, which the SQL of the sources has
        "landing": sql_text(home.landing)[1:-1],
        "quarantine": sql_text(home.quarantine)[1:-1],
        "assumed_margin_rate": deployment.assumed_margin_rate,
        "unknown_code_rate": deployment.limits.unknown_code_rate,
        "minimum_base": deployment.minimum_base,
        "flagged_base": deployment.flagged_base,
        "max_people_per_value": deployment.identity.max_people_per_value,
        "many_records_per_value": deployment.identity.many_records_per_value,
        "country_calling_code": deployment.identity.country_calling_code,
        "placeholders": list(deployment.identity.placeholders),
        "history_start_date": deployment.history_start_date and deployment.history_start_date.isoformat(),
        "retention_periods": deployment.retention_periods.by_revenue_type(),
        "new_days": deployment.lifecycle.new_days,
        "active_days": deployment.lifecycle.active_days,
        "lapsed_days": deployment.lifecycle.lapsed_days,
        "minimum_customers_per_fit": deployment.lifetime_value.minimum_customers_per_fit,
        "holdout_days": deployment.lifetime_value.holdout_days,
        "value_horizon_days": deployment.lifetime_value.horizon_days,
        "annual_discount_rate": deployment.lifetime_value.annual_discount_rate,
        "high_value_share": deployment.lifetime_value.high_value_share,
        "medium_value_share": deployment.lifetime_value.medium_value_share,
        "one_answer_per_customer": deployment.surveys.one_answer_per_customer,
        "strata": list(deployment.surveys.strata),
        "repeat_ask_days": deployment.surveys.repeat_ask_days,
        "journey_days": deployment.journeys.journey_days,
        "first_contact_days": deployment.journeys.first_contact_days,
    }


def _whole_per(deployment: Deployment) -> list[dict[str, Any]]:
    """Entity, system, table and parent columns of every table whose rows come whole with their parent."""
    return [
        {
            "entity": entity,
            "system": table.system_name,
            "table": table.table_name,
            "columns": list(table.settings.whole_per),
        }
        for table in deployment.tables()
        if table.settings.whole_per
        for entity in table.settings.delivers
    ]


def dbt_environment(deployment: Deployment, home: Home) -> dict[str, str]:
    """Return the environment variables that ``profiles.yml`` and dbt read."""
    return {
        "CX360_WORK_DB": str(home.work_db),
        "CX360_STAR_DB": str(home.star_db),
        "CX360_MEMORY_LIMIT": deployment.memory_limit,
        "CX360_TEMP_DIRECTORY": str(home.root / "tmp"),
        "DBT_PROJECT_DIR": str(home.dbt / "project"),
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_TARGET_PATH": str(home.dbt / "target"),
        "DBT_LOG_PATH": str(home.dbt / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def run_dbt(
    deployment: Deployment,
    home: Home,
    arguments: Sequence[str],
    *,
    manifest: Manifest | None = None,
    on_event: Callable[[Any], None] | None = None,
) -> dbtRunnerResult:
    """Run one dbt command, for example ``["build", "--select", "star"]``.

    Args:
        manifest: the parsed project; dbt parses it if omitted.
        on_event: called with every event of dbt's log.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    variables = json.dumps(dbt_vars(deployment, home))
    takes_variables = arguments[0] not in {"clean", "debug", "deps"}
    with ready_for_dbt(deployment, home):
        runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
        try:
            return runner.invoke([*arguments, *(["--vars", variables] if takes_variables else [])])
        finally:
            # dbt keeps the file open between nodes (`keep_open`)
            DuckDBConnectionManager.close_all_connections()


def run_outside_a_night(deployment: Deployment, home: Home, current: Path, arguments: Sequence[str]) -> dbtRunnerResult:
    """Run one dbt command on the working tables of the last night and a copy of ``current``, the published file."""
    if current.exists() and not home.star_db.exists():
        home.star_db.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(current, home.star_db)
    return run_dbt(deployment, home, arguments)


@contextmanager
def ready_for_dbt(deployment: Deployment, home: Home) -> Iterator[None]:
    """Make the folders that dbt writes to, and set its environment until the block ends."""
    for folder in (home.work_db.parent, home.dbt, home.root / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    write_project(deployment, home)
    values = dbt_environment(deployment, home)
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass
class Dbt:
    """The dbt project of one deployment: parsed when it has changed, and kept between nights."""

    deployment: Deployment
    home: Home

    def manifest(self) -> dict[str, Any]:
        """Return the content of ``manifest.json``.

        Raises:
            PipelineError: dbt cannot parse the project.
        """
        self._prepare()
        manifest: dict[str, Any] = json.loads(self._kept("json").read_bytes())
        return manifest

    def semantics(self) -> bytes:
        """Return the content of ``semantic_manifest.json``: the metrics of the project.

        Raises:
            PipelineError: dbt cannot parse the project.
        """
        self._prepare()
        return self._kept("semantics.json").read_bytes()

    @cached_property
    def parsed(self) -> Manifest:
        """The manifest as dbt's own object: no build of this process parses again.

        Raises:
            PipelineError: dbt cannot parse the project.
        """
        from dbt.contracts.graph.manifest import Manifest
        from dbt.parser.manifest import extended_mashumuro_decoder

        self._prepare()
        parsed: Manifest = Manifest.from_msgpack(self._kept("msgpack").read_bytes(), decoder=extended_mashumuro_decoder)
        parsed.build_flat_graph()
        return parsed

    def _kept(self, form: str) -> Path:
        """Return the path of the kept manifest: other dbt commands overwrite the one in the target folder."""
        return self.home.dbt / f"manifest.{form}"

    def _prepare(self) -> None:
        """Parse the project unless the kept manifest has the same fingerprint."""
        stamp, fingerprint = self._kept("fingerprint"), self.fingerprint()
        if stamp.exists() and stamp.read_text(encoding="utf-8") == fingerprint:
            return
        answer = run_dbt(self.deployment, self.home, [*SILENT, "parse"])
        if not answer.success:
            raise PipelineError(f"dbt cannot parse the project; correct it and run again: {answer.exception}")
        stamp.unlink(missing_ok=True)
        shutil.copyfile(self.home.manifest, self._kept("json"))
        shutil.copyfile(self.home.manifest.with_name("partial_parse.msgpack"), self._kept("msgpack"))
        shutil.copyfile(self.home.manifest.with_name("semantic_manifest.json"), self._kept("semantics.json"))
        stamp.write_text(fingerprint, encoding="utf-8")

    def build(self, selection: str, exclude: str, on_event: Callable[[Any], None]) -> list[Any]:
        """Build and test the selected nodes, except for the excluded ones.

        Tests that span two parts run in the later one (``buildable``). Unit tests are excluded: they test formulas, and
        run with the project's own tests.

        Returns:
            dbt's result of every node, in the order of their end.

        Raises:
            PipelineError: dbt failed without results.
            BaseException: what interrupted dbt.
        """
        arguments = [*SILENT, "--no-write-json", "build", "--select", *selection.split(), "--exclude", *exclude.split()]
        arguments += ["--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
        answer = run_dbt(self.deployment, self.home, arguments, manifest=self.parsed, on_event=on_event)
        if answer.exception and not isinstance(answer.exception, Exception):
            raise answer.exception
        if answer.result is None:
            raise PipelineError(f"dbt failed to build {selection}; make ui shows its log: {answer.exception}")
        return list(cast("RunExecutionResult", answer.result).results)

    def fingerprint(self) -> str:
        """Return a hash of everything that the manifest depends on."""
        project = write_project(self.deployment, self.home)
        folders = (DBT_PROJECT, PROJECT / "seeds", project / "deployment", project / "reference")
        files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
        facts = [f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}" for path in files]
        facts += [
            json.dumps(dbt_vars(self.deployment, self.home)),
            json.dumps(dbt_environment(self.deployment, self.home)),
            *(version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb")),
        ]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()
