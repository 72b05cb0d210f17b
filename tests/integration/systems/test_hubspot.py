"""HubSpot as Fivetran lands it: the connector's public rows and a made-up company go end to end.

Expected values come from the files by pandas, or are counted by hand; ``systems/hubspot/README.md`` has the rules.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pandas as pd
import pytest

from orchestration.config.ready_systems import SYSTEMS
from tests.integration.conftest import Company
from tests.integration.systems.crm_night import (
    Groups,
    built_night,
    customers_of,
    delivered,
    moments,
    public_rows,
    same_groups,
)
from tests.integration.systems.folders import peers_folder
from tests.integration.systems.hubspot_company import NO_ANSWER, HubSpotCompany

DEPLOYMENT = """
timezone: Europe/Berlin
currency: EUR
history_load_date: 2026-01-31
owner: you@acme.example
identity: {country_calling_code: "49"}
systems:
  hub:
    use: hubspot
    files: {format: csv, history: "own/{table}.csv"}
    tables:
      deal: {delivers: [orders, order_lines]}
      company: {rename: {property_industry: segment}}
  public:
    use: hubspot
    files: {format: csv, history: "peers/{table}_data.csv"}
    tables:
      deal: {delivers: [orders, order_lines]}
"""
SEGMENTS = "segment,segment_name\nSOFTWARE,Software\nRETAIL,Retail\nLOGISTICS,Logistics\n"
UNUSED = {
    "contact_property_history",
    "deal_pipeline",
    "deal_stage",
    "engagement",
    "form",
    "owner",
    "ticket_company",
    "ticket_pipeline",
}
"""Tables of the connector that nothing is taken from: the page says why."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """One night of both companies."""
    root = tmp_path_factory.mktemp("hubspot")
    return built_night(root, DEPLOYMENT, HubSpotCompany().tables, "hubspot", {"segments": SEGMENTS})


@pytest.fixture(scope="module")
def merges(night: Company) -> dict[str, str]:
    """The contact that each merged contact of the made-up company became, over all ways of saying so."""
    audit = delivered(night, "contact_merge_audit")
    found = dict(zip(audit.vid_to_merge, audit.contact_id, strict=True))
    for row in delivered(night, "contact").itertuples():
        for entry in f"{row.property_hs_calculated_merged_vids};{row.property_hs_merged_object_ids}".split(";"):
            if entry:
                found[entry.split(":")[0]] = row.id
    return found


def first_contact_of(night: Company, table: str) -> dict[str, str]:
    """The contact with the lowest id of each deal or ticket."""
    contacts = delivered(night, f"{table}_contact").assign(number=lambda rows: rows.contact_id.astype(int))
    first = contacts.sort_values("number").drop_duplicates(f"{table}_id")
    return dict(zip(first[f"{table}_id"], first.contact_id, strict=True))


def reasons_of(night: Company, system: str, entity: str) -> dict[str, int]:
    """How many records of an entity are left out, by reason."""
    [(reasons,)] = night.query(
        "select on_purpose_reasons from quality.quality_entity_reconciliation"
        f" where system = '{system}' and entity = '{entity}'"
    )
    parts = [part.rsplit(" ", 1) for part in str(reasons).split(", ")]
    return {reason: int(count) for reason, count in parts}


def test_every_public_table_is_taken_or_named_as_not_taken() -> None:
    folder = peers_folder("hubspot")
    names = {path.stem.removesuffix("_data") for path in folder.glob("*.csv")}
    page = (SYSTEMS / "hubspot" / "README.md").read_text(encoding="utf-8")
    taken = (SYSTEMS / "hubspot" / "system.yml").read_text(encoding="utf-8")
    assert names - {name for name in names if f"\n  {name}:\n" in taken} == UNUSED
    assert [name for name in UNUSED if f"`{name}`" not in page] == []


def test_public_rows_land_and_one_ticket_is_rejected(night: Company) -> None:
    tickets = public_rows("hubspot", "ticket_data")
    closed_too_early = tickets[moments(tickets.property_closed_date) < moments(tickets.property_createdate)]
    assert list(closed_too_early.id) == ["307034542"]
    rejected = night.query(
        "select table_name, broken_rule, row_count from quality.quality_quarantine where system = 'public'"
    )
    assert rejected == [("ticket", "property_closed_date lies before property_createdate", 1)]
    landed = night.query(
        "select sum(source_row_count), bool_and(is_reconciled) from quality.quality_landing_reconciliation"
        " where system = 'public'"
    )
    files = [path.name.removesuffix(".csv") for path in (night.extracts / "peers").glob("*.csv")]
    taken = [name for name in files if name.removesuffix("_data") not in UNUSED]
    assert landed == [(sum(len(public_rows("hubspot", name)) for name in taken), True)]


def test_public_contacts_are_customers_after_their_merges(night: Company) -> None:
    contacts = public_rows("hubspot", "contact_data")
    # 22 contacts, of which one took three others; merges of contacts that are not there are no customers
    assert contacts.property_hs_merged_object_ids.loc[contacts.id == "78971951"].item() == "76340251;46897301;76226001"
    customers = customers_of(night, "public")
    assert sorted(customers) == sorted(contacts.id)
    assert len(set(customers.values())) == len(contacts) - 3
    assert len({customers[record] for record in ("78971951", "76340251", "46897301", "76226001")}) == 1
    assert reasons_of(night, "public", "customers") == {"merge of contacts that were not delivered": 4}


def test_public_activities_and_deals(night: Company) -> None:
    found = night.query(
        "select entity, door_record_count, on_purpose_reasons from quality.quality_entity_reconciliation"
        " where system = 'public' and entity <> 'customers' order by entity"
    )
    deals = public_rows("hubspot", "deal_data")
    assert set(deals.deal_pipeline_stage_id) == {""}, "no deal has reached a stage"
    assert found == [
        ("cases", 24, None),  # 25 tickets, one of them rejected
        ("interactions", 7, "internal note 1, internal task 2"),  # a call, an e-mail and five forms
        ("order_lines", 0, f"open deal {len(deals)}"),
        ("orders", 0, f"open deal {len(deals)}"),
    ]


def test_merged_contacts_are_one_customer(night: Company, merges: dict[str, str]) -> None:
    groups = Groups()
    contacts = delivered(night, "contact")
    for contact in contacts.id:
        groups.leader(contact)
    for merged, survivor in merges.items():
        groups.join(survivor, merged)
    customers = {record: customer for record, customer in customers_of(night, "hub").items() if "-" not in record}
    expected = {record: groups.leader(record) for record in {*contacts.id, *merges}}
    assert len(merges) == 107
    assert same_groups(customers, expected)


def test_a_further_address_belongs_to_its_contact(night: Company) -> None:
    customers = customers_of(night, "hub")
    further = {record: customer for record, customer in customers.items() if "-" in record}
    contacts = delivered(night, "contact")
    with_more = contacts[contacts.property_hs_additional_emails != ""]
    assert Counter(record.split("-")[0] for record in further) == Counter(with_more.id)
    assert all(customer == customers[record.split("-")[0]] for record, customer in further.items())


def test_segments_are_those_of_the_companies(night: Company, merges: dict[str, str]) -> None:
    companies = delivered(night, "company")
    industries = dict(zip(companies.id, companies.property_industry, strict=True))
    contacts = delivered(night, "contact")
    customers = customers_of(night, "hub")
    published = {row[0]: row[1] for row in night.query("select customer_id, segment from marts.mart_customer_360")}
    living = contacts[(contacts["_fivetran_deleted"] == "false") & ~contacts.id.isin(merges)]
    expected = {
        customers[row["id"]]: industries.get(row["property_associatedcompanyid"], "unknown")
        for row in living.to_dict("records")
    }
    assert {customer: published[customer] for customer in expected} == expected
    assert set(expected.values()) == {"SOFTWARE", "RETAIL", "LOGISTICS", "unknown"}


def test_won_deals_are_orders_of_their_first_contact(night: Company) -> None:
    deals = delivered(night, "deal")
    merged = set(delivered(night, "merged_deal").merged_deal_id)
    first_contacts = first_contact_of(night, "deal")
    reasons: Counter[str] = Counter()
    expected = {}
    customers = customers_of(night, "hub")
    for row in deals.to_dict("records"):
        deal, stage = row["deal_id"], row["deal_pipeline_stage_id"]
        if deal in merged:
            reasons["merged into another deal"] += 1
        elif stage != "closedwon":
            reasons["lost deal" if stage == "closedlost" else "open deal"] += 1
        elif row["property_amount"] == "":
            reasons["won deal without an amount"] += 1
        elif row["is_deleted"] == "false" and row["property_deal_currency_code"] == "EUR":
            day = pd.Timestamp(row["property_closedate"], tz="UTC").tz_convert("Europe/Berlin").date()
            expected[deal] = (customers.get(first_contacts.get(deal, "")), Decimal(row["property_amount"]), day)
    published = night.query(
        "select source_id, nullif(customer_id, md5('unknown')), net_amount, ordered_date from star.fct_orders"
        " where system = 'hub'"
    )
    assert {deal: tuple(values) for deal, *values in published} == expected
    assert len(expected) > 300
    assert reasons_of(night, "hub", "orders") == reasons


def test_tickets_are_cases_with_their_reopenings(night: Company) -> None:
    history = delivered(night, "ticket_property_history").query("name == 'hs_pipeline_stage'")
    first_contacts = first_contact_of(night, "ticket")
    customers = customers_of(night, "hub")
    channels = {"EMAIL": "email", "PHONE": "phone", "CHAT": "web", "FORM": "web"}
    expected = {}
    for row in delivered(night, "ticket").query("is_deleted == 'false'").to_dict("records"):
        stages = history[history.ticket_id == row["id"]].assign(at=lambda rows: moments(rows.timestamp_instant))
        path = list(stages.sort_values("at")["value"])
        reopened = sum(before == "4" and after != "4" for before, after in pairwise(path))
        answered, opened = moments(pd.Series([row["property_first_agent_reply_date"], row["property_createdate"]]))
        expected[row["id"]] = (
            customers.get(first_contacts.get(row["id"], "")),
            reopened,
            path[-1] != "4",
            None if pd.isna(answered) else round((answered - opened).total_seconds() / 60),
            channels[row["property_source_type"]],
        )
    published = night.query(
        "select source_id, nullif(customer_id, md5('unknown')), reopen_count, is_open,"
        " date_diff('minute', opened_at, first_response_at), channel"
        " from star.fct_cases join star.dim_channels using (channel_key) where system = 'hub'"
    )
    assert {ticket: tuple(values) for ticket, *values in published} == expected
    assert sum(reopened for _, reopened, *_ in expected.values()) > 50


def test_engagements_are_interactions_of_each_contact(night: Company) -> None:
    contacts = delivered(night, "engagement_contact").groupby("engagement_id").contact_id.apply(list)
    about = set(delivered(night, "ticket_engagement").engagement_id)
    customers = customers_of(night, "hub")
    column = {"call": "call_status", "email": "email_status", "meeting": "meeting_outcome"}
    expected: Counter[tuple[str, str, str | None]] = Counter()
    for kind in column:
        for row in delivered(night, f"engagement_{kind}").to_dict("records"):
            is_contact = row[f"property_hs_{column[kind]}"] not in {"NO_ANSWER", "BOUNCED", "CANCELED"}
            if kind == "call" and row["property_hs_call_disposition"] == NO_ANSWER:
                is_contact = False
            if is_contact and row["_fivetran_deleted"] == "false":
                touchpoint = ("case_" if row["engagement_id"] in about else "crm_") + kind
                day = row["property_hs_timestamp"]
                for contact in contacts.get(row["engagement_id"], [""]):
                    expected[touchpoint, day, customers.get(contact)] += 1
    for row in delivered(night, "contact_form_submission").to_dict("records"):
        expected["crm_form", row["timestamp"], customers.get(row["contact_id"])] += 1
    published = night.query(
        "select touchpoint, strftime(occurred_at, '%Y-%m-%d %H:%M:%S'), nullif(customer_id, md5('unknown'))"
        " from star.fct_interactions join star.dim_touchpoints using (touchpoint_key) where system = 'hub'"
    )
    assert Counter(published) == expected
    assert expected.total() > 600


def test_an_engagement_counts_once_for_its_ticket(night: Company) -> None:
    published = night.query(
        "select source_id, contact_count from star.fct_cases where system = 'hub' and contact_count > 0"
    )
    about = delivered(night, "ticket_engagement")
    ticket_of = dict(zip(about.engagement_id, about.ticket_id, strict=True))
    living = set(delivered(night, "ticket").query("is_deleted == 'false'").id)
    counted = night.query(
        "select distinct split_part(source_id, '-', 1) from star.fct_interactions"
        " where system = 'hub' and source_id not like 'form-%'"
    )
    expected = Counter(ticket_of[str(engagement)] for (engagement,) in counted if engagement in ticket_of)
    assert {row[0]: row[1] for row in published} == {
        ticket: expected[ticket] for ticket in expected if ticket in living
    }
