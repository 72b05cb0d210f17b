"""Salesforce as Fivetran lands it: the connector's public rows and a made-up company go end to end.

Expected values come from the files by pandas, or are counted by hand; ``systems/salesforce/README.md`` has the rules.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

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
from tests.integration.systems.salesforce_company import SalesforceCompany

DEPLOYMENT = """
timezone: Europe/Berlin
currency: EUR
history_load_date: 2026-01-31
owner: you@acme.example
identity: {country_calling_code: "49"}
systems:
  sf:
    use: salesforce
    files: {format: csv, history: "own/{table}.csv"}
    tables:
      opportunity: {delivers: [orders, order_lines]}
      opportunity_history: {delivers: [orders, order_lines]}
      account: {rename: {industry: segment}}
      account_history: {rename: {industry: segment}}
  public:
    use: salesforce
    files: {format: csv, history: "peers/sf_{table}_data.csv"}
    tables:
      opportunity: {delivers: [orders, order_lines]}
      opportunity_history: {delivers: [orders, order_lines]}
"""
SEGMENTS = "segment,segment_name\nEnergy,Energy\nBanking,Banking\nMedia,Media\n"
UNUSED = {"opportunity_line_item", "order", "product_2", "user"}
"""Tables of the connector that nothing is taken from: the page says why."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """One night of both companies."""
    root = tmp_path_factory.mktemp("salesforce")
    return built_night(root, DEPLOYMENT, SalesforceCompany().tables, "salesforce", {"segments": SEGMENTS})


@pytest.fixture(scope="module")
def customers(night: Company) -> dict[str, str]:
    """The customer of each record of the made-up company, by the short form of its id."""
    return customers_of(night, "sf")


def test_every_public_table_is_taken_or_named_as_not_taken() -> None:
    folder = peers_folder("salesforce")
    names = {path.stem.removeprefix("sf_").removesuffix("_data") for path in folder.glob("*.csv")}
    page = (SYSTEMS / "salesforce" / "README.md").read_text(encoding="utf-8")
    taken = (SYSTEMS / "salesforce" / "system.yml").read_text(encoding="utf-8")
    assert names - {name for name in names if f"\n  {name}:\n" in taken} == UNUSED
    assert [name for name in UNUSED if f"`{name}`" not in page] == []


def test_public_rows_land(night: Company) -> None:
    folder = peers_folder("salesforce")
    assert night.query("select count(*) from quality.quality_quarantine where system = 'public'") == [(0,)]
    landed = night.query(
        "select sum(landed_row_count), bool_and(is_reconciled) from quality.quality_landing_reconciliation"
        " where system = 'public'"
    )
    names = [path.stem for path in folder.glob("*.csv")]
    taken = [name for name in names if name.removeprefix("sf_").removesuffix("_data") not in UNUSED]
    assert landed == [(sum(len(public_rows("salesforce", name)) for name in taken), True)]


def test_public_records(night: Company) -> None:
    contacts, leads = public_rows("salesforce", "sf_contact_data"), public_rows("salesforce", "sf_lead_data")
    # the lead became a contact that is not there
    assert leads.converted_contact_id.str[:15].isin(contacts.id.str[:15]).sum() == 0
    assert sorted(customers_of(night, "public")) == sorted([*contacts.id.str[:15], *leads.id.str[:15]])
    assert len(set(customers_of(night, "public").values())) == len(contacts) + len(leads)
    tasks = public_rows("salesforce", "sf_task_data")
    assert set(tasks.task_subtype) == {"Task"}
    assert set(tasks.type) == {"X", ""}
    events = Counter("crm_" + kind.lower() for kind in public_rows("salesforce", "sf_event_data").type)
    published = night.query(
        "select touchpoint, count(*) from star.fct_interactions join star.dim_touchpoints using (touchpoint_key)"
        " where system = 'public' group by 1"
    )
    assert {row[0]: row[1] for row in published} == events


def test_public_opportunities_are_all_deleted_or_not_won(night: Company) -> None:
    opportunities = public_rows("salesforce", "sf_opportunity_data")
    assert set(opportunities.is_deleted) == {"true"}
    closed = opportunities[opportunities.is_closed == "true"]
    won = closed[closed.is_won == "true"]
    expected = {
        "lost opportunity": len(closed) - len(won),
        "open opportunity": len(opportunities) - len(closed),
        "won opportunity without an amount": int((won.amount == "").sum()),
    }
    [(reasons, deleted, door)] = night.query(
        "select on_purpose_reasons, deleted_record_count, door_record_count"
        " from quality.quality_entity_reconciliation where system = 'public' and entity = 'orders'"
    )
    assert {part.rsplit(" ", 1)[0]: int(part.rsplit(" ", 1)[1]) for part in str(reasons).split(", ")} == expected
    assert (deleted, door) == (int((won.amount != "").sum()), 0)


def test_merged_and_converted_records_are_one_customer(night: Company, customers: dict[str, str]) -> None:
    groups = Groups()
    contacts = delivered(night, "contact")
    for row in contacts.to_dict("records"):
        groups.join(row["master_record_id"][:15] or row["id"][:15], row["id"][:15])
    for contact in delivered(night, "contact_history").id.unique():
        groups.leader(contact[:15])
    for row in delivered(night, "lead").to_dict("records"):
        groups.join(row["converted_contact_id"][:15] or row["id"][:15], row["id"][:15])
    persons = delivered(night, "account").query("is_person_account == 'True'")
    for row in persons.to_dict("records"):
        groups.join(row["person_contact_id"][:15], row["id"][:15])
    records = {*contacts.id, *delivered(night, "contact_history").id, *delivered(night, "lead").id, *persons.id}
    expected = {record[:15]: groups.leader(record[:15]) for record in records}
    assert same_groups(customers, expected)
    assert len({record.lower() for record in expected}) < len(expected), "ids that differ in case alone are different"
    assert (len(expected), len(set(expected.values()))) == (300 + 80 + 20, 300 + 80 - 40 - 23)


def test_a_contact_whose_last_version_has_ended_is_deleted(night: Company) -> None:
    history = delivered(night, "contact_history").sort_values("_fivetran_start").groupby("id").last()
    ended = history[history["_fivetran_active"] == "False"]
    merged = delivered(night, "contact").query("is_deleted == 'True'")
    published = night.query("select source_id from star.map_customer_identities where system = 'sf' and not is_current")
    assert sorted(str(record) for (record,) in published) == sorted([*ended.index.str[:15], *merged.id.str[:15]])
    assert len(ended) == 5


def test_a_change_of_the_account_is_a_dated_change_of_its_contacts(night: Company, customers: dict[str, str]) -> None:
    versions = delivered(night, "account_history").assign(start=lambda rows: moments(rows["_fivetran_start"]))
    contacts = delivered(night, "contact").query("is_deleted == 'False'")
    leads = {
        customers[row["id"][:15]] for row in delivered(night, "lead").to_dict("records") if row["converted_contact_id"]
    }
    merged = {row["master_record_id"][:15] for row in delivered(night, "contact").to_dict("records")} - {""}
    history = defaultdict(list)
    for customer, segment, start in night.query(
        "select customer_id, segment, valid_from from star.dim_customers order by customer_id, valid_from"
    ):
        history[customer].append((pd.Timestamp(str(start)), segment))
    checked = 0
    for row in contacts.to_dict("records"):
        customer, own = customers[row["id"][:15]], versions[versions.id == row["account_id"]].sort_values("start")
        if len(own) < 2 or row["id"][:15] in merged or customer in leads:
            continue
        changed = own.start.iloc[1]
        for moment, industry in (
            (changed - pd.Timedelta(seconds=1), own.industry.iloc[0]),
            (changed, own.industry.iloc[1]),
        ):
            assert [segment for start, segment in history[customer] if start <= moment][-1] == industry
        assert history[customer][0][1] == own.industry.iloc[0], "the first segment counts from the beginning"
        checked += 1
    assert checked > 50


def test_won_opportunities_are_orders(night: Company, customers: dict[str, str]) -> None:
    current = delivered(night, "opportunity")
    history = (
        delivered(night, "opportunity_history").sort_values("_fivetran_start").groupby("id", as_index=False).last()
    )
    roles = delivered(night, "opportunity_contact_role").sort_values(["is_primary", "id"], ascending=[False, True])
    first_roles = roles.groupby("opportunity_id").contact_id.first()
    contacts = delivered(night, "contact").query("is_deleted == 'False'")
    versions = delivered(night, "contact_history").sort_values("_fivetran_start").groupby("id", as_index=False).last()
    contacts = pd.concat([contacts, versions.query("_fivetran_active == 'True'")])
    members = contacts.groupby("account_id").id.apply(list)
    persons = set(delivered(night, "account").query("is_person_account == 'True'").id)
    reasons: Counter[str] = Counter()
    expected = {}
    for row in pd.concat([current, history]).fillna("").to_dict("records"):
        if row["is_won"] != "True":
            reasons["lost opportunity" if row["is_closed"] == "True" else "open opportunity"] += 1
        elif row["amount"] == "":
            reasons["won opportunity without an amount"] += 1
        elif row["is_deleted"] == "False" and row["currency_iso_code"] == "EUR":
            of_account = members.get(row["account_id"], [])
            # a person account is the person, whatever became of its contact
            only = row["account_id"] if row["account_id"] in persons else ""
            only = of_account[0] if len(of_account) == 1 else only
            person = row["contact_id"] or first_roles.get(row["id"], "") or only
            day = date.fromisoformat(row["close_date"])
            expected[row["id"][:15]] = (customers.get(person[:15]), Decimal(row["amount"]), day)
    published = night.query(
        "select source_id, nullif(customer_id, md5('unknown')), net_amount, ordered_date from star.fct_orders"
        " where system = 'sf'"
    )
    assert {order: values for order, *values in published} == {order: [*values] for order, values in expected.items()}
    assert len(expected) > 200
    [(left_out,)] = night.query(
        "select on_purpose_reasons from quality.quality_entity_reconciliation where system = 'sf' and entity = 'orders'"
    )
    assert {part.rsplit(" ", 1)[0]: int(part.rsplit(" ", 1)[1]) for part in str(left_out).split(", ")} == reasons


def test_cases_with_their_reopenings(night: Company, customers: dict[str, str]) -> None:
    history = delivered(night, "case_history").query("field == 'Status'")
    closed = {"Solved", "Closed"}
    reopened = Counter(history[history.old_value.isin(closed) & ~history.new_value.isin(closed)].case_id)
    expected = {}
    for row in delivered(night, "case").to_dict("records"):
        if row["is_deleted"] == "False" and row["master_record_id"] == "":
            channel = {"Phone": "phone", "Email": "email", "Web": "web", "Other": "unknown"}[row["origin"]]
            expected[row["id"][:15]] = (
                customers.get(row["contact_id"][:15]),
                reopened[row["id"]],
                row["is_closed"] == "False",
                "Question",
                channel,
            )
    published = night.query(
        "select source_id, nullif(customer_id, md5('unknown')), reopen_count, is_open, reason, channel"
        " from star.fct_cases join star.dim_channels using (channel_key) where system = 'sf'"
    )
    assert {case: tuple(values) for case, *values in published} == expected
    assert reopened.total() > 40


def test_tasks_and_events_are_interactions(night: Company, customers: dict[str, str]) -> None:
    cases = {
        row["id"][:15]
        for row in delivered(night, "case").to_dict("records")
        if row["is_deleted"] == "False" and row["master_record_id"] == ""
    }
    expected, internal = {}, 0
    for table in ("task", "event"):
        for row in delivered(night, table).to_dict("records"):
            kind = {"Call": "call", "Email": "email", "Meeting": "meeting"}.get(row["type"], table)
            if table == "task":
                kind = {"Call": "call", "Email": "email"}.get(row["task_subtype"], kind)
            kind = "meeting" if kind == "event" else kind
            internal += kind == "task"
            is_left_out = (
                kind == "task"
                or row["is_recurrence"] == "True"
                or row.get("is_child") == "True"
                or row.get("is_closed") == "False"
                or not (row["who_id"] or row["account_id"])
            )
            if is_left_out or row["is_deleted"] == "True":
                continue
            time = row.get("completed_date_time") or row.get("start_date_time")
            # a task without a time was on its day, which begins at midnight in Berlin
            day = pd.Timestamp(time, tz="UTC") if time else pd.Timestamp(row["activity_date"], tz="Europe/Berlin")
            about = row["what_id"][:15]
            expected[row["id"][:15]] = (
                customers.get(row["who_id"][:15]),
                ("case_" if about else "crm_") + kind,
                day.tz_convert("UTC").tz_localize(None).to_pydatetime(),
                about in cases,
            )
    published = night.query(
        "select source_id, nullif(customer_id, md5('unknown')), touchpoint, occurred_at, case_key <> md5('unknown')"
        " from star.fct_interactions join star.dim_touchpoints using (touchpoint_key) where system = 'sf'"
    )
    assert {activity: tuple(values) for activity, *values in published} == expected
    assert len(expected) > 250
    [(reasons,)] = night.query(
        "select on_purpose_reasons from quality.quality_entity_reconciliation"
        " where system = 'sf' and entity = 'interactions'"
    )
    assert f"internal task {internal}" in str(reasons)
