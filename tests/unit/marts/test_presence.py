"""Findings of gate 2 on post-purchase stages and channels without traffic or feedback."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
import pytest

from expectations.marts.survey_programme import SURVEY_BLIND_SPOTS
from orchestration.config.settings import Presence
from orchestration.gates.judge import Finding
from tests.unit.marts.warehouses import Warehouses, executed

pytestmark = pytest.mark.xdist_group("great expectations")


def messages(findings: Sequence[Finding]) -> list[str]:
    return [finding.message for finding in findings]


STAGES = """star.dim_journey_stages as select * from (values
    ('purchase', 1, false), ('use', 2, true), ('support', 3, true), ('renewal', 4, true), ('unknown', null, null)
) as stages(journey_stage, stage_order, is_post_purchase)"""
CHANNELS = """star.dim_channels as select * from (values ('w', 'web'), ('p', 'phone'), ('s', 'store'))
    as channels(channel_key, channel)"""
TOUCHPOINTS = """star.dim_touchpoints as select * from (values
    ('checkout', 'web'), ('call', 'phone'), ('unknown', 'unknown')) as touchpoints(touchpoint, channel)"""


def company(contacts: str, responses: str, feedback: str) -> list[str]:
    """A company with the channels web and phone."""
    return [
        STAGES,
        CHANNELS,
        TOUCHPOINTS,
        f"star.fct_interactions as select * from (values {contacts}) as contacts(channel_key, occurred_date)",
        f"""marts.mart_survey_blind_spots as
            select *, contact_count > 0 and response_count = 0 as is_blind_spot from (values {responses})
            as months(journey_stage, month_start_date, contact_count, response_count)""",
        f"""marts.mart_csat_scores as select * from (values {feedback})
            as months(touchpoint, month_start_date, answer_count)""",
        *(
            f"marts.mart_{question}_scores as select * from cx360.marts.mart_csat_scores limit 0"
            for question in ("nps", "ces", "expectation")
        ),
    ]


WHOLE = company(
    contacts="('w', date '2026-02-01'), ('p', date '2025-03-01')",
    responses="""('use', date '2026-02-01', 9, 3), ('support', date '2025-03-01', 9, 1),
        ('renewal', date '2025-12-01', 1, 1)""",
    feedback="('checkout', date '2026-02-01', 3), ('call', date '2026-01-01', 1)",
)
FULL_OF_GAPS = company(
    # the last phone call is more than a year ago
    contacts="('w', date '2026-02-01'), ('p', date '2025-02-11')",
    responses="""('use', date '2026-02-01', 9, 3), ('support', date '2026-02-01', 9, 0),
        ('support', date '2025-02-01', 9, 2)""",
    feedback="('checkout', date '2026-02-01', 3), ('call', date '2026-01-01', 0)",
)
GAPS = [
    "renewal: post-purchase stages without a contact in a year",
    "support,renewal: post-purchase stages without a response in a year",
    "phone: channels without a contact in a year",
    "phone: channels without an answer in a year",
]


def test_stages_and_channels_with_traffic_and_feedback_are_present(warehouses: Warehouses) -> None:
    warehouses.build(*WHOLE)
    assert not warehouses.found(SURVEY_BLIND_SPOTS)


@pytest.mark.parametrize(("setting", "severity"), [("red", "error"), ("warn", "warn")])
def test_gaps_have_the_severity_of_the_deployment(warehouses: Warehouses, setting: str, severity: str) -> None:
    warehouses.build(*FULL_OF_GAPS)
    found = warehouses.found(SURVEY_BLIND_SPOTS, presence=Presence.model_validate({"severity": setting}))
    assert [finding.severity for finding in found] == [severity] * 4
    assert messages(found) == GAPS


def test_known_gaps_are_no_findings(warehouses: Warehouses) -> None:
    warehouses.build(*FULL_OF_GAPS)
    found = warehouses.found(SURVEY_BLIND_SPOTS, presence=Presence(known_gaps=("renewal", "phone")))
    assert messages(found) == ["support: post-purchase stages without a response in a year"]


def test_presence_can_be_switched_off(warehouses: Warehouses) -> None:
    warehouses.build(*FULL_OF_GAPS)
    # YAML reads the word off as false
    assert not warehouses.found(SURVEY_BLIND_SPOTS, presence=Presence.model_validate({"severity": False}))


@pytest.mark.parametrize(
    ("systems", "expected"), [(["shop"], []), (["tracking"], GAPS[0::2]), (["survey_tool"], GAPS[1::2])]
)
def test_roles_without_a_system_have_no_gaps(warehouses: Warehouses, systems: list[str], expected: list[str]) -> None:
    warehouses.build(*FULL_OF_GAPS)
    assert messages(warehouses.found(SURVEY_BLIND_SPOTS, systems=systems)) == expected


def test_a_warning_passes(warehouses: Warehouses) -> None:
    warehouses.build(*FULL_OF_GAPS)
    result = executed(warehouses, [SURVEY_BLIND_SPOTS])
    (check,) = result.get_asset_check_evaluations()
    assert result.success
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["findings"].value == "\n\n".join(GAPS)
