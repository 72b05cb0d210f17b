"""What the gates found of every rule, in counts alone: kept for each run, and shown as Great Expectations' Data Docs.

Add here what is kept of a verdict; keep out how a verdict is reached (``gates.py``). What was delivered is never kept:
Data Docs may be looked at by people who may not see it.
"""

from __future__ import annotations

import html
import importlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.suite import ProfileRule, RowRule
from orchestration.base.paths import Home

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

RUNS_KEPT = 30
_SITE = "checks"


@dataclass
class Judgements:
    """The results of the rules of each table that was judged, added up over its chunks and units."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def add(
        self,
        table: str,
        rules: Sequence[RowRule | ProfileRule],
        results: Sequence[ExpectationValidationResult],
        row_count: int,
    ) -> None:
        """Count what the rules found of some rows of a table."""
        found = self.tables.setdefault(table, {})
        for rule, result in zip(rules, results, strict=True):
            config: Any = result.expectation_config
            arguments = {name: value for name, value in config.to_json_dict()["kwargs"].items() if name != "batch_id"}
            told = {"type": config.type, "kwargs": arguments, "rule": _told(rule)}
            counts = found.setdefault(json.dumps(told, sort_keys=True), {**told, "judged": 0, "broken": 0})
            counts["judged"] += row_count
            counts["broken"] += int(result.result.get("unexpected_count") or 0)

    def keep(self, home: Home, run_id: str) -> None:
        """Write down what was found in a run, and forget the oldest runs."""
        folder = _folder(home) / run_id
        folder.mkdir(parents=True, exist_ok=True)
        for table, found in self.tables.items():
            text = json.dumps({"table": table, "rules": list(found.values())}, indent=1)
            (folder / f"{table}.json").write_text(text, encoding="utf-8")
        self.tables.clear()
        runs = sorted(
            (path for path in _folder(home).iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
        )
        for old in runs[:-RUNS_KEPT]:
            shutil.rmtree(old)


def site_of(home: Home) -> Path:
    """The first page of the Data Docs, once ``cx360 docs`` has made them."""
    return home.docs / _SITE / "index.html"


def make_site(home: Home) -> Path:
    """Make the Data Docs of all runs that are kept: a page per run and table, and one per suite.

    Returns:
        The first page.
    """
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    # the project's own expectations are known to the library once they are imported
    importlib.import_module("expectations.conditions")
    shutil.rmtree(site_of(home).parent, ignore_errors=True)
    context = gx.get_context(mode="ephemeral")
    for name in list(context.variables.data_docs_sites or {}):
        context.delete_data_docs_site(name)
    pages: Any = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site_of(home).parent)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(_SITE, pages)
    suites: dict[str, gx.ExpectationSuite] = {}
    for path in sorted(_folder(home).glob("*/*.json"), key=lambda path: path.stat().st_mtime):
        kept = json.loads(path.read_text(encoding="utf-8"))
        result = _as_result(kept)
        configs = [each.expectation_config for each in result.results if each.expectation_config]
        suites[kept["table"]] = gx.ExpectationSuite(
            name=kept["table"], expectations=[config.to_domain_obj() for config in configs]
        )
        ended_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        identifier = ValidationResultIdentifier(
            expectation_suite_identifier=ExpectationSuiteIdentifier(name=kept["table"]),
            run_id=RunIdentifier(run_name=path.parent.name, run_time=ended_at),
            batch_identifier=kept["table"],
        )
        context.validation_results_store.set(identifier, result)
    for suite in suites.values():
        context.suites.add(suite)
    context.build_data_docs([_SITE])
    return site_of(home)


def _as_result(kept: Mapping[str, Any]) -> ExpectationSuiteValidationResult:
    """What is kept of a table as Great Expectations would have told it."""
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    results = [
        ExpectationValidationResult(
            success=not rule["broken"],
            expectation_config=ExpectationConfiguration(
                type=rule["type"], kwargs=rule["kwargs"], description=html.escape(rule["rule"])
            ),
            result={
                "element_count": rule["judged"],
                "unexpected_count": rule["broken"],
                "unexpected_percent": 100 * rule["broken"] / rule["judged"] if rule["judged"] else None,
            },
            exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
        )
        for rule in kept["rules"]
    ]
    met = sum(bool(result.success) for result in results)
    return ExpectationSuiteValidationResult(
        success=met == len(results),
        results=results,
        suite_name=kept["table"],
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(results) - met,
            "success_percent": 100 * met / len(results) if results else None,
        },
    )


def _told(rule: RowRule | ProfileRule) -> str:
    return rule.reason.replace(" '{value}'", "") if isinstance(rule, RowRule) else rule.message


def _folder(home: Home) -> Path:
    return home.state / "judgements"
