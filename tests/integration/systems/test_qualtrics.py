"""``use: qualtrics``: a connector's own rows and a made-up survey programme, side by side in one night.

The expected figures are worked out from the files by hand and with pandas.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.integration.conftest import Company
from tests.integration.systems.folders import company_of, copy_public_rows, peers_folder
from tests.integration.systems.qualtrics_company import DELIVERY, REFERENCE, TEXT_ONLY, write_programme
from tests.integration.systems.qualtrics_oracle import answers_of, invitations_of

READ = {
    "survey",
    "question",
    "question_option",
    "survey_response",
    "question_response",
    "survey_embedded_data",
    "distribution",
    "distribution_contact",
    "directory_contact",
    "core_contact",
}
NOT_READ = {
    "block",
    "block_question",
    "contact_mailing_list_membership",
    "core_mailing_list",
    "directory",
    "directory_mailing_list",
    "sub_question",
    "survey_version",
    "user",
}
TRANSACTIONAL = f"case when id = '{DELIVERY}' then 'transactional' else 'relational' end"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The published night of both: `voice` is made up and has a shop, `peer` holds the connector's rows."""
    root = tmp_path_factory.mktemp("qualtrics")
    write_programme(root / "extracts")
    copy_public_rows("qualtrics", root / "extracts" / "peer")
    settings = {
        "timezone": "UTC",
        "currency": "USD",
        "history_load_date": "2025-06-30",
        "owner": "voice@desk.example",
        "identity": {"country_calling_code": "1"},
        "systems": {
            "shop": {
                "files": {"format": "csv", "history": "shop/{table}.csv"},
                "tables": {
                    "orders": {
                        "key": ["order_no"],
                        "customers": {"source_id": "customer_no"},
                        "orders": {
                            "customer_source_id": "customer_no",
                            "order_status": "delivered",
                            "ordered_at": "placed",
                        },
                        "order_lines": {"order_source_id": "order_no", "quantity": 1, "net_amount": "amount"},
                    }
                },
            },
            "voice": {
                "use": "qualtrics",
                "files": {"format": "parquet", "history": "voice/{table}.parquet"},
                "tables": {
                    "survey": {
                        "surveys": {
                            "survey_type": {"sql": TRANSACTIONAL},
                            "touchpoint": {"sql": f"case when id = '{DELIVERY}' then 'delivery' end"},
                        }
                    }
                },
            },
            "peer": {
                "use": "qualtrics",
                "files": {"format": "csv", "history": "peer/{table}.csv"},
            },
        },
    }
    company = company_of(root, settings, root / "extracts", REFERENCE)
    company.succeed()
    return company


@pytest.fixture(scope="module")
def voice(night: Company) -> dict[str, pd.DataFrame]:
    """The made-up programme's files."""
    return {path.stem: pd.read_parquet(path) for path in (night.extracts / "voice").glob("*.parquet")}


@pytest.fixture(scope="module")
def invitations(voice: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return invitations_of(voice)


@pytest.fixture(scope="module")
def answers(voice: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return answers_of(voice)


def scores(night: Company, question: str, score: str) -> dict[object, tuple[object, ...]]:
    """Valid answers, invalid answers and the score of a question by month and survey type."""
    rows = night.query(
        f"""
        select month_start_date, survey_type, answer_count, invalid_count, {score}, base_status
        from marts.mart_{question}_scores_total where answer_count + invalid_count > 0
        """
    )
    assert {row[-1] for row in rows} <= {"shown", "flagged"}
    return {row[:2]: (row[2], row[3], pytest.approx(float(str(row[4])), abs=5.1e-5)) for row in rows}


def test_every_table_of_the_connector_is_read_or_named_as_not_taken(night: Company) -> None:
    folder = peers_folder("qualtrics")
    page = (Path(__file__).parents[3] / "systems" / "qualtrics" / "README.md").read_text(encoding="utf-8")

    assert {path.stem for path in folder.glob("*.csv")} == READ | NOT_READ
    assert not {table for table in NOT_READ if f"`{table}`" not in page}
    delivered = {table: len(pd.read_csv(folder / f"{table}.csv")) for table in READ}
    landed = night.query(
        "select table_name, landed_row_count from quality.quality_landing_reconciliation where system = 'peer'"
    )
    # nothing of it is rejected
    assert set(landed) == {*delivered.items()}
    assert night.query("select * from quality.quality_quarantine") == []


def test_the_connectors_rows_become_the_records_that_they_tell_of(night: Company) -> None:
    peers_folder("qualtrics")
    # six contacts and two of five respondents have an address; no answer's response is among the responses;
    # two invitations are of the one survey that questions.csv names, which is itself not among the surveys
    assert set(
        night.query(
            """
            select entity, staged_row_count, on_purpose_record_count, on_purpose_reasons, star_record_count
            from quality.quality_entity_reconciliation where system = 'peer'
            """
        )
    ) == {
        ("customers", 11, 3, "anonymous response 3", 8),
        ("surveys", 5, 0, None, 5),
        ("survey_invitations", 5, 3, "survey without a metric 3", 2),
        ("survey_answers", 5, 5, "response not delivered 5", 0),
    }
    assert night.query(
        """
        select source_id, sent_at::varchar, is_delivered from star.fct_survey_invitations
        where system = 'peer' order by sent_at
        """
    ) == [
        ("EMD_Q8AiTuBzgLZsODX-CID_4NG7JC9R7VTmHYi", "2023-03-28 07:17:14.896", True),
        ("EMD_FV7lj9zfNfFAxFI-CID_4NG7JC9R7VTmHYi", "2023-04-25 09:06:38.894", True),
    ]


def test_nps_is_taken_from_questions_of_that_type(night: Company, answers: pd.DataFrame) -> None:
    expected = {
        group: (len(values), 0, 100 * ((values >= 9).sum() - (values <= 6).sum()) / len(values))
        for group, values in answers.query("metric == 'nps' and value.notna()").groupby(["month", "type"])["value"]
    }

    assert len(expected) == 12
    assert scores(night, "nps", "nps") == expected


def test_csat_and_ces_are_taken_from_the_questions_that_the_deployment_names(
    night: Company, answers: pd.DataFrame
) -> None:
    csat = answers.query("metric == 'csat'").groupby(["month", "type"])["value"]
    ces = answers.query("metric == 'ces'").groupby(["month", "type"])["value"]

    # "don't know" is on no scale
    assert scores(night, "csat", "csat_rate") == {
        group: ((values <= 5).sum(), (values == 99).sum(), (values.isin([4, 5])).sum() / (values <= 5).sum())
        for group, values in csat
    }
    assert scores(night, "ces", "ces_mean") == {group: (len(values), 0, values.mean()) for group, values in ces}
    assert (answers["value"] == 99).any()


def test_response_rates_count_people_who_were_asked(
    night: Company, voice: dict[str, pd.DataFrame], invitations: pd.DataFrame, answers: pd.DataFrame
) -> None:
    parents = voice["distribution"].query("request_type == 'Reminder'").set_index("id")["parent_distribution_id"]
    answered = voice["distribution_contact"].dropna(subset=["response_id"])
    answered = answered[answered["response_id"].isin(answers["response_id"])]
    # an answer to a reminder is one to its invitation
    keys = set(zip(answered["distribution_id"].replace(parents), answered["contact_id"], strict=True))
    asked = invitations.assign(
        responded=[pair in keys for pair in zip(invitations["distribution_id"], invitations["contact_id"], strict=True)]
    )
    arrived = asked["opened_at"].notna() | (
        (asked["request_type"] == "Invite") & ~asked["status"].isin(["HardBounce", "Failure"])
    )
    asked["delivered"] = arrived | asked["responded"]
    names = asked["survey_link_survey_id"].str.removeprefix("SV_")
    expected = {
        group: (len(rows), int(rows["delivered"].sum()), int(rows["responded"].sum()))
        for group, rows in asked.groupby(["month", names])
    }
    uninvited = answers[~answers["response_id"].isin(answered["response_id"])].groupby("month")["response_id"]

    rows = night.query(
        """
        select month_start_date, survey_name, sum(invited_count)::int, sum(delivered_count)::int,
            sum(responded_count)::int, sum(uninvited_response_count)::int, sum(skipped_count)::int
        from marts.mart_survey_health where survey_name in ('relation', 'delivery', 'old') group by all
        """
    )
    assert {row[:2]: row[2:5] for row in rows} == expected
    assert {row[0]: row[5] for row in rows if row[1] == "relation"} == uninvited.nunique().to_dict()
    skipped = answers[answers["value"].isna()]
    assert sum(int(str(row[6])) for row in rows) == len(skipped) > 0
    # reminders repeat an invitation
    assert (answered["distribution_id"].isin(parents.index)).sum() > 50


def test_what_is_in_no_score_is_counted_with_its_reason(night: Company, voice: dict[str, pd.DataFrame]) -> None:
    reasons = {
        str(entity): {text.rsplit(" ", 1)[0]: int(text.rsplit(" ", 1)[1]) for text in str(listed).split(", ")}
        for entity, listed in night.query(
            """
            select entity, on_purpose_reasons from quality.quality_entity_reconciliation
            where system = 'voice' and on_purpose_reasons is not null
            """
        )
    }
    kinds = voice["distribution_contact"].join(voice["distribution"].set_index("id"), on="distribution_id")
    counts = kinds["request_type"].value_counts()
    invites = kinds[kinds["request_type"] == "Invite"]
    is_sent = invites["sent_at"].notna() & (invites["status"] != "Pending")
    responses = voice["survey_response"]
    previews = responses[(responses["distribution_channel"] == "preview") | (responses["status"] == 1)]
    parts = voice["question_response"]["response_id"]

    assert reasons["survey_invitations"] == {
        "reminder": counts["Reminder"],
        "thank-you message": counts["ThankYou"],
        "test message": 6,
        "not sent": (~is_sent).sum(),
        "survey without a metric": (is_sent & (invites["survey_link_survey_id"] == TEXT_ONLY)).sum(),
    }
    assert reasons["survey_answers"]["preview or test response"] == parts.isin(previews["id"]).sum()
    assert (
        reasons["survey_answers"]["response marked as spam"]
        == parts.isin(responses[responses["status"] == 8]["id"]).sum()
    )
    assert reasons["surveys"] == {"no survey of its own": 1}


def test_respondents_are_the_customers_and_orders_that_their_data_name(
    night: Company, voice: dict[str, pd.DataFrame]
) -> None:
    customers = {
        (system, source_id): customer
        for system, source_id, customer in night.query(
            "select system, source_id, customer_id from star.map_customer_identities"
        )
    }
    answers = {
        response: (customer, order)
        for response, customer, order in night.query(
            """
            select response_source_id, min(answers.customer_id), min(orders.source_id)
            from star.fct_survey_answers as answers
            left join star.fct_orders as orders on answers.order_key = orders.order_key
            where answers.system = 'voice' group by 1
            """
        )
    }
    embedded = voice["survey_embedded_data"].pivot_table(
        index="response_id", columns="key", values="value", aggfunc="first"
    )
    named = embedded.dropna(subset=["customer_no"])
    responded = [response for response in named.index if response in answers]

    assert len(responded) > 20
    assert {
        answers[response] == (customers["shop", row["customer_no"]], row["order_no"])
        for response, row in named.loc[responded].iterrows()
    } == {True}
    # contacts: by the external data reference, by an address in a response, and by neither
    assert customers["voice", "CID_7"] == customers["shop", "C7"]
    assert customers["voice", "CID_1"] != customers["shop", "C1"]
    written = voice["survey_response"].dropna(subset=["recipient_email"])["id"]
    assert {answers[response][0] for response in written if response in answers} == {customers["voice", "CID_1"]}
