"""Departments, accounts, consents and closed loops of the demo company."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestration.base.paths import PROJECT
from tests.unit.demo.truths import STANDARD_ERRORS, Demo, demo

SEED = 3
NIGHTS = 5
PRICE_RISE = pd.Timestamp("2025-08-04", tz="Europe/Berlin")
"""150 days before the end of 2025."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demo(tmp_path_factory.mktemp("company") / "out", customers=3_000, nights=NIGHTS, seed=SEED)


def within(share: float, hits: pd.Series) -> bool:
    """Whether the observed share is within three standard errors of the stated one."""
    return bool(abs(hits.mean() - share) <= STANDARD_ERRORS * np.sqrt(share * (1 - share) / len(hits)))


@pytest.fixture(scope="module")
def cases(full: Demo) -> pd.DataFrame:
    """The last state of each case that is old enough to be over, with the contacts about it."""
    last = full.until("crm", "cases", NIGHTS).drop_duplicates("case_id", keep="last").set_index("case_id")
    contacts = pd.concat([full.until("crm", "activities", NIGHTS), full.until("tracking", "events", NIGHTS)])
    last["contact_count"] = contacts["case_id"].value_counts().reindex(last.index).fillna(0)
    return last[pd.to_datetime(last["opened_at"], utc=True) < pd.Timestamp("2025-11-01", tz="UTC")]


def test_the_stated_share_of_cases_is_handed_over_to_the_owner(full: Demo, cases: pd.DataFrame) -> None:
    is_handed_over = cases["handed_over_at"].notna()
    assert within(full.parameters["cases"]["handed_over"], is_handed_over)
    touchpoints = pd.read_csv(
        PROJECT / "deployments" / "demo" / "reference" / "touchpoints.csv", index_col="touchpoint"
    )
    owner = touchpoints["owner_department"].reindex(cases["touchpoint"]).to_numpy()
    assert (cases["department"] == np.where(is_handed_over, owner, "service")).all()


def test_a_case_that_was_handed_over_is_never_solved_at_the_first_contact(full: Demo, cases: pd.DataFrame) -> None:
    is_handed_over = cases["handed_over_at"].notna()
    assert (cases.loc[is_handed_over, "contact_count"] > 1).all()
    stated = full.parameters["cases"]
    solved = cases[cases["resolved_at"].notna()]
    at_once = (solved["contact_count"] == 1) & solved["reopened_at"].isna()
    others = (1 - stated["repeat_contact"]) * (1 - stated["reopened"])
    assert within(others * (1 - stated["handed_over"]), at_once)


def test_employees_of_two_departments_log_contacts_about_a_case_that_is_handed_over(full: Demo) -> None:
    activities = full.until("crm", "activities", NIGHTS).dropna(subset="case_id")
    departments = activities.groupby("case_id")["department"].agg(set)
    last = full.until("crm", "cases", NIGHTS).drop_duplicates("case_id", keep="last").set_index("case_id")
    for logged, department in zip(departments, last["department"].reindex(departments.index), strict=True):
        assert logged <= {"service", department}
    assert (departments.map(len) == 2).any()


def test_accounts_form_a_hierarchy_without_cycles(full: Demo) -> None:
    accounts = full.until("crm", "accounts", NIGHTS)
    parents = accounts.set_index("account_id")["parent_account_id"].dropna().to_dict()
    depths = []
    for account in accounts["account_id"]:
        above = [account]
        while above[-1] in parents:
            above.append(parents[above[-1]])
            assert len(above) == len(set(above)), f"{account} is above itself"
        depths.append(len(above) - 1)
    assert max(depths) >= 2
    assert within(full.parameters["accounts"]["subsidiaries"], accounts["parent_account_id"].notna())
    assert accounts[["account_name", "industry"]].notna().all(axis=None)


def test_invitations_require_consent(full: Demo) -> None:
    """From the files: invitations with the consents of their person."""
    identities = full.label("identities")
    person_of = identities.drop_duplicates(["system", "source_id"]).set_index(["system", "source_id"])["person"]
    consents = full.until("crm", "consents", NIGHTS)
    consents["person"] = person_of["crm"].reindex(consents["customer_id"]).to_numpy()
    consents["at"] = pd.to_datetime(consents["decided_at"], utc=True)
    granted = consents[(consents["purpose"] == "surveys") & (consents["decision"] == "granted")]
    ended = consents[consents["purpose"].isin(("surveys", "all")) & (consents["decision"] != "granted")]
    ends = ended.groupby("person")["at"].min()

    sent = full.until("survey_tool", "invitations", NIGHTS).drop_duplicates("invitation_id")
    sent["person"] = person_of["survey_tool"].reindex(sent["contact_id"]).to_numpy()
    sent["sent_at"] = pd.to_datetime(sent["sent_at"], utc=True)
    of_crm = sent["person"].isin(person_of["crm"])
    assert set(sent.loc[of_crm, "person"]) <= set(granted["person"])
    until = sent["person"].map(ends)
    assert not (sent["sent_at"] >= until).any()
    assert (sent["sent_at"] < until).any()


def test_the_truth_has_the_end_of_each_consent(full: Demo) -> None:
    people = full.label("people", parse_dates=["joined_at", "surveyed_until"])
    known = people[people["is_in_crm"]]
    stated = full.parameters["consents"]["surveys"]
    never = known["surveyed_until"] <= known["joined_at"]
    assert within(1 - stated["granted"], never)
    invited = full.label("invitations")["person"]
    assert not invited.isin(known.loc[never, "person"]).any()


def test_loop_actions_follow_detractor_answers(full: Demo) -> None:
    responses = full.until("survey_tool", "responses", NIGHTS)
    score = responses["answers"].map(
        lambda answers: next((answer["value"] for answer in answers if answer["metric"] == "nps"), 10)
    )
    submitted_at = pd.to_datetime(responses["submitted_at"])
    bad = responses[(score <= 6) & (submitted_at < pd.Timestamp("2025-11-01", tz="UTC"))]
    known = full.label("people").query("is_in_crm")["person"]
    person_of = full.label("identities").query("system == 'survey_tool'").set_index("source_id")["person"]
    person = person_of.reindex(bad["contact_id"]).to_numpy()
    bad = bad.assign(person=person)[np.isin(person, known)]
    actions = full.until("crm", "loop_actions", NIGHTS).set_index("response_id")
    stated = full.parameters["closed_loop"]
    is_acted_on = bad["response_id"].isin(actions.index)
    assert within(stated["share"], is_acted_on)
    assert bad.loc[is_acted_on, "person"].duplicated().any()

    followed = actions.reindex(bad.loc[is_acted_on, "response_id"])
    times = [pd.to_datetime(followed[name], utc=True) for name in ("acknowledged_at", "acted_at", "told_at")]
    assert (times[0] <= times[1]).all()
    assert (times[1] <= times[2]).all()
    lag = (times[2].to_numpy() - pd.to_datetime(bad.loc[is_acted_on, "submitted_at"]).to_numpy()) / pd.Timedelta(days=1)
    mean = stated["told_after_days"] + stated["lag_shape"] * stated["lag_scale_days"]
    error = np.sqrt(stated["lag_shape"] * stated["lag_scale_days"] ** 2 / len(lag))
    assert abs(lag.mean() - mean) <= STANDARD_ERRORS * error


def test_list_prices_rise_once_and_order_lines_stay_below(full: Demo) -> None:
    rise = 1 + full.parameters["effects"]["price_rise"]
    products = full.drop("shop", "products").set_index("sku")
    assert (products["updated_at"] == PRICE_RISE).all()
    lines = full.until("shop", "order_lines", NIGHTS)
    new = products["list_price_amount"].astype(float).reindex(lines["sku"]).to_numpy()
    paid = lines["net_amount"].astype(float).to_numpy() / lines["quantity"].to_numpy()
    is_after = (lines["created_at"] >= PRICE_RISE).to_numpy()
    assert is_after.any()
    # new prices are raised and rounded up to five cents
    assert (paid[~is_after] <= new[~is_after] / rise + 1e-9).all()
    assert (paid[is_after] <= new[is_after]).all()
    assert (paid[is_after] > new[is_after] / rise).any()


def test_the_truth_separates_people_and_mailboxes(full: Demo) -> None:
    """Two people with one address: the truth has both, and the owner of the mailbox."""
    identities = full.label("identities").query("system == 'survey_tool'").set_index("source_id")
    contacts = full.until("survey_tool", "contacts", NIGHTS)
    address = contacts["email"].str.strip().str.lower()
    people = identities.reindex(contacts["contact_id"])
    mailboxes = people.groupby(address.to_numpy())["mailbox_of"].nunique()
    assert (mailboxes == 1).all()
    persons = people.groupby(address.to_numpy())["person"].nunique()
    assert persons.max() == 2
    assert (people["person"] != people["mailbox_of"]).sum() == (persons - 1).sum()


def test_the_plain_world_has_no_shared_mailbox(tmp_path: Path) -> None:
    plain = demo(tmp_path / "plain", customers=500, seed=SEED, world="plain")
    identities = plain.label("identities")
    assert (identities["person"] == identities["mailbox_of"]).all()
