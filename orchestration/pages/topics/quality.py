"""The page of quality: what ran, what the gates found, what is in quarantine, what reconciles, what was restated."""

from __future__ import annotations

from orchestration.pages import parts
from orchestration.pages.page import Page
from orchestration.pages.parts import Cell, Figure, Section, Table
from orchestration.pages.sentences import left_out
from orchestration.pages.source import Source
from orchestration.pages.words import counted, number


def health(source: Source) -> Section | None:
    """Return the figures of this version's run."""
    checks, loads = source.manifest["checks"], source.manifest["load_dates"]
    landing = source.rows("landing")
    rejected = sum(row["quarantined_row_count"] for row in landing)
    delivered = sum(row["source_row_count"] for row in landing)
    figures = [
        Figure(
            "check_count",
            "Checks passed",
            number(checks["passed"]),
            "quality.quality_runs.check_count",
            checks["passed"],
            base=f"{counted(checks['warned'], 'check')} warned, none failed",
        ),
        Figure(
            "load_date_count",
            "Days loaded",
            number(len(loads)),
            "quality.quality_landing_reconciliation.load_date",
            len(loads),
            base=f"{loads[0]} to {loads[-1]}",
        ),
        Figure(
            "quarantined_row_count",
            "Rows in quarantine",
            number(rejected),
            "quality.quality_landing_reconciliation.quarantined_row_count",
            rejected,
            base=f"of {counted(delivered, 'row')} delivered",
        ),
        Figure(
            "restatement_count",
            "Figures restated",
            number(source.manifest["restatement_count"]),
            "quality.quality_restatements.figure",
            source.manifest["restatement_count"],
            base="of ended periods, by this version",
        ),
    ]
    [late] = source.rows("late_tables")
    figures.append(
        Figure(
            "late_table_count",
            "Tables late",
            number(late["late_count"]),
            "quality.quality_landing_reconciliation.load_date",
            late["late_count"],
            base=f"of {counted(late['table_count'], 'table')} have nothing for {late['last_load_date']}",
        )
    )
    return Section("This version", figures)


def gates(source: Source) -> Section | None:
    """Return what the gates and checks of this run found."""
    found: list[Table] = []
    if rows := source.rows("warned_checks"):
        found.append(
            Table(
                "warned_checks",
                "Checks that warned",
                ("Table", "Check", "Result"),
                [
                    [parts.name(row["table_name"]), parts.name(row["check_name"]), parts.name(row["status"])]
                    for row in rows
                ],
            )
        )
    if rows := source.rows("gates"):
        found.append(
            Table(
                "gates",
                "Rules of the gates",
                ("Severity", "Result", "Rules", "Evaluated", "Broken by"),
                [
                    [
                        parts.code(row["severity"]),
                        parts.code(row["status"]),
                        parts.figure(row["rule_count"]),
                        parts.figure(row["evaluated_count"]),
                        parts.figure(row["unexpected_count"]),
                    ]
                    for row in rows
                ],
            )
        )
    return Section("Gates and checks", found) if found else None


def reconciliation(source: Source) -> Section | None:
    """Return how delivered rows became rows of the star."""
    rows = source.rows("landing")
    if not rows:
        return None
    landing = Table(
        "landing",
        "Rows delivered = rows landed + rows in quarantine, over all loads",
        ("Table", "Loads", "Newest", "Delivered", "Landed", "Quarantine", "Reconciled"),
        [
            [
                parts.name(f"{row['system']}__{row['table_name']}"),
                parts.figure(row["load_count"]),
                parts.name(row["last_load_date"]),
                parts.figure(row["source_row_count"]),
                parts.figure(row["landed_row_count"]),
                parts.figure(row["quarantined_row_count"]),
                _yes(is_true=row["is_reconciled"]),
            ]
            for row in rows
        ],
        " ".join(left_out(rows[0]["group_count"], len(rows), "table", source.minimum_base)),
    )
    entities = Table(
        "entities",
        "From staged rows to the star",
        ("Entity", "System", "Staged", "Older versions", "Deleted", "Left out", "Records", "In the star", "Reconciled"),
        [
            [
                parts.code(row["entity"]),
                parts.name(row["system"]),
                parts.figure(row["staged_row_count"]),
                parts.figure(row["replaced_row_count"]),
                parts.figure(row["deleted_record_count"]),
                parts.figure(row["left_out_record_count"]),
                parts.figure(row["door_record_count"]),
                parts.figure(row["star_record_count"]),
                _yes(is_true=row["is_reconciled"]),
            ]
            for row in source.rows("entities")
        ],
    )
    return Section("Reconciliation", [landing, entities, *_references(source)])


def _references(source: Source) -> list[Table]:
    rows = source.rows("references")
    if not rows:
        return []
    table = Table(
        "references",
        "References to records that no system delivered",
        ("Entity", "Reference", "To", "System", "Records", "Unresolved", "Share"),
        [
            [
                parts.code(row["entity"]),
                parts.name(row["reference"]),
                parts.code(row["target_entity"]),
                parts.name(row["system"]),
                parts.figure(row["row_count"]),
                parts.figure(row["unresolved_row_count"]),
                parts.share(row["unresolved_rate"]),
            ]
            for row in rows
        ],
    )
    return [table]


def quarantine(source: Source) -> Section | None:
    """Return rejected rows by rule."""
    rows = source.rows("quarantine")
    if not rows:
        return None
    table = Table(
        "quarantine",
        "Rejected rows by broken rule; a row that breaks two rules is counted twice",
        ("Table", "Rule", "Rows", "Newest load"),
        [
            [
                parts.name(f"{row['system']}__{row['table_name']}"),
                parts.name(row["broken_rule"]),
                parts.figure(row["row_count"]),
                parts.name(row["last_load_date"]),
            ]
            for row in rows
        ],
        " ".join(left_out(rows[0]["group_count"], len(rows), "rule", source.minimum_base)),
    )
    return Section("Quarantine", [table])


def history(source: Source) -> Section | None:
    """Return the last runs, and the figures that they restated."""
    runs = Table(
        "runs",
        "The last runs",
        ("Started, UTC", "Outcome", "As of", "Version", "Checks", "Warned", "Failed", "Failed step"),
        [
            [
                parts.name(f"{row['started_at']:%Y-%m-%d %H:%M}" if row["started_at"] else None),
                parts.code(row["outcome"]),
                parts.name(row["as_of_date"]),
                parts.name(row["version"]),
                parts.figure(row["check_count"]),
                parts.figure(row["warning_count"]),
                parts.figure(row["failed_count"]),
                parts.name(row["failed_step"]),
            ]
            for row in source.rows("runs")
        ],
    )
    restated = source.rows("restatements")
    if not restated:
        return Section("Runs and restatements", [runs], "No later version changed a figure of an ended period.")
    table = Table(
        "restatements",
        "Figures of ended periods that a version changed",
        ("As of", "Table", "Figures", "Periods ended"),
        [
            [
                parts.name(row["as_of_date"]),
                Cell(row["mart"]),
                parts.figure(row["figure_count"]),
                parts.name(f"{row['first_period_end_date']} to {row['last_period_end_date']}"),
            ]
            for row in restated
        ],
    )
    return Section("Runs and restatements", [runs, table])


def _yes(*, is_true: bool) -> Cell:
    return Cell("yes" if is_true else "no", is_true)


PAGE = Page(
    "quality",
    "Quality",
    "What ran, what was found, and how far can the figures be trusted?",
    (health, gates, quarantine, reconciliation, history),
)
