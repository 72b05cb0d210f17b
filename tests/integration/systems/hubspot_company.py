"""A made-up company in HubSpot's shape, as Fivetran lands it."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd

PEOPLE = 320
FIRST_DAY = pd.Timestamp("2024-01-08 06:00:00")
DAYS = 700
"""All happens before the history ends, on 2026-01-31."""
INDUSTRIES = ("SOFTWARE", "RETAIL", "LOGISTICS")
SYNCED = "2026-01-31 03:00:00"
HOME_PIPELINE = {"lead": (False, False), "closedwon": (True, True), "closedlost": (False, True)}
NO_ANSWER = "73a0d17f-1163-4015-bdd5-ec830791da20"

Row = dict[str, Any]


class HubSpotCompany:
    """The rows of each table; every random choice comes from one seed."""

    def __init__(self, seed: int = 5) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[Row]] = {}
        self.contact_ids: list[int] = []
        self._companies()
        self._contacts()
        self._merges()
        self._deals()
        self._tickets()
        self._engagements()

    def _add(self, table: str, **row: Any) -> Row:
        self.tables.setdefault(table, []).append(row)
        return row

    def _time(self, after: pd.Timestamp = FIRST_DAY, days: int = DAYS) -> pd.Timestamp:
        return after + pd.Timedelta(seconds=self.random.randrange(1, days * 86_400))

    def _companies(self) -> None:
        for number in range(30):
            self._add(
                "company",
                id=900_000 + number,
                is_deleted="false",
                property_name=f"Company {number}",
                property_industry=INDUSTRIES[number % 3],
                property_hs_lastmodifieddate=self._time(),
                _fivetran_synced=SYNCED,
            )

    def _contacts(self) -> None:
        # a third of the people is there twice, with another address: only the merge says that they are one
        for person in range(PEOPLE):
            company = 900_000 + person % 30 if person % 4 else ""
            for copy in range(2 if person % 3 == 0 else 1):
                created = self._time(days=300)
                contact = 1000 + 10 * person + copy
                self.contact_ids.append(contact)
                self._add(
                    "contact",
                    id=contact,
                    property_email=f"person{person}.{copy}@mail{person}.example",
                    property_hs_additional_emails=f"also{person}@mail{person}.example" if person % 8 == 1 else "",
                    property_firstname=f"First{person}",
                    property_lastname=f"Last{person}",
                    property_country=("DE", "Germany")[person % 2],
                    property_associatedcompanyid=company,
                    property_hs_calculated_merged_vids="",
                    property_hs_merged_object_ids="",
                    property_createdate=created,
                    property_lastmodifieddate=created + pd.Timedelta(days=1),
                    _fivetran_deleted="false",
                    _fivetran_synced=SYNCED,
                )

    def _merges(self) -> None:
        """The second contact of a person is merged into the first; every way of saying so is used in turn."""
        rows = {row["id"]: row for row in self.tables["contact"]}
        for person in range(0, PEOPLE, 3):
            first, second = rows[1000 + 10 * person], rows[1001 + 10 * person]
            at = self._time(pd.Timestamp("2025-01-01"), 200)
            way = (person // 3) % 3
            if way == 0:
                self._add(
                    "contact_merge_audit",
                    contact_id=first["id"],
                    canonical_vid=first["id"],
                    vid_to_merge=second["id"],
                    timestamp=at,
                    _fivetran_synced=SYNCED,
                )
            elif way == 1:
                first["property_hs_calculated_merged_vids"] = f"{second['id']}:{int(at.timestamp()) * 1000}"
            else:
                first["property_hs_merged_object_ids"] = f"{second['id']}"
            # a connector marks the merged contact as deleted, leaves it as it was, or never had it
            if person % 9 == 3:
                second["_fivetran_deleted"] = "true"
            elif person % 9 == 6:
                self.tables["contact"].remove(second)
        # the person who was erased
        rows[1000 + 10 * 7]["_fivetran_deleted"] = "true"

    def _deals(self) -> None:
        for stage, (won, closed) in HOME_PIPELINE.items():
            self._add(
                "deal_pipeline_stage",
                pipeline_id="default",
                stage_id=stage,
                label=stage,
                closed_won=won,
                is_closed=closed,
                probability=1.0 if won else 0.0,
                _fivetran_synced=SYNCED,
            )
        for number in range(600):
            closes = self._time()
            stage = self.random.choice(("lead", "closedwon", "closedwon", "closedwon", "closedlost"))
            deal = 50_000 + number
            self._add(
                "deal",
                deal_id=deal,
                is_deleted="true" if number % 97 == 5 else "false",
                deal_pipeline_id="default",
                deal_pipeline_stage_id=stage,
                property_amount="" if number % 83 == 4 else f"{self.random.randrange(10_000, 900_000) / 100:.2f}",
                property_deal_currency_code="USD" if number % 79 == 3 else "EUR",
                property_closedate=closes if stage != "lead" else "",
                property_hs_lastmodifieddate=closes,
                _fivetran_synced=SYNCED,
            )
            for contact in self.random.sample(self.contact_ids, number % 3):
                self._add("deal_contact", deal_id=deal, contact_id=contact, type_id=3, _fivetran_synced=SYNCED)
            if number % 89 == 2:
                self._add("merged_deal", deal_id=deal - 1, merged_deal_id=deal, _fivetran_synced=SYNCED)

    def _tickets(self) -> None:
        for stage, state in {"1": "OPEN", "2": "OPEN", "4": "CLOSED"}.items():
            self._add(
                "ticket_pipeline_stage",
                pipeline_id="0",
                stage_id=stage,
                ticket_state=state,
                is_closed=state == "CLOSED",
                _fivetran_synced=SYNCED,
            )
        for number in range(240):
            ticket = 70_000 + number
            opened = self._time(days=600)
            stages = [("1", opened)]
            for turn in range(self.random.randrange(4)):
                stages.append(("4" if turn % 2 == 0 else "2", self._time(stages[-1][1], 10)))
            is_closed = stages[-1][0] == "4"
            closed = [at for stage, at in stages if stage == "4"]
            self._add(
                "ticket",
                id=ticket,
                is_deleted="true" if number % 61 == 9 else "false",
                property_createdate=opened,
                property_first_agent_reply_date=opened + pd.Timedelta(minutes=number + 1) if number % 5 else "",
                # an account may keep the date of the earlier closing of a ticket that was reopened
                property_closed_date=closed[-1] if closed and (is_closed or number % 2) else "",
                property_hs_pipeline="0",
                property_hs_pipeline_stage=stages[-1][0],
                property_hs_ticket_category=self.random.choice(("BILLING_ISSUE", "PRODUCT_ISSUE")),
                property_source_type=self.random.choice(("EMAIL", "PHONE", "CHAT", "FORM")),
                property_hs_lastmodifieddate=stages[-1][1],
                _fivetran_synced=SYNCED,
            )
            for stage, at in stages:
                self._add(
                    "ticket_property_history",
                    ticket_id=ticket,
                    name="hs_pipeline_stage",
                    value=stage,
                    timestamp_instant=at,
                    _fivetran_synced=SYNCED,
                )
            self._add(
                "ticket_property_history",
                ticket_id=ticket,
                name="hs_ticket_priority",
                value="HIGH",
                timestamp_instant=opened,
                _fivetran_synced=SYNCED,
            )
            for contact in self.random.sample(self.contact_ids, self.random.choice((0, 1, 1, 2))):
                self._add("ticket_contact", ticket_id=ticket, contact_id=contact, _fivetran_synced=SYNCED)

    def _engagements(self) -> None:
        outcomes: dict[str, tuple[str, list[str]]] = {
            "call": ("property_hs_call_status", ["COMPLETED", "COMPLETED", "", "NO_ANSWER"]),
            "email": ("property_hs_email_status", ["SENT", "SENT", "", "BOUNCED"]),
            "meeting": ("property_hs_meeting_outcome", ["COMPLETED", "SCHEDULED", "", "CANCELED"]),
            "note": ("property_hs_note_body", ["about the customer"]),
            "task": ("property_hs_task_type", ["TODO"]),
        }
        for number in range(900):
            kind = self.random.choice(list(outcomes))
            column, values = outcomes[kind]
            at = self._time()
            engagement = 80_000 + number
            row = self._add(
                f"engagement_{kind}",
                engagement_id=engagement,
                type=kind.upper(),
                property_hs_timestamp=at,
                property_hs_createdate=at + pd.Timedelta(hours=1),
                _fivetran_deleted="true" if number % 67 == 8 else "false",
                _fivetran_synced=SYNCED,
            )
            row[column] = self.random.choice(values)
            if kind == "call":
                row["property_hs_call_disposition"] = NO_ANSWER if number % 7 == 0 else ""
            for contact in self.random.sample(self.contact_ids, self.random.choice((0, 1, 1, 1, 2, 3))):
                self._add(
                    "engagement_contact",
                    engagement_id=engagement,
                    contact_id=contact,
                    type_id=194,
                    _fivetran_synced=SYNCED,
                )
            if number % 3 == 0:
                self._add(
                    "ticket_engagement",
                    ticket_id=70_000 + self.random.randrange(240),
                    engagement_id=engagement,
                    _fivetran_synced=SYNCED,
                )
        for number in range(80):
            self._add(
                "contact_form_submission",
                contact_id=self.random.choice(self.contact_ids),
                conversion_id=f"c{number}",
                form_id="f1",
                timestamp=self._time(),
                _fivetran_synced=SYNCED,
            )
