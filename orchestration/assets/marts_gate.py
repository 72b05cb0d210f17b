"""Gate 2: every mart meets its suite in ``expectations/marts`` before anything is published."""

from collections.abc import Iterator

import dagster as dg

from expectations.registry import mart_suites
from expectations.suite import MartSuite
from orchestration.gates import broken_profile_rules
from orchestration.judgements import Judgements, site_of
from orchestration.progress import step
from orchestration.resources.run_lock import RunLock
from orchestration.resources.warehouse import Warehouse


def marts_gate() -> dg.AssetChecksDefinition:
    """Build the check that judges every mart by its suite."""

    @dg.multi_asset_check(
        name="marts_gate",
        specs=[
            dg.AssetCheckSpec(
                "gate", asset=_key(suite), blocking=True, description="Gate 2: the bounds of expectations/marts."
            )
            for suite in mart_suites().values()
        ],
    )
    def judged(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse], run_lock: RunLock
    ) -> Iterator[dg.AssetCheckResult]:
        judgements = Judgements()
        with step("gate 2") as progress, warehouse.connect() as connection:
            for suite in mart_suites().values():
                figures = {name: sql for rule in suite.rules for name, sql in rule.figures.items()}
                selected = ", ".join(f"{sql} as {name}" for name, sql in figures.items())
                values = connection.execute(f"select {selected} from cx360.marts.{suite.mart}").fetchall()[0]
                profile = dict(zip(figures, values, strict=True))
                [findings] = broken_profile_rules(suite.mart, suite.rules, [profile], kept=judgements)
                yield dg.AssetCheckResult(
                    asset_key=_key(suite),
                    check_name="gate",
                    passed=not any(finding.severity == "error" for finding in findings),
                    metadata={
                        "findings": dg.MetadataValue.md("\n\n".join(finding.message for finding in findings) or "none"),
                        "data_docs": dg.MetadataValue.path(site_of(warehouse.home)),
                    },
                )
            judgements.keep(warehouse.home, context.run.run_id)
            progress.detail(f"{len(mart_suites())} marts")

    return judged


def _key(suite: MartSuite) -> dg.AssetKey:
    return dg.AssetKey(["marts", suite.mart])
