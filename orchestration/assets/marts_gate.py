"""Gate 2: every mart meets its suite in ``expectations/marts`` before anything is published."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import dagster as dg

from expectations.suite import MartSuite
from orchestration.base.errors import PipelineError
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.gates.judge import Finding
from orchestration.gates.mart_verdicts import MartVerdict, judge
from orchestration.publication.publication import Publication
from orchestration.runs.recovery import RULES, rules_table
from orchestration.runs.resource import RunLock
from orchestration.warehouse.warehouse import Warehouse


def marts_gate(deployment: Deployment, suites: Collection[MartSuite]) -> dg.AssetChecksDefinition:
    """Build the check that judges every mart by its suite."""

    @dg.multi_asset_check(
        name="marts_gate",
        specs=[
            dg.AssetCheckSpec(
                "gate",
                asset=_key(suite.mart),
                blocking=True,
                description="Gate 2: bounds, movement since the published version, and what must be there.",
            )
            for suite in suites
        ],
    )
    def judged(
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
            for mart, verdict in found.items():
                yield _check(mart, verdict)
            if any(_is_red(verdict.findings) for verdict in found.values()):
                raise dg.Failure(description=_closed(deployment, found), allow_retries=False)
            warned = sum(len(verdict.findings) for verdict in found.values())
            progress.detail(f"{len(found)} marts" + (f", {warned} warnings" if warned else ""))

    return judged


def _check(mart: str, verdict: MartVerdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=_key(mart),
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
    told = [
        f"  {mart}: {finding.message}"
        for mart, verdict in found.items()
        for finding in verdict.findings
        if finding.severity == "error"
    ]
    return (
        f"Gate 2 is closed for deployment '{deployment.name}': nothing is published, the published version stays.\n"
        + "\n".join(told)
        + "\nFind out whether the figures are right. If they are not, correct the model or the source and run again."
        f" If they are, raise the limit that is named (movement, presence) in deployments/{deployment.name}.yml or"
        " change the rule in expectations/marts, with a reason, and run again."
    )


def _key(mart: str) -> dg.AssetKey:
    return dg.AssetKey(["marts", mart])
