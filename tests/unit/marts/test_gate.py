"""Gate 2 on small warehouses: what moves too far since the published version, and what is not there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from expectations.marts.clv import CUSTOMER_LIFETIME_VALUE
from expectations.marts.customer_360 import CUSTOMER_360
from expectations.marts.nps import EXPERIENCE_SCORES_TOTAL, NPS_BY_SEGMENT_STAGE, SURVEY_BLIND_SPOTS
from expectations.marts.retention import REVENUE_BRIDGE
from expectations.suite import MartSuite
from orchestration.assets.marts_gate import marts_gate
from orchestration.deployment import load_deployment
from orchestration.gates import Finding
from orchestration.home import Home
from orchestration.mart_verdicts import judge
from orchestration.resources.publication import Publication, Version
from orchestration.resources.run_lock import RunLock
from orchestration.resources.warehouse import Warehouse
from orchestration.settings import Movement, Presence

pytestmark = pytest.mark.xdist_group("great expectations")

PUBLISHED_AS_OF, AS_OF = date(2026, 2, 11), date(2026, 2, 12)
DEMO = load_deployment("demo").model_copy(update={"presence": Presence()})


def movements(suite: MartSuite) -> MartSuite:
    """The suite without what it asks of a mart alone: the marts here have no more columns than movements read."""
    return replace(suite, rules=(), presence=())


@dataclass(frozen=True)
class Warehouses:
    """What is published, and what was built since."""

    home: Home

    def publish(self, *tables: str) -> None:
        """A version that readers have, of tables like ``marts.mart_x as select ...``."""
        version = self.home.published / "versions" / "first"
        version.mkdir(parents=True)
        _write(version / "cx360.duckdb", PUBLISHED_AS_OF, tables)
        (version / "manifest.json").write_text(f'{{"as_of_date": "{PUBLISHED_AS_OF}"}}', encoding="utf-8")
        (self.home.published / "current").symlink_to(version)

    def build(self, *tables: str) -> None:
        """What the night has built."""
        self.home.star_db.parent.mkdir(parents=True)
        _write(self.home.star_db, AS_OF, tables)

    @property
    def published(self) -> Version | None:
        return Publication(self.home).version()

    def found(
        self, suite: MartSuite, movement: Movement | None = None, presence: Presence | None = None
    ) -> list[Finding]:
        """What gate 2 finds of one mart."""
        deployment = DEMO.model_copy(
            update={"movement": movement or DEMO.movement, "presence": presence or DEMO.presence}
        )
        with Warehouse(self.home, "1GB").connect() as connection:
            return judge(connection, [suite], deployment, self.published)[suite.mart]


def _write(file: Path, as_of_date: date, tables: Collection[str]) -> None:
    with duckdb.connect(file) as connection:
        connection.execute(f"""
            create schema star;
            create schema marts;
            create table star.dim_dates as select date '{as_of_date}' as date_day, true as is_as_of;
        """)
        for table in tables:
            connection.execute(f"create table {table}")


@pytest.fixture
def warehouses(tmp_path: Path) -> Warehouses:
    return Warehouses(Home(tmp_path / "demo"))


def customers(count: int) -> str:
    return f"marts.mart_customer_360 as select range as customer_id from range({count})"


def answers(*, promoters: int, detractors: int) -> str:
    """The running quarter and the one before, in which everybody was happy."""
    return f"""marts.mart_nps_by_segment_stage as
        select 'relational' as survey_type, 'trailing_quarter' as period_type, period_end_date, nps_sum, answer_count
        from (values
            (date '2026-02-28', {promoters}, {promoters}), (date '2026-02-28', {-detractors}, {detractors}),
            (date '2026-01-31', 900, 900)
        ) as quarters(period_end_date, nps_sum, answer_count)"""


def scores(*, invalid: int) -> str:
    return f"""marts.mart_experience_scores_total as
        select date '2026-01-01' as month_start_date, 900 as answer_count, 0 as superseded_count,
            {invalid} as invalid_count"""


def revenue(january: int, february: int, customer_count: int = 500) -> str:
    return f"""marts.mart_revenue_bridge as
        select 'orders' as revenue_type, 'month' as period_type, period_start_date,
            closing_amount::decimal(18, 2) as closing_amount, {customer_count} as closing_customer_count
        from (values (date '2026-01-01', {january}), (date '2026-02-01', {february}))
            as months(period_start_date, closing_amount)"""


def values_to_come(count: int, each: float) -> str:
    return f"marts.mart_customer_lifetime_value as select {each} as residual_value_amount from range({count})"


def messages(findings: Sequence[Finding]) -> list[str]:
    return [finding.message for finding in findings]


@pytest.mark.parametrize(
    ("suite", "old", "within", "beyond", "told"),
    [
        (
            CUSTOMER_360,
            customers(1000),
            [customers(950), customers(5000)],
            customers(949),
            (
                "customers: 1,000 in the published version, 949 now, a change of -0.051;"
                " movement.customer_loss lets 0.05 pass"
            ),
        ),
        (
            NPS_BY_SEGMENT_STAGE,
            answers(promoters=150, detractors=50),  # an NPS of 50
            [answers(promoters=125, detractors=75), answers(promoters=175, detractors=25)],  # 25 and 75
            answers(promoters=124, detractors=76),  # 24
            (
                "the relational NPS of the running quarter: 50 in the published version, 24 now, a change of -26;"
                " movement.nps_change lets 25 pass"
            ),
        ),
        (
            EXPERIENCE_SCORES_TOTAL,
            scores(invalid=0),
            [scores(invalid=47)],  # 47 of 947 are 0.0496
            scores(invalid=100),
            (
                "the share of answers in three months that cannot be scored: 0 in the published version, 0.1 now, a"
                " change of +0.1; movement.invalid_rate_change lets 0.05 pass"
            ),
        ),
        (
            REVENUE_BRIDGE,
            revenue(10_000, 100),
            [revenue(11_000, 9_000), revenue(9_000, 0)],  # February had not ended: it may become what it likes
            revenue(8_999, 100),
            (
                "the revenue of orders in the months that had ended: 10,000 in the published version, 8,999 now, a"
                " change of -0.1001; movement.revenue_change lets 0.1 pass"
            ),
        ),
        (
            CUSTOMER_LIFETIME_VALUE,
            values_to_come(200, 10),
            [values_to_come(260, 10), values_to_come(140, 10)],
            values_to_come(261, 10),
            (
                "the value to come of all customers: 2,000 in the published version, 2,610 now, a change of +0.305;"
                " movement.residual_value_change lets 0.3 pass"
            ),
        ),
    ],
    ids=lambda value: value.mart if isinstance(value, MartSuite) else "",
)
def test_a_figure_may_move_up_to_its_limit(
    tmp_path: Path, suite: MartSuite, old: str, within: list[str], beyond: str, told: str
) -> None:
    found = []
    for place, built in enumerate([old, *within, beyond]):
        warehouses = Warehouses(Home(tmp_path / str(place)))
        warehouses.publish(old)
        warehouses.build(built)
        found.append(warehouses.found(movements(suite)))
    assert found == [[]] * (1 + len(within)) + [[Finding("error", told)]]


def test_a_known_jump_passes_where_the_deployment_raises_the_limit(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000))
    warehouses.build(customers(700))
    assert len(warehouses.found(movements(CUSTOMER_360))) == 1
    assert not warehouses.found(movements(CUSTOMER_360), movement=Movement(customer_loss=0.3))


def test_a_movement_that_only_warns_is_told_as_a_warning(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000))
    warehouses.build(customers(700))
    (rule,) = CUSTOMER_360.movements
    (found,) = warehouses.found(replace(movements(CUSTOMER_360), movements=(replace(rule, severity="warn"),)))
    assert found.severity == "warn"


@pytest.mark.parametrize(
    "published",
    [
        [],
        ["marts.mart_customer_values as select 1 as customer_id"],
        ["marts.mart_revenue_bridge as select 'orders' as revenue_type, 9 as closing_amount"],
        [revenue(10_000, 100, customer_count=99)],
    ],
    ids=["nothing", "no such mart", "no such column", "too few customers"],
)
def test_without_a_figure_to_compare_with_nothing_is_judged(warehouses: Warehouses, published: list[str]) -> None:
    if published:
        warehouses.publish(*published)
    warehouses.build(revenue(1, 1))
    assert not warehouses.found(movements(REVENUE_BRIDGE))


def test_a_base_that_has_become_too_small_is_not_judged(warehouses: Warehouses) -> None:
    warehouses.publish(answers(promoters=150, detractors=50))
    warehouses.build(answers(promoters=0, detractors=99))
    assert not warehouses.found(movements(NPS_BY_SEGMENT_STAGE))


STAGES = """star.dim_journey_stages as select * from (values
    ('purchase', 1, false), ('use', 2, true), ('support', 3, true), ('renewal', 4, true), ('unknown', null, null)
) as stages(journey_stage, stage_order, is_post_purchase)"""
CHANNELS = """star.dim_channels as select * from (values ('w', 'web'), ('p', 'phone'), ('s', 'store'))
    as channels(channel_key, channel)"""
TOUCHPOINTS = """star.dim_touchpoints as select * from (values
    ('checkout', 'web'), ('call', 'phone'), ('unknown', 'unknown')) as touchpoints(touchpoint, channel)"""


def company(contacts: str, responses: str, feedback: str) -> list[str]:
    """A company that meets its customers by web and phone."""
    return [
        STAGES,
        CHANNELS,
        TOUCHPOINTS,
        f"star.fct_interactions as select * from (values {contacts}) as contacts(channel_key, occurred_date)",
        f"""marts.mart_survey_blind_spots as
            select *, contact_count > 0 and response_count = 0 as is_blind_spot from (values {responses})
            as months(journey_stage, month_start_date, contact_count, response_count)""",
        f"""marts.mart_experience_scores as select * from (values {feedback})
            as months(touchpoint, month_start_date, answer_count)""",
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
def test_gaps_are_named_as_severely_as_the_deployment_says(warehouses: Warehouses, setting: str, severity: str) -> None:
    warehouses.build(*FULL_OF_GAPS)
    found = warehouses.found(SURVEY_BLIND_SPOTS, presence=Presence.model_validate({"severity": setting}))
    assert [finding.severity for finding in found] == [severity] * 4
    assert messages(found) == GAPS


def test_known_gaps_are_not_told_and_the_others_are(warehouses: Warehouses) -> None:
    warehouses.build(*FULL_OF_GAPS)
    found = warehouses.found(SURVEY_BLIND_SPOTS, presence=Presence(known_gaps=("renewal", "phone")))
    assert messages(found) == ["support: post-purchase stages without a response in a year"]


def test_presence_can_be_switched_off(warehouses: Warehouses) -> None:
    warehouses.build(*FULL_OF_GAPS)
    # what YAML makes of the word off
    assert not warehouses.found(SURVEY_BLIND_SPOTS, presence=Presence.model_validate({"severity": False}))


def executed(warehouses: Warehouses, suites: Collection[MartSuite]) -> dg.ExecuteInProcessResult:
    """Run the check as a night does."""
    home = warehouses.home
    definitions = dg.Definitions(
        assets=[dg.AssetSpec(["marts", suite.mart]) for suite in suites],
        asset_checks=[marts_gate(DEMO, suites)],
        jobs=[dg.define_asset_job("gate", selection=dg.AssetSelection.all_asset_checks())],
        resources={
            "warehouse": Warehouse(home, "1GB"),
            "publication": Publication(home),
            "run_lock": RunLock(home_root=str(home.root), timeout_minutes=1, is_held=True),
        },
    )
    return definitions.resolve_job_def("gate").execute_in_process(raise_on_error=False)


def test_a_closed_gate_says_which_mart_which_figure_which_limit_and_what_to_do(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000), answers(promoters=150, detractors=50))
    warehouses.build(customers(100), answers(promoters=150, detractors=50))
    result = executed(warehouses, [movements(CUSTOMER_360), movements(NPS_BY_SEGMENT_STAGE)])
    verdicts = {check.asset_key.path[-1]: check.passed for check in result.get_asset_check_evaluations()}
    assert verdicts == {"mart_customer_360": False, "mart_nps_by_segment_stage": True}
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    told = failed.step_failure_data.user_failure_data
    assert told is not None
    closed, found, todo = str(told.description).splitlines()
    assert closed == "Gate 2 is closed for deployment 'demo': nothing is published, the published version stays."
    assert found == (
        "  mart_customer_360: customers: 1,000 in the published version, 100 now, a change of -0.9;"
        " movement.customer_loss lets 0.05 pass"
    )
    assert "raise the limit that is named (movement, presence) in deployments/demo.yml" in todo


def test_a_warning_is_shown_and_lets_through(warehouses: Warehouses) -> None:
    warehouses.build(*FULL_OF_GAPS)
    result = executed(warehouses, [SURVEY_BLIND_SPOTS])
    (check,) = result.get_asset_check_evaluations()
    assert result.success
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["findings"].value == "\n\n".join(GAPS)
