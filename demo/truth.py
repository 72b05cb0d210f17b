"""The ground truth of the demo company, for tests of methods; the pipeline never reads it.

Labels are CSV with one row per record; parameters, effects and fault counts are JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from demo import cases, extract, feedback, journeys, people, programme, relations, verbatims
from demo.company import Company
from demo.contracts import PERIOD_DAYS, PLANS, SUBSCRIBER_SHARE
from demo.dirt import KINDS, Faults
from demo.seasons import peak_of_season
from demo.surveys import DIMENSIONS, QUESTIONS, SURVEYS
from demo.systems.crm import CASE_COMMENT_SHARE, case_comments
from demo.systems.outlet import member_numbers
from demo.systems.panel import panelist_ids
from demo.systems.shop import REVIEW_TEXT_SHARE, reviews
from demo.world import SEGMENTS, Numbers, Texts, World, named

OUTLET = "outlet"
_LABELS = {"theme": "theme", "sentiment": "sentiment", "is_negated": "is_negated", "comment_language": "language"}


def labels(company: Company, identities: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The label tables of a block; the outlet's only if it delivers."""
    tables = {
        "people": _people(company),
        "identities": identities,
        "orders": _orders(company),
        "invitations": _invitations(company),
        "verbatims": _verbatims(company),
    }
    if OUTLET in set(identities["system"]):
        tables["outlet_members"] = _outlet_members(company)
    return tables


def identity_of(company: Company, delivered: Mapping[tuple[str, str], Texts]) -> pd.DataFrame:
    """One row per delivered record of a person: system, table, source_id, person, mailbox_of.

    ``mailbox_of`` is the owner of the e-mail address: another person in a household that shares a mailbox. Matching on
    the e-mail address alone merges such people.
    """
    links, people = company.links, company.people
    owners = {
        ("crm", "customers"): [links["customer_id"]],
        ("shop", "accounts"): [links["buyer_id"], links["guest_id"]],
        ("survey_tool", "contacts"): [links["contact_id"]],
        ("tracking", "visitors"): [links["browser_id"], links["device_id"]],
    }
    if {(OUTLET, "members"), ("panel", "panelists")} & delivered.keys():
        people = company.outlet.people
        owners[OUTLET, "members"] = [pd.Series(member_numbers(company))]
        owners["panel", "panelists"] = [pd.Series(panelist_ids(company))]
    number = people["number"].to_numpy()
    mailbox_of = pd.Series(number[people["mailbox"]], index=number)
    parts = []
    for source, columns in owners.items():
        if source not in delivered:
            continue
        # the outlet's people start with the company's
        person_of = pd.concat([pd.Series(number[: len(ids)], index=ids) for ids in columns])
        person_of = person_of[person_of.index.notna()]
        system, table = source
        ids: Texts = pd.Series(delivered[source], dtype=object).unique()
        # a second record of the CRM has the number of the first one with another letter
        first_ids = (
            [f"C{name[1:]}" if name.startswith("D") else name for name in ids.tolist()] if system == "crm" else ids
        )
        person = person_of.reindex(first_ids).to_numpy()
        parts.append(
            pd.DataFrame(
                {"system": system, "table": table, "source_id": ids.astype(str), "person": person.astype(np.int64)}
            )
        )
    identities = pd.concat(parts, ignore_index=True)
    return identities.assign(mailbox_of=mailbox_of.reindex(identities["person"]).to_numpy())


def _outlet_members(company: Company) -> pd.DataFrame:
    """One row per member of the outlet: person, link to the company, and order counts of both shops."""
    outlet, end = company.outlet, company.world.window_ends[-1]
    people = outlet.people

    def counted(orders: pd.DataFrame) -> Numbers:
        person = orders["person"].to_numpy()[(orders["ordered_at"] < end).to_numpy()]
        return np.bincount(person, minlength=len(people))

    is_stranger = people.index >= len(company.people)
    rows = pd.DataFrame(
        {
            "member_no": member_numbers(company),
            "person": people["number"],
            "linked_by": np.where(is_stranger, "nothing", np.where(people["is_by_phone"], "phone", "email")),
            "is_in_crm": people["is_in_crm"],
            "shop_order_count": counted(company.buying.orders),
            "outlet_order_count": counted(outlet.buying.orders),
        }
    )
    # the first order makes a person a member
    return rows[rows["outlet_order_count"] > 0]


def _people(company: Company) -> pd.DataFrame:
    known, acquired = company.people, company.relations.acquisitions.set_index("person")
    position = np.arange(len(known))
    referrer = acquired["referrer"].reindex(position, fill_value=-1).to_numpy()
    rows = pd.DataFrame(
        {
            "person": known["number"],
            "segment": np.array([segment.name for segment in SEGMENTS], dtype=object)[known["segment"]],
            "is_in_crm": known["is_in_crm"],
            "is_buyer": known["is_buyer"],
            "is_treated": known["is_treated"],
            "mood": known["mood"].round(4),
            "joined_at": known["joined_at"],
            "surveyed_until": company.relations.surveyed_until,
            "acquired_by": acquired["acquired_by"].reindex(position).to_numpy(),
            "referrer": named(known["number"].to_numpy(dtype=object), referrer),
        }
    )
    return _delivered(company, rows, known["joined_at"])


def _orders(company: Company) -> pd.DataFrame:
    orders = company.buying.orders
    rows = pd.DataFrame(
        {
            "order_number": company.order_numbers,
            "person": company.people["number"].to_numpy()[orders["person"]],
            "sequence": orders["sequence"],
            "felt_before": orders["felt_before"].round(4),
            "is_late": orders["is_late"],
            "ordered_at": orders["ordered_at"],
        }
    )
    return _delivered(company, rows, orders["ordered_at"])


def _invitations(company: Company) -> pd.DataFrame:
    invitations = company.feedback.invitations
    answered = np.isin(np.arange(len(invitations)), company.feedback.responses["invitation"])
    rows = pd.DataFrame(
        {
            "invitation_id": company.world.numbered("I", len(invitations)),
            "person": company.people["number"].to_numpy()[invitations["person"]],
            "survey_id": np.array([survey.survey_id for survey in SURVEYS], dtype=object)[invitations["survey"]],
            "event_effect": invitations["effect"].round(4),
            "is_helped": invitations["boost"] - company.world.effects.closed_loop * invitations["is_after_loop"] > 0,
            "is_after_loop": invitations["is_after_loop"],
            "recent_count": invitations["recent_count"],
            "satisfaction": invitations["satisfaction"].round(4),
            "is_delivered": invitations["delivered_at"].notna(),
            "is_answered": answered,
        }
    )
    return _delivered(company, rows, invitations["sent_at"])


def _verbatims(company: Company) -> pd.DataFrame:
    responses = company.feedback.responses.assign(
        source_id=company.response_ids, written_at=lambda rows: rows["submitted_at"]
    )
    written = {
        ("survey_tool", "responses"): responses.assign(text=responses["comment"]),
        ("shop", "reviews"): reviews(company).assign(source_id=lambda rows: rows["review_id"]),
        ("crm", "case_comments"): case_comments(company).assign(source_id=lambda rows: rows["comment_id"]),
    }
    parts: list[pd.DataFrame] = []
    for (system, table), rows in written.items():
        shown = rows[rows["text"].notna() & (rows["written_at"] < company.world.window_ends[-1])]
        chosen = shown[["source_id", *_LABELS]].rename(columns=_LABELS)
        chosen.insert(0, "table", table)
        chosen.insert(0, "system", system)
        parts.append(chosen)
    return pd.concat(parts, ignore_index=True)


def _delivered(company: Company, rows: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """The rows of events before the end of the last window."""
    delivered: pd.DataFrame = rows.loc[(at < company.world.window_ends[-1]).to_numpy()]
    return delivered


def parameters(world: World) -> str:
    """All parameters as JSON; independent of seed and size."""
    effects = world.effects
    days_back = {
        "price_rise": effects.price_rise_days,
        "crisis_begins": effects.crisis_days[0],
        "crisis_ends": effects.crisis_days[1],
        "initiative_begins": effects.initiative_days,
    }
    dates = {name: (world.history_load_date - timedelta(days=days - 1)).isoformat() for name, days in days_back.items()}
    dates["season_peaks"] = peak_of_season(world).isoformat()
    touchpoints = {
        survey.survey_id: {"touchpoint": survey.touchpoint, "points": survey.effect * effects.touchpoint_factor}
        for survey in SURVEYS
    }
    every: dict[str, Any] = {
        "world": effects.name,
        "segments": [asdict(segment) for segment in SEGMENTS],
        "effects": asdict(effects),
        "dates": dates,
        "touchpoint_effects": touchpoints,
        "satisfaction": {
            "base": feedback.BASE_SATISFACTION, "mood_sd": people.MOOD_SD, "noise": feedback.NOISE,
            "annoyed_share": feedback.ANNOYED_SHARE,
            "undelivered_share": feedback.UNDELIVERED_SHARE, "comment_share": verbatims.COMMENT_SHARE,
        },
        "closed_loop": {
            "share": feedback.CLOSED_SHARE, "told_after_days": feedback.NOTIFIED_AFTER_DAYS,
            "lag_shape": feedback.LAG_SHAPE, "lag_scale_days": feedback.LAG_SCALE_DAYS,
        },
        "questions": [asdict(question) for question in QUESTIONS],
        "dimensions": DIMENSIONS,
        "journeys": {name: {"first": first, "repeat": repeat} for name, (first, repeat) in journeys.SHARES.items()},
        "people": {"guest_share": people.GUEST_SHARE, "prospect_share": people.PROSPECT_SHARE},
        "acquisition": {"referred_share": relations.REFERRED_SHARE, "campaigns": relations.CAMPAIGNS},
        "accounts": {
            "people_per_account": relations.PEOPLE_PER_ACCOUNT, "subsidiaries": relations.SUBSIDIARY_SHARE,
        },
        "consents": {
            **{
                purpose: {"granted": granted, "withdrawn": withdrawn}
                for purpose, (granted, withdrawn) in relations.CONSENTS.items()
            },
            "erasure": relations.ERASURE_SHARE,
        },
        "cases": {
            "after_order": cases.ORDER_CASE_SHARE, "after_late_order": cases.LATE_ORDER_CASE_SHARE,
            "reopened": cases.REOPENED_SHARE, "repeat_contact": cases.REPEAT_CONTACT_SHARE,
            "handed_over": cases.HANDED_OVER_SHARE, "unresolved": cases.UNRESOLVED_SHARE, "owners": cases.OWNERS,
        },
        "subscriptions": {
            "share": SUBSCRIBER_SHARE, "period_days": PERIOD_DAYS, "plans": [asdict(plan) for plan in PLANS],
        },
        "themes": {"shares": verbatims.THEMES, "delivery_after_late": verbatims.LATE_THEME_SHARE},
        "verbatims": {"case_comment_share": CASE_COMMENT_SHARE, "review_text_share": REVIEW_TEXT_SHARE},
        "programme": {
            "maturity": programme.DEPARTMENTS, "self_rating_bonus": programme.SELF_RATING_BONUS,
            "self_rating_noise": programme.SELF_RATING_NOISE,
        },
        "dirt": {"kinds": KINDS, "late_rows_share": extract.LATE_ROWS_SHARE},
    }  # fmt: skip
    return json.dumps(every, indent=2) + "\n"


def counted(faults: Faults) -> str:
    """Planted faults by kind, system, table and load date, as JSON."""
    rows = [
        {"kind": kind, "system": system, "table": table, "load_date": load_date, "count": count}
        for (kind, system, table, load_date), count in sorted(faults.items())
    ]
    return json.dumps(rows, indent=2) + "\n"
