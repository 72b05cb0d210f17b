"""What the made-up survey programme should become, worked out from its files with pandas."""

from __future__ import annotations

import pandas as pd

from tests.integration.systems.qualtrics_company import DELIVERY, OLD, RELATION, TEXT_ONLY


def invitations_of(voice: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The people who were asked, by distribution and contact, worked out from the files."""
    distributions = voice["distribution"].set_index("id")
    sent = voice["distribution_contact"].join(distributions, on="distribution_id")
    asked = sent[
        sent["request_type"].isin(["Invite", "GeneratedInvite"])
        & sent["sent_at"].notna()
        & (sent["survey_link_survey_id"] != TEXT_ONLY)
        & ((sent["status"] != "Pending") | (sent["request_type"] == "GeneratedInvite"))
    ]
    return asked.assign(month=months(asked["sent_at"]))


def answers_of(voice: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The answers to questions with a metric, without previews and spam; a skipped question has no value."""
    responses = voice["survey_response"].set_index("id")
    rows = voice["question_response"].join(responses, on="response_id")
    rows["question"] = rows["question_id"].str.cat("_" + rows["sub_question_key"].fillna("")).str.removesuffix("_")
    asked = {(RELATION, "QID1"): "nps", (OLD, "QID1"): "nps", (DELIVERY, "QID1"): "nps"}
    asked |= {(RELATION, "QID2"): "csat", (DELIVERY, "QID4_2"): "ces"}
    rows["metric"] = [asked.get(pair) for pair in zip(rows["survey_id"], rows["question"], strict=True)]
    rows = rows[
        rows["metric"].notna()
        & (rows["distribution_channel"] != "preview")
        & ~rows["status"].isin([1, 8])
        & (rows["value"].notna() | (rows["finished"] == 1))
    ].copy()
    rows["value"] = pd.to_numeric(rows["value"])
    # the first of five choices is the best one, the sixth is "don't know"
    chosen = rows["question_option_key"].notna()
    rows.loc[chosen, "value"] = rows.loc[chosen, "value"].map(lambda choice: 99 if choice == 6 else 6 - choice)
    rows["type"] = ["transactional" if survey == DELIVERY else "relational" for survey in rows["survey_id"]]
    return rows.assign(month=months(rows["end_date"]))


def months(times: pd.Series) -> pd.Series:
    """The first day of each time's month."""
    first: pd.Series = times.dt.to_period("M").dt.start_time.dt.date
    return first
