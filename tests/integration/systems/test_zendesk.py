"""``use: zendesk``: a connector's own rows and a made-up help desk, side by side in one night.

The expected figures are worked out from the CSV files by hand and with pandas.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.integration.conftest import Company
from tests.integration.systems.folders import company_of, copy_public_rows, peers_folder
from tests.integration.systems.zendesk_company import MERGES, write_desk
from tests.integration.systems.zendesk_oracle import cases_of, desk_of

READ = {"user", "organization", "group", "ticket", "ticket_field_history", "ticket_tag", "ticket_comment"}
NOT_READ = {
    "audit_log",
    "brand",
    "domain_name",
    "schedule",
    "sla_policy_metric_history",
    "ticket_chat",
    "ticket_chat_event",
    "ticket_form_history",
    "ticket_schedule",
}
BAD_ROWS = {("satisfaction_rating", "score"), ("ticket", "created_at"), ("user", "id")}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The published night of both help desks: `desk` is made up, `peer` holds the connector's rows."""
    root = tmp_path_factory.mktemp("zendesk")
    write_desk(root / "extracts" / "desk")
    copy_public_rows("zendesk", root / "extracts" / "peer")
    settings = {
        "timezone": "UTC",
        "currency": "USD",
        "history_load_date": "2025-06-30",
        "owner": "care@desk.example",
        "identity": {"country_calling_code": "1"},
        "systems": {
            "desk": {"use": "zendesk", "files": {"format": "csv", "history": "desk/{table}.csv"}},
            "peer": {
                "use": "zendesk",
                "files": {"format": "csv", "history": "peer/{table}_data.csv"},
                # a third of its tags and two changes of 38 are there twice
                "tables": {
                    "ticket_tag": {"limits": {"duplicate_rate": 0.5}},
                    "ticket_field_history": {"limits": {"duplicate_rate": 0.5}},
                },
            },
        },
    }
    external_ids = [("system", "field", "entity", "refers_to"), ("desk", "user.external_id", "customers", "peer")]
    company = company_of(root, settings, root / "extracts", {"external_ids": external_ids})
    company.succeed()
    return company


@pytest.fixture(scope="module")
def desk(night: Company) -> dict[str, pd.DataFrame]:
    return desk_of(night.extracts / "desk")


@pytest.fixture(scope="module")
def cases(desk: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return cases_of(desk)


def published(night: Company, columns: tuple[str, ...], source: str) -> pd.DataFrame:
    """Columns of a published table by the first of them."""
    rows = night.query(f"select {', '.join(columns)} from {source}")
    return pd.DataFrame(rows, columns=[*columns]).set_index(columns[0]).sort_index()


def test_every_table_of_the_connector_is_read_or_named_as_not_taken(night: Company) -> None:
    folder = peers_folder("zendesk")
    page = (Path(__file__).parents[3] / "systems" / "zendesk" / "README.md").read_text(encoding="utf-8")

    assert {path.name.removesuffix("_data.csv") for path in folder.glob("*.csv")} == READ | NOT_READ
    assert not {table for table in NOT_READ if f"`{table}`" not in page}
    delivered = {table: len(pd.read_csv(folder / f"{table}_data.csv")) for table in READ}
    landed = night.query(
        "select table_name, landed_row_count from quality.quality_landing_reconciliation where system = 'peer'"
    )
    # nothing of it is rejected
    assert {str(table): count for table, count in landed if count} == delivered


def test_the_connectors_rows_become_the_records_that_they_tell_of(night: Company) -> None:
    peers_folder("zendesk")
    # one of ten users is an agent; two of ten tickets are deleted; no comment is by a user of the file
    assert set(
        night.query(
            """
            select entity, staged_row_count, deleted_record_count, on_purpose_record_count, on_purpose_reasons,
                star_record_count
            from quality.quality_entity_reconciliation where system = 'peer'
            """
        )
    ) == {
        ("customers", 10, 0, 1, "agent 1", 9),
        ("cases", 10, 2, 0, None, 8),
        ("interactions", 20, 0, 20, "author unknown 20", 0),
        ("surveys", 0, 0, 0, None, 0),
        ("survey_invitations", 0, 0, 0, None, 0),
        ("survey_answers", 0, 0, 0, None, 0),
    }
    # solved on 14 November and closed a day later; the others have no history, and their last change is taken
    tickets = pd.read_csv(peers_folder("zendesk") / "ticket_data.csv", dtype=str).set_index("id")
    resolved = tickets.query("status != 'deleted'")["updated_at"].to_dict() | {"11071": "2020-11-14 11:01:27"}
    assert {
        source_id: str(at)
        for source_id, at in night.query("select source_id, resolved_at from star.fct_cases where system = 'peer'")
    } == resolved
    # all nine customers have one address
    assert night.query(
        "select count(*), count(distinct customer_id) from star.map_customer_identities where system = 'peer'"
    ) == [(9, 1)]


def test_rows_that_cannot_be_read_are_quarantined(night: Company) -> None:
    rows = night.query("select system, table_name, broken_rule from quality.quality_quarantine")

    assert {(table, str(rule).split()[0]) for _, table, rule in rows} == BAD_ROWS
    assert {system for system, _, _ in rows} == {"desk"}


def test_cases_have_the_times_and_reopens_of_their_history(night: Company, cases: pd.DataFrame) -> None:
    rows = published(
        night,
        ("source_id", *cases.columns, "hours_to_first_response"),
        "star.fct_cases left join star.dim_channels using (channel_key) where system = 'desk'",
    )
    expected = cases.sort_index()

    assert len(expected) > 700
    assert (expected["reopen_count"] > 1).any()
    assert (expected["handover_count"] > 0).any()
    pd.testing.assert_frame_equal(
        rows[[*expected.columns]], expected, check_dtype=False, check_names=False, check_index_type=False
    )
    hours = (expected["first_response_at"] - expected["opened_at"]).dt.total_seconds() / 3600
    pd.testing.assert_series_equal(
        rows["hours_to_first_response"].astype(float), hours.round(2), check_names=False, atol=0.011
    )


def test_contacts_are_what_customers_wrote(night: Company, desk: dict[str, pd.DataFrame]) -> None:
    agents = set(desk["user"].query("role != 'end-user'")["id"])
    comments = desk["ticket_comment"]
    is_public, by_agent, by_nobody = (
        comments["public"] == "TRUE",
        comments["user_id"].isin(agents),
        comments["user_id"] == "-1",
    )
    months = comments[is_public & ~by_agent & ~by_nobody]["created"].dt.to_period("M").dt.start_time.dt.date

    [(reasons,)] = night.query(
        """
        select on_purpose_reasons from quality.quality_entity_reconciliation
        where system = 'desk' and entity = 'interactions'
        """
    )
    assert sorted(str(reasons).split(", ")) == sorted(
        [
            f"author unknown {(is_public & by_nobody).sum()}",
            f"internal note {(~is_public).sum()}",
            f"written by an agent {(is_public & by_agent).sum()}",
        ]
    )
    rows = night.query(
        """
        select month_start_date, sum(contact_count)::int from marts.mart_survey_blind_spots
        where journey_stage = 'support' and contact_count > 0 group by all
        """
    )
    assert set(rows) == {*months.value_counts().items()}


def test_csat_is_the_share_of_good_ratings(night: Company, desk: dict[str, pd.DataFrame]) -> None:
    ratings = desk["satisfaction_rating"]
    latest = ratings[ratings["score"].isin(["good", "bad"])].sort_values("updated_at").groupby("ticket_id").last()
    latest["month"] = latest["updated_at"].dt.to_period("M").dt.start_time.dt.date
    expected = latest.groupby("month")["score"].agg(answers="size", good=lambda scores: (scores == "good").sum())

    rows = published(
        night,
        ("month_start_date", "answer_count", "satisfied_count", "csat_rate", "base_status"),
        "marts.mart_csat_scores_total where survey_type = 'transactional' and answer_count > 0",
    )
    assert rows["answer_count"].to_dict() == expected["answers"].to_dict()
    assert rows["satisfied_count"].to_dict() == expected["good"].to_dict()
    shown = rows[rows["base_status"] != "suppressed"]
    assert len(shown) >= 4
    share = (expected["good"] / expected["answers"]).round(6)
    assert {month: float(score) for month, score in shown["csat_rate"].items()} == {
        month: share[month] for month in shown.index
    }


def test_a_ticket_is_invited_once_when_its_rating_was_first_offered(
    night: Company, desk: dict[str, pd.DataFrame]
) -> None:
    ratings = desk["satisfaction_rating"].query("score != 'unoffered'")
    offered = ratings.groupby("ticket_id")["created_at"].min().dt.to_period("M").dt.start_time.dt.date
    answered = set(ratings[ratings["score"].isin(["good", "bad"])]["ticket_id"])
    expected = offered.to_frame("month").assign(answered=offered.index.isin(answered)).groupby("month")["answered"]

    rows = night.query(
        """
        select month_start_date, sum(invited_count)::int, sum(delivered_count)::int, sum(responded_count)::int
        from marts.mart_survey_health where survey_name = 'Ticket satisfaction' group by all
        """
    )
    assert {month: counts for month, *counts in rows} == {
        month: [len(group), len(group), int(group.sum())] for month, group in expected
    }


def test_merged_users_and_ids_of_another_system_are_one_customer(night: Company, desk: dict[str, pd.DataFrame]) -> None:
    peers_folder("zendesk")
    changes = desk["ticket_field_history"].query("field_name == 'requester_id'")
    merges = {
        (before, after)
        for _, (before, *rest) in changes.sort_values("updated").groupby("ticket_id")["value"]
        for after in rest
    }
    # one is a bare id, which the deployment says is of the other desk; one names that desk
    elsewhere = desk["user"].query("external_id != ''")

    customers = {
        (system, source_id): customer
        for system, source_id, customer in night.query(
            "select system, source_id, customer_id from star.map_customer_identities"
        )
    }
    assert 0 < len(merges) <= MERGES
    assert {customers["desk", duplicate] == customers["desk", kept] for duplicate, kept in merges} == {True}
    assert sorted(elsewhere["external_id"]) == ["2222", "peer:2222"]
    assert {customers["desk", user] for user in elsewhere["id"]} == {customers["peer", "2222"]}
    # nobody else is linked, and agents are no customers
    people = desk["user"].query("role == 'end-user'")
    own = {source_id: customer for (system, source_id), customer in customers.items() if system == "desk"}
    assert set(own) == set(people["id"])
    assert len(set(own.values())) == len(people) - len(merges) - 1
