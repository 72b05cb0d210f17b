"""What gate 2 reads in the quality tables: references to unknown records, and contacts that identify nobody."""

from __future__ import annotations

from typing import Literal

from expectations.suite import MartSuite, ProfileRule

# the newest load of each table, and every load after the published version
_JUDGED = "(is_newest_load or load_date >= coalesce(getvariable('ended_by'), date '1900-01-01'))"

_REFERENCE = (
    "printf('system %s, table %s, load %s: %d of %d rows refer by %s to unknown %s (%.1f %%, usually %s)%s%s',"
    " system, table_name, load_date, unresolved_row_count, row_count - missing_row_count, reference,"
    " replace(target_entity, '_', ' '), cast(100 * unresolved_rate as double),"
    " coalesce(printf('%.1f %%', cast(100 * usual_unresolved_rate as double)), 'not known yet'),"
    " coalesce(printf(', an amount of %.2f', cast(unresolved_amount as double)), ''), coalesce('; ' || hint, ''))"
)


def _unresolved(label: str, severity: Literal["error", "warn"], remedy: str) -> ProfileRule:
    """No judged load refers to unknown records by more than the deployment's limits."""
    where = f"filter (where severity = '{label}' and {_JUDGED})"
    return ProfileRule(
        f"{label}_count",
        f"{{{label}_references}}. {remedy}",
        at_most=0,
        severity=severity,
        figures={
            f"{label}_count": f"count(*) {where}",
            f"{label}_references": f"array_to_string(list_slice(list({_REFERENCE} order by unresolved_row_count desc,"
            f" system, table_name, load_date) {where}, 1, 5), '. ')",
        },
    )


QUALITY_REFERENCES = MartSuite(
    mart="quality_references",
    schema="quality",
    rules=(
        _unresolved(
            "red",
            "error",
            "The limits are limits.unresolved_rise and limits.unresolved_at_most of the deployment or the table",
        ),
        _unresolved(
            "warn",
            "warn",
            "These rows belong to the unknown member. Correct the ids in the export or in the staging model, or raise"
            " limits.unresolved_rate of the table. quality.quality_references has every load",
        ),
    ),
)

QUALITY_CONTACTS = MartSuite(
    mart="quality_contacts",
    schema="quality",
    rules=(
        ProfileRule(
            "crowded_value_count",
            "{crowded_value_count} values are held by many records: {crowded}. If they identify nobody, list them under"
            " identity.placeholders; the runbook shows the query that finds them",
            at_most=0,
            severity="warn",
            figures={
                "crowded_value_count": "sum(crowded_value_count)",
                "crowded": "string_agg(printf('system %s, %s: %d values on %d records, up to %d on one', system,"
                " link_type, crowded_value_count, crowded_record_count, most_records_per_value), '; '"
                " order by crowded_record_count desc) filter (where crowded_value_count > 0)",
            },
        ),
    ),
)
