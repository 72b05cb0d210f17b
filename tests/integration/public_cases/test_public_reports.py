"""Public bug reports of warehouses like this one, with the right outcome that their threads name.

One test per report; the number is that of its folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.company import HISTORY, NIGHT, Market
from tests.integration.public_cases.reports import deliver, reports_folder
from tests.unit.connectors.deliveries import pulled


@dataclass(frozen=True)
class Replayed:
    """The company after its history (as of 2026-11-01) and after the night."""

    market: Market
    history: Path
    night: Path

    def rows(self, sql: str, *, after_night: bool = False) -> list[tuple[object, ...]]:
        """Query what was published."""
        return self.market.query(sql, self.night if after_night else self.history)

    def customer(self, columns: str, number: str) -> tuple[object, ...]:
        """Columns of mart_customer_360 of a customer of the shop."""
        [row] = self.rows(f"select {columns} from marts.mart_customer_360 where customer_id = {_customer_of(number)}")
        return row

    def are_one(self, buyer: str, user: str) -> bool:
        """Whether a customer of the shop and a user of the help desk are the same customer."""
        [(count,)] = self.rows(
            f"""
            select count(distinct customer_id) from star.map_customer_identities
            where (system, source_id) in (('market_shop', '{buyer}'), ('market_help', '{user}'))
            """
        )
        return count == 1


def _customer_of(number: str) -> str:
    return (
        "(select customer_id from star.map_customer_identities"
        f" where system = 'market_shop' and source_id = '{number}')"
    )


@pytest.fixture(scope="module")
def reports() -> Path:
    """The folder of the reports."""
    return reports_folder()


@pytest.fixture(scope="module")
def replayed(reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """The history and one night of a company with the rows of every report; both runs publish."""
    market = Market.made(tmp_path_factory.mktemp("reports") / "cx360")
    deliver(market, reports)
    market.run(HISTORY)
    history = market.version()
    market.run(NIGHT)
    return Replayed(market, history, market.version())


def test_02_a_first_order_after_midnight_leaves_a_prospect_until_its_day(replayed: Replayed) -> None:
    assert replayed.customer("order_count, lifecycle_stage", "MN9") == (0, "prospect")


def test_03_an_order_of_2062_is_in_no_figure(replayed: Replayed) -> None:
    columns = "order_count, revenue_amount, days_since_last_order"
    assert replayed.customer(columns, "MN1") == (1, Decimal("20.00"), 61)


def test_05_orders_whose_ids_are_in_scientific_notation_are_quarantined(replayed: Replayed) -> None:
    assert replayed.rows(
        """
        select table_name, sum(row_count) from quality.quality_quarantine
        where broken_rule like '%scientific%' group by table_name order by table_name
        """
    ) == [("order_lines", 3), ("orders", 3)]


def test_06_a_removed_order_line_is_gone_with_the_next_delivery(replayed: Replayed) -> None:
    order = "select net_amount, line_count from star.fct_orders where source_id = 'ED1a'"
    assert replayed.rows(order) == [(Decimal("80.00"), 2)]
    assert replayed.rows(order, after_night=True) == [(Decimal("50.00"), 1)]


def test_07_buyers_as_floats_are_the_customers_as_integers(replayed: Replayed) -> None:
    buyers = replayed.rows(
        """
        select orders.source_id, buyers.source_id
        from star.fct_orders as orders
        inner join star.map_customer_identities as buyers using (customer_id)
        where orders.system = 'market_pos' and buyers.system = 'market_pos' and orders.source_id in ('501', '502')
        order by all
        """
    )
    assert buyers == [("501", "77"), ("502", "78")]


def test_10_a_return_receipt_is_no_purchase(replayed: Replayed) -> None:
    assert replayed.customer("order_count, revenue_amount", "NG2") == (1, Decimal("0.00"))
    [forecast] = replayed.rows(
        "select no_forecast_reason, model_repeat_count from marts.mart_customer_lifetime_value"
        f" where customer_id = {_customer_of('NG2')}"
    )
    assert forecast == ("refunded_in_full", None)


@pytest.mark.parametrize(
    ("buyer", "user", "are_one"),
    [("ID9", "909", False), ("ID11", "911", False), ("ID1", "901", True)],
    ids=["11_a_phone_in_scientific_notation", "12_a_placeholder_phone", "14_an_address_in_nfd"],
)
def test_contacts_link_only_what_they_identify(replayed: Replayed, buyer: str, user: str, are_one: bool) -> None:
    assert replayed.are_one(buyer, user) is are_one


def test_17_times_are_read_as_written_with_minutes_only_or_a_zone(replayed: Replayed) -> None:
    rows = replayed.rows("select strftime(ordered_at, '%d %H:%M:%S') from star.fct_orders where system = 'market_till'")
    # Europe/Berlin is two hours ahead of UTC
    assert {time for (time,) in rows} >= {"02 10:00:00", "02 10:23:45", "02 08:23:45"}


def test_21_a_dictionary_lands_as_text(reports: Path) -> None:
    found = pulled(reports / "21-dictionary-column" / "rows.parquet", format="parquet")
    assert found.rows
    assert all(isinstance(row["status"], str) for row in found.rows)


def test_22_a_file_of_no_bytes_is_an_empty_night(replayed: Replayed) -> None:
    assert replayed.rows(
        """
        select source_row_count, landed_row_count from quality.quality_landing_reconciliation
        where system = 'market_help' and table_name = 'tickets' and load_date = date '2026-10-31'
        """
    ) == [(0, 0)]


def test_24_excels_line_with_the_delimiter_is_skipped(reports: Path) -> None:
    found = pulled(reports / "24-sep-line" / "rows.csv", format="csv", delimiter=";")
    assert [row["amount"] for row in found.rows] == ["10.50", "20.50", "30.50", "40.50", "50.50"]
    assert found.faults == []


def test_25_an_unnamed_empty_last_column_is_left_out(reports: Path) -> None:
    found = pulled(reports / "25-trailing-delimiter" / "rows.csv", format="csv")
    assert [row["id"] for row in found.rows] == ["1", "2", "3", "4", "5"]
    assert [name for name in found.columns if not name.startswith("_")] == ["id", "amount", "at"]


def test_26_a_survey_export_with_three_header_rows_has_its_eight_responses(reports: Path) -> None:
    found = pulled(reports / "26-qualtrics-three-header-rows" / "answers.csv", format="csv", skip_rows=2)
    assert [row["ResponseId"] for row in found.rows] == [f"R_{number}" for number in range(1, 9)]


def test_27_a_weekly_plan_is_a_month_of_its_days(replayed: Replayed) -> None:
    prices = replayed.rows(
        "select distinct monthly_amount from star.fct_subscriptions where subscription_source_id = 'S5'"
    )
    assert prices == [(Decimal("43.48"),)]


@pytest.mark.parametrize(
    ("customer", "revenue"),
    [("RF2", "100.00"), ("RF1", "-30.00"), ("NG1", "60.00")],
    ids=["31_canceled_and_refunded", "32_a_refund_larger_than_its_order", "33_a_negative_line"],
)
def test_money_counts_once(replayed: Replayed, customer: str, revenue: str) -> None:
    assert replayed.customer("order_count, revenue_amount", customer) == (1, Decimal(revenue))


def test_32_a_refund_counts_in_its_own_month(replayed: Replayed) -> None:
    months = replayed.rows(
        f"""
        select month(month_start_date), revenue_amount from star.fct_customer_months
        where customer_id = {_customer_of("RF1")} and revenue_amount <> 0 order by month_start_date
        """
    )
    assert months == [(9, Decimal("100.00")), (10, Decimal("-130.00"))]


def test_38_an_answer_dated_ahead_is_in_no_score_and_is_counted(replayed: Replayed) -> None:
    assert replayed.rows("select answer_value from star.fct_survey_answers") == [(9,)]
    [(ahead,)] = replayed.rows(
        "select dated_ahead_record_count from quality.quality_entity_reconciliation where entity = 'survey_answers'"
    )
    assert ahead == 1


def test_39_a_column_of_nulls_and_an_empty_file_are_an_ordinary_night(replayed: Replayed) -> None:
    buyers = "select source_id from star.map_customer_identities where system = 'market_pos'"
    before, after = ({buyer for (buyer,) in replayed.rows(buyers, after_night=late)} for late in (False, True))
    assert before < after


def test_40_a_record_with_a_nul_lands_as_delivered_or_is_a_fault(reports: Path) -> None:
    found = pulled(reports / "40-nul-in-json" / "rows.jsonl", format="jsonl")
    assert len(found.rows) + len(found.faults) == 5
    assert {str(row["id"]) for row in found.rows} >= {"1", "3", "4", "5"}


def test_43_a_trial_a_change_and_a_pause_count_the_plan_of_the_months_end(replayed: Replayed) -> None:
    [bridge] = replayed.rows(
        """
        select new_customer_count, new_amount, reactivated_customer_count, reactivated_amount
        from marts.mart_subscription_bridge
        where segment = 'contracts' and month_start_date = date '2026-09-01'
        """
    )
    assert bridge == (2, Decimal("40.00"), 1, Decimal("20.00"))


def test_44_periods_to_the_end_of_a_month_have_their_number_of_months(replayed: Replayed) -> None:
    prices = replayed.rows(
        """
        select subscription_source_id, monthly_amount from star.fct_subscriptions
        where subscription_source_id in ('S3', 'S4') group by all order by all
        """
    )
    assert prices == [("S3", Decimal("30.00")), ("S4", Decimal("10.00"))]
