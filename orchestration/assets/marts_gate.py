"""Gate 2: every mart must pass its suite of ``expectations/marts`` before anything is published."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import dagster as dg

from expectations.suite import MartSuite
from orchestration.base.errors import PipelineError
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.gates.descriptions import described_mart
from orchestration.gates.judge import Finding
from orchestration.gates.mart_verdicts import MartVerdict, judge
from orchestration.publication.publication import Publication
from orchestration.runs.recovery import RULES, rules_table
from orchestration.runs.resource import RunLock
from orchestration.warehouse.warehouse import Warehouse


def marts_gate(deployment: Deployment, suites: Collection[MartSuite]) -> dg.AssetChecksDefinition:
    """Build the checks of all marts: one ``gate`` per suite."""

    @dg.multi_asset_check(
        name="marts_gate",
        specs=[
            dg.AssetCheckSpec("gate", asset=_key(suite), blocking=True, description=described_mart(suite))
            for suite in suites
        ],
    )
    def checks(
        context: dg.AssetCheckExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        publication: dg.ResourceParam[Publication],
        run_lock: RunLock,
    ) -> Iterator[dg.AssetCheckResult]:
        with step("gate 2") as progress:
            try:
                with warehouse.connect() as connection:
                    found = judge(connection, suites, deployment, publication.version())
            except PipelineError as error:
                raise dg.Failure(description=str(error)) from error
            for suite in suites:
                yield _check(suite, found[suite.mart])
            if any(_is_red(verdict.findings) for verdict in found.values()):
                raise dg.Failure(description=_closed(deployment, found), allow_retries=False)
            warned = sum(len(verdict.findings) for verdict in found.values())
            progress.detail(f"{len(found)} marts" + (f", {warned} warnings" if warned else ""))

    return checks


def _check(suite: MartSuite, verdict: MartVerdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=_key(suite),
        check_name="gate",
        passed=not verdict.findings,
        severity=dg.AssetCheckSeverity.ERROR if _is_red(verdict.findings) else dg.AssetCheckSeverity.WARN,
        metadata={
            "findings": dg.MetadataValue.md("\n\n".join(one.message for one in verdict.findings) or "none"),
            RULES: rules_table(verdict.results),
        },
    )


def _is_red(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _closed(deployment: Deployment, found: Mapping[str, MartVerdict]) -> str:
    lines = [
        f"  {mart}: {finding.message}"
        for mart, verdict in found.items()
        for finding in verdict.findings
        if finding.severity == "error"
    ]
    return (
        f"Gate 2 is closed for deployment '{deployment.name}': nothing is published, the published version stays.\n"
        + "\n".join(lines)
        + "\nCheck the figures. If they are wrong, correct the source or the model. If they are right,"
        f" raise the limit that is named (movement, presence, limits) in {deployment.file} or change"
        " the rule in expectations/marts, with a reason. Then run again."
    )


def _key(suite: MartSuite) -> dg.AssetKey:
    return dg.AssetKey([suite.schema, suite.mart])
