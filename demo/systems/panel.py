"""The survey panel of the outlet's members: random ids, one column per question, the survey tool's codes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import numpy as np
import pandas as pd

from demo.company import Company
from demo.extract import Extract
from demo.names import as_typed
from demo.outlet import STUDIES
from demo.surveys import SURVEYS
from demo.systems.outlet import member_emails, member_numbers, purchase_numbers
from demo.world import Texts, named

KNOWS_MEMBER_SHARE = 0.6
_ITEMS = {"recommend": "recommendation", "satisfied": "satisfaction", "made_it_easy": "effort"}
"""The column of each question that the panel uses."""
_MOMENTS = {"checkout": "outlet_checkout", "delivery": "outlet_delivery", "reorder": "outlet_newsletter"}
"""The touchpoint of each study; the study of the whole brand has none."""


def extracts(company: Company) -> list[Extract]:
    """The tables of the panel."""
    return [
        Extract("panel", "studies", _studies(company), "edited", is_whole=True, is_shared=True),
        Extract("panel", "panelists", _panelists(company), "enrolled", person_id="panelist"),
        Extract("panel", "requests", _requests(company), "sent"),
        Extract("panel", "replies", _replies(company), "replied", is_late_at_times=True),
    ]


def panelist_ids(company: Company) -> Texts:
    """The panel's id of each of the outlet's people, members and others."""
    return _ids("panelist", company.outlet.people["number"])


def _ids(kind: str, numbers: Iterable[int]) -> Texts:
    """Deterministic ids that look random."""
    return np.array([str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {number}")) for number in numbers], dtype=object)


def _studies(company: Company) -> pd.DataFrame:
    """One row per study; its codes are used for other surveys in the survey tool."""
    studies = [survey for survey in SURVEYS if survey.survey_id in STUDIES]
    return pd.DataFrame(
        {
            "study": [survey.survey_id for survey in studies],
            "title": [survey.survey_name for survey in studies],
            "is_about_brand": [survey.survey_type == "relational" for survey in studies],
            "moment": [_MOMENTS.get(survey.survey_id) for survey in studies],
            "edited": np.full(len(studies), company.world.start),
        }
    )


def _panelists(company: Company) -> pd.DataFrame:
    """One row per member, with the outlet's number or only the e-mail address known to the outlet."""
    rng = company.world.rng("panelists")
    people, members = company.outlet.people, company.outlet.members
    has_number = rng.random(len(members)) < KNOWS_MEMBER_SHARE
    return pd.DataFrame(
        {
            "panelist": panelist_ids(company)[members],
            "outlet_member": pd.Series(member_numbers(company)[members]).where(has_number).astype("Int64"),
            "mail": as_typed(rng, member_emails(company)[members]),
            "enrolled": people["joined_at"].to_numpy()[members],
        }
    )


def _request_ids(company: Company) -> Texts:
    first = company.world.counted(len(company.outlet.feedback.invitations))
    return _ids("request", first)


def _requests(company: Company) -> pd.DataFrame:
    invitations = company.outlet.feedback.invitations
    return pd.DataFrame(
        {
            "request": _request_ids(company),
            "study": np.array([survey.survey_id for survey in SURVEYS], dtype=object)[invitations["survey"]],
            "panelist": panelist_ids(company)[invitations["person"]],
            "via": invitations["channel"],
            "purchase_no": named(purchase_numbers(company), invitations["order"].to_numpy()),
            "sent": invitations["sent_at"],
            "reached": invitations["delivered_at"],
        }
    )


def _replies(company: Company) -> pd.DataFrame:
    """One row per reply; questions that a study lacks are empty."""
    responses = company.outlet.feedback.responses
    request = _requests(company).iloc[responses["invitation"].to_numpy()]
    answers = {
        column: responses[question].where(responses[question] >= 0).astype("Int64")
        for question, column in _ITEMS.items()
    }
    return pd.DataFrame(
        {
            "request": request["request"].to_numpy(),
            "study": request["study"].to_numpy(),
            "panelist": request["panelist"].to_numpy(),
            "via": request["via"].to_numpy(),
            "purchase_no": request["purchase_no"].to_numpy(),
            **answers,
            "remark": responses["comment"].to_numpy(),
            "replied": responses["submitted_at"].to_numpy(),
        }
    )
