"""The survey tool: surveys, contacts, invitations and responses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.company import Company
from demo.extract import Extract
from demo.names import as_typed, emails
from demo.programme import make_employee_answers
from demo.surveys import QUESTIONS, SURVEYS
from demo.world import Numbers, Texts, named, text_where

KNOWS_CRM_ID_SHARE = 0.6


def extracts(company: Company) -> list[Extract]:
    """The tables of the survey tool."""
    invitation_ids = company.world.numbered("I", len(company.feedback.invitations))
    return [
        Extract("survey_tool", "surveys", _surveys(company), "updated_at", is_whole=True, is_shared=True),
        Extract("survey_tool", "contacts", _contacts(company), "updated_at", person_id="contact_id"),
        Extract(
            "survey_tool",
            "invitations",
            _invitations(company, invitation_ids),
            "updated_at",
            latest_of="invitation_id",
        ),
        Extract(
            "survey_tool",
            "responses",
            _responses(company, invitation_ids),
            "submitted_at",
            is_late_at_times=True,
        ),
        Extract(
            "survey_tool", "employee_answers", make_employee_answers(company.world), "submitted_at", is_shared=True
        ),
    ]


def _surveys(company: Company) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "survey_id": [survey.survey_id for survey in SURVEYS],
            "survey_name": [survey.survey_name for survey in SURVEYS],
            "survey_type": [survey.survey_type for survey in SURVEYS],
            "touchpoint": [survey.touchpoint for survey in SURVEYS],
            "updated_at": np.full(len(SURVEYS), company.world.start),
        }
    )


def _contacts(company: Company) -> pd.DataFrame:
    """One row per person, with the CRM's id or only an e-mail address."""
    rng = company.world.rng("survey contacts")
    people, links = company.people, company.links
    has_id = people["is_in_crm"].to_numpy() & (rng.random(len(people)) < KNOWS_CRM_ID_SHARE)
    return pd.DataFrame(
        {
            "contact_id": links["contact_id"],
            "crm_customer_id": text_where(has_id, links["customer_id"].to_numpy()),
            "email": as_typed(rng, emails(people, np.arange(len(people)), 0)),
            "language": people["language"],
            "created_at": links["contact_since"],
            "updated_at": links["contact_since"],
        }
    )


def _survey_ids(surveys: Numbers) -> Texts:
    return np.array([survey.survey_id for survey in SURVEYS], dtype=object)[surveys]


def _invitations(company: Company, invitation_ids: Texts) -> pd.DataFrame:
    """One row per change of an invitation: sent, answered."""
    invitations, responses = company.feedback.invitations, company.feedback.responses
    sent = pd.DataFrame(
        {
            "invitation_id": invitation_ids,
            "survey_id": _survey_ids(invitations["survey"].to_numpy()),
            "contact_id": company.links["contact_id"].to_numpy()[invitations["person"]],
            "channel": invitations["channel"],
            "order_number": named(company.order_numbers, invitations["order"].to_numpy()),
            "status": np.where(invitations["delivered_at"].notna(), "delivered", "undeliverable"),
            "sent_at": invitations["sent_at"],
            "delivered_at": invitations["delivered_at"],
            "updated_at": invitations["sent_at"],
        }
    )
    answered = sent.iloc[responses["invitation"].to_numpy()].assign(
        status="answered", updated_at=responses["submitted_at"].to_numpy()
    )
    return pd.concat([sent, answered], ignore_index=True)


def _responses(company: Company, invitation_ids: Texts) -> pd.DataFrame:
    responses = company.feedback.responses
    invitation = responses["invitation"].to_numpy()
    invited = company.feedback.invitations.iloc[invitation]
    return pd.DataFrame(
        {
            "response_id": company.response_ids,
            "invitation_id": invitation_ids[invitation],
            "survey_id": _survey_ids(invited["survey"].to_numpy()),
            "contact_id": company.links["contact_id"].to_numpy()[invited["person"]],
            "channel": invited["channel"].to_numpy(),
            "order_number": named(company.order_numbers, invited["order"].to_numpy()),
            "answers": [
                _answers(values)
                for values in responses[[question.question for question in QUESTIONS]].to_numpy().tolist()
            ],
            "comment": responses["comment"],
            "submitted_at": responses["submitted_at"],
        }
    )


def _answers(values: list[int]) -> list[dict[str, str | int]]:
    return [
        {
            "question": question.question,
            "metric": question.metric,
            "scale_min": question.scale_min,
            "scale_max": question.scale_max,
            "value": value,
        }
        for question, value in zip(QUESTIONS, values, strict=True)
        if value >= 0
    ]
