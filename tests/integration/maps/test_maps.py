"""A company outside the project that writes one file and no SQL: every way to write a value, in one published night."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.base.paths import Home
from orchestration.cli.eject import eject
from orchestration.config.deployment import load_deployment
from orchestration.warehouse.staging import staging_sql
from tests.integration.conftest import Company

DEPLOYMENT = """\
timezone: Europe/Berlin
currency: EUR
history_load_date: 2026-10-31
owner: you@acme.example
identity: {country_calling_code: "49"}
limits: {rejected_rate: 1, unknown_code_rate: 1}
presence: {known_gaps: [consideration, purchase, onboarding, use, support, renewal, advocacy]}
systems:
  till:
    files: {format: csv, delimiter: ";", history: "{table}.txt"}
    tables:
      sales:
        columns: [receipt, position, day, state, member, pieces, price, note]
        key: [receipt, position]
        orders:
          source_id: receipt
          customer_source_id: member
          ordered_at: {column: day, format: "%d.%m.%Y %H:%M"}
          order_status: {column: state, codes: {P: delivered, V: canceled}}
          channel: store
          excluded_reason: {sql: "case when note = 'training' then 'training' end"}
        order_lines:
          order_source_id: receipt
          line_number: position
          quantity: pieces
          net_amount: {column: price, decimal: ",", thousands: "."}
        customers: {source_id: member}
      returns:
        columns: [number, receipt, position, amount, day]
        key: [number]
        refunds:
          order_source_id: receipt
          order_line_source_id: [receipt, position]
          refund_amount: {sql: "cast(amount as decimal(18, 2)) / 100"}
          refunded_at: {column: day, format: epoch_seconds}
  form:
    timezone: America/New_York
    files: {format: csv, history: "{table}.csv"}
    tables:
      replies:
        key: [Reply ID]
        surveys: {source_id: {value: checkout}, survey_name: {value: After checkout}, survey_type: relational}
        customers: {source_id: {sql: "md5(lower(trim(mail)))"}, email: mail}
        survey_answers:
          survey_source_id: {value: checkout}
          customer_source_id: {sql: "md5(lower(trim(mail)))"}
          answered_at: When
          order_source_id: receipt
          each:
            recommend: {metric: nps, scale_min: 0, scale_max: 10, answer_value: "How likely?"}
            satisfied: {metric: csat, scale_min: 1, scale_max: 5, answer_value: stars, when: "stars is not null"}
"""
SALES = """\
R1;1;31.01.2026 23:30;P;M1;2;1.234,50;
R1;2;31.01.2026 23:30;P;M1;1;10,00;
R2;1;01.02.2026 10:00;V;M2;1;5,00;
R3;1;01.02.2026 11:00;P;;1;7,00;
R4;1;02.02.2026 11:00;P;M1;1;9,00;training
R5;1;02.02.2026 12:00;X;M1;1;9,00;
R6;1;02.02.2026 12:00;P;M1;some;9,00;
"""
# 1 March 2026, noon in UTC
RETURNS = "7;R1;2;1000;1772366400\n"
REPLIES = """\
Reply ID,mail,When,How likely?,stars,receipt
1,Ada@example.com,2026-03-01 12:00:00,9,5,R1
2,bob@example.com,2026-03-01T12:00:00+01:00,3,,
3,ada@example.com,2026-03-02 12:00:00,11,4,R2
"""


@dataclass
class Acme:
    """The company: its folder, and its published night."""

    folder: Path
    night: Company

    def door(self, entity: str, columns: str) -> list[tuple[object, ...]]:
        """What is behind the door of an entity, ordered by all columns."""
        with duckdb.connect(self.night.home.work_db, read_only=True) as connection:
            query = f"select {columns} from intermediate.int_{entity}__unioned order by all nulls last"
            return connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    root = tmp_path_factory.mktemp("a company")
    folder = root / "my deployments" / "acme"
    folder.mkdir(parents=True)
    (folder / "deployment.yml").write_text(DEPLOYMENT, encoding="utf-8")
    extracts = root / "the extracts"
    extracts.mkdir()
    for name, text in (("sales.txt", SALES), ("returns.txt", RETURNS), ("replies.csv", REPLIES)):
        (extracts / name).write_text(text, encoding="utf-8")
    night = Company(load_deployment(str(folder)), Home(root / "its home" / "acme"), extracts)
    night.succeed()
    return Acme(folder, night)


def test_lines_become_orders_with_codes_and_local_times_as_utc(acme: Acme) -> None:
    found = acme.door("orders", "source_id, customer_source_id, order_status, channel, currency, ordered_at::varchar")
    assert found == [
        ("R1", "M1", "delivered", "store", "EUR", "2026-01-31 22:30:00"),
        ("R2", "M2", "canceled", "store", "EUR", "2026-02-01 09:00:00"),
        ("R3", None, "delivered", "store", "EUR", "2026-02-01 10:00:00"),
    ]


def test_lines_have_the_key_of_their_table_and_amounts_with_their_marks(acme: Acme) -> None:
    found = acme.door("order_lines", "source_id, order_source_id, line_number, quantity, net_amount::varchar")
    assert found[:2] == [("R1-1", "R1", 1, 2, "1234.50"), ("R1-2", "R1", 2, 1, "10.00")]


def test_refunds_refer_to_a_line_by_two_columns_and_are_computed(acme: Acme) -> None:
    found = acme.door("refunds", "source_id, order_line_source_id, refund_amount::varchar, refunded_at::varchar")
    assert found == [("7", "R1-2", "10.00", "2026-03-01 12:00:00")]
    assert acme.night.query("select sum(refund_amount) from star.fct_refunds") == [(10,)]


def test_rows_without_an_id_deliver_no_record(acme: Acme) -> None:
    assert acme.door("customers", "system, source_id")[-2:] == [("till", "M1"), ("till", "M2")]


def test_an_answer_per_column_in_the_zone_of_its_system(acme: Acme) -> None:
    columns = "source_id, response_source_id, question, metric, answer_value, order_system, answered_at::varchar"
    assert acme.door("survey_answers", columns) == [
        ("1-recommend", "1", "recommend", "nps", 9, "till", "2026-03-01 17:00:00"),
        ("1-satisfied", "1", "satisfied", "csat", 5, "till", "2026-03-01 17:00:00"),
        ("2-recommend", "2", "recommend", "nps", 3, None, "2026-03-01 11:00:00"),
    ]


def test_what_breaks_the_rules_of_the_map_is_in_quarantine_with_the_reason(acme: Acme) -> None:
    found = acme.night.query("select table_name, broken_rule from quality.quality_quarantine order by all")
    assert [(table, rule) for table, rule in found] == [
        ("replies", "How likely? is not at least 0 and at most 10"),
        ("sales", "pieces is no whole number"),
        ("sales", "state is none of P, V"),
    ]


def test_one_customer_of_both_systems_is_published_with_figures_of_both(acme: Acme) -> None:
    [(orders, revenue)] = acme.night.query("select sum(order_count), sum(revenue_amount) from marts.mart_customer_360")
    # R2 is canceled, R4 is left out; a refund reduces the revenue; R3 has no customer
    assert (orders, float(str(revenue))) == (1, 1234.50)


def test_the_ejected_models_are_read_in_place_of_the_maps(tmp_path: Path) -> None:
    copy = tmp_path / "acme"
    copy.mkdir()
    (copy / "deployment.yml").write_text(DEPLOYMENT, encoding="utf-8")
    before = staging_sql(load_deployment(str(copy)), "till", "orders")
    lines = list(eject(load_deployment(str(copy)), "till"))
    orders = copy / "staging" / "till" / "orders.sql"
    assert orders.read_text(encoding="utf-8") == before
    assert sum(line.endswith(": written") for line in lines) == 4
    orders.write_text("select 1 as mine", encoding="utf-8")
    assert staging_sql(load_deployment(str(copy)), "till", "orders") == "select 1 as mine"
    assert any("orders.sql: it is there already" in line for line in eject(load_deployment(str(copy)), "till"))
