"""A made-up survey programme in the tables of Qualtrics's connector: 350 contacts, four surveys, half a year.

The tables are Parquet with types. A small shop lies beside them, whose ids the embedded data hold. Keep out what is
expected: the test works that out from the files.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

# the connector's times are UTC and have no offset
START, END = (datetime(2025, month, 1, tzinfo=UTC).replace(tzinfo=None) for month in (1, 7))
CONTACTS = 350
RELATION, DELIVERY, TEXT_ONLY, OLD = "SV_relation", "SV_delivery", "SV_texts", "SV_old"
LEVELS = 5

Row = dict[str, object]


class Programme:
    """The rows of each table while surveys are sent and answered."""

    def __init__(self, seed: int) -> None:
        """Design the surveys."""
        self.chance = random.Random(seed)
        surveys = [RELATION, DELIVERY, TEXT_ONLY, OLD]
        questions = [("QID1", "MC", "NPS"), ("QID2", "MC", "SAVR"), ("QID4", "Matrix", "Likert"), ("QID9", "TE", "SL")]
        self.rows: dict[str, list[Row]] = {
            "survey": [
                {
                    "id": survey,
                    "survey_name": survey.removeprefix("SV_"),
                    "survey_status": "Active",
                    "last_modified": START,
                    "_fivetran_deleted": survey == OLD,
                    "_fivetran_synced": END - timedelta(hours=2),
                }
                for survey in surveys
            ]
            + [{"id": "SV_block", "survey_name": "Block", "survey_status": "LibBlock", "last_modified": START}],
            "question": [
                {"survey_id": survey, "id": question, "question_type": kind, "selector": selector}
                for survey in surveys
                for question, kind, selector in questions
                if survey != TEXT_ONLY or question == "QID9"
            ],
            # the first choice is the best one; the last is "don't know"
            "question_option": [
                {
                    "survey_id": survey,
                    "question_id": "QID2",
                    "key": key,
                    "recode_value": 99 if key > LEVELS else LEVELS + 1 - key,
                    "text": f"Choice {key}",
                }
                for survey in (RELATION, OLD)
                for key in range(1, LEVELS + 2)
            ],
            "directory_contact": [
                {
                    "directory_id": "POOL_1",
                    "id": f"CID_{place}",
                    "email": f"person{place}@shop.example" if place % 7 else None,
                    "ext_ref": f"C{place}" if place % 7 == 0 else None,
                    "language": "PT-BR" if place % 2 else "EN",
                    "creation_date": START - timedelta(days=30),
                    "last_modified": START - timedelta(days=30),
                }
                for place in range(CONTACTS)
            ],
            "distribution": [],
            "distribution_contact": [],
            "survey_response": [],
            "question_response": [],
            "survey_embedded_data": [],
        }

    def distribution(self, survey: str, kind: str, parent: str | None = None) -> str:
        """Plan a distribution; its id."""
        number = f"EMD_{len(self.rows['distribution'])}"
        self.rows["distribution"].append(
            {
                "id": number,
                "survey_link_survey_id": survey,
                "request_type": kind,
                "parent_distribution_id": parent,
            }
        )
        return number

    def send(self, distribution: str, contact: str, survey: str, status: str, at: datetime | None) -> Row:
        """Record a contact of a distribution."""
        row: Row = {
            "distribution_id": distribution,
            "contact_id": contact,
            "status": status,
            "sent_at": at,
            "opened_at": None,
            "response_id": None,
            "survey_link": f"https://voice.example/jfe/form/{survey}?Q_CHL=email&Q_DL={distribution}",
        }
        self.rows["distribution_contact"].append(row)
        return row

    def respond(self, survey: str, at: datetime, channel: str, *, status: int = 0, email: str | None = None) -> str:
        """Record a response with its answers; its id."""
        chance = self.chance
        number = f"R_{len(self.rows['survey_response'])}"
        is_finished = chance.random() < 0.85
        self.rows["survey_response"].append(
            {
                "id": number,
                "survey_id": survey,
                "distribution_channel": channel,
                "status": status,
                "finished": int(is_finished),
                "progress": 100 if is_finished else 40,
                "start_date": at,
                "end_date": at + timedelta(minutes=4),
                # an unfinished response is recorded when its session ends
                "recorded_date": at + (timedelta(minutes=4) if is_finished else timedelta(days=7)),
                "last_modified_date": at + timedelta(days=7),
                "recipient_email": email,
                "user_language": "EN",
            }
        )
        score = min(10, max(0, round(chance.gauss(7.8, 2.3))))
        if survey != TEXT_ONLY:
            self.answer(number, "QID1", value=score if chance.random() < (0.95 if is_finished else 0.6) else None)
        if survey in {RELATION, OLD} and is_finished:
            choice = chance.choices(range(1, LEVELS + 2), weights=[30, 30, 15, 10, 10, 5])[0]
            self.answer(number, "QID2", value=choice, option=choice)
        if survey == DELIVERY and is_finished:
            self.answer(number, "QID4", value=chance.randint(1, 7), part=1)
            self.answer(number, "QID4", value=chance.randint(2, 7), part=2)
        self.answer(number, "QID9", value=None)
        return number

    def answer(
        self, response: str, question: str, *, value: int | None, option: int | None = None, part: int | None = None
    ) -> None:
        """Record the answer to a question; the connector writes values as text."""
        self.rows["question_response"].append(
            {
                "_fivetran_id": f"h{len(self.rows['question_response'])}=",
                "response_id": response,
                "question_id": question,
                "question_option_key": None if option is None else str(option),
                "sub_question_key": None if part is None else str(part),
                "value": None if value is None else str(value),
            }
        )

    def embed(self, response: str, key: str, value: str) -> None:
        """Record embedded data of a response."""
        self.rows["survey_embedded_data"].append(
            {"response_id": response, "import_id": key, "key": key, "value": value}
        )

    def moment(self, month: int) -> datetime:
        """A time in the first three weeks of a month."""
        return START.replace(month=month) + timedelta(seconds=self.chance.randrange(20 * 86_400))

    def run_month(self, month: int) -> None:
        """Send every survey of a month, remind those who did not answer, and take responses from links."""
        chance = self.chance
        for survey, share in ((RELATION, 0.5), (DELIVERY, 0.6), (TEXT_ONLY, 0.1), (OLD, 0.3 if month < 3 else 0)):
            invite = self.distribution(survey, "Invite")
            reminder = self.distribution(survey, "Reminder", invite)
            thanks = self.distribution(survey, "ThankYou", invite)
            for place in range(CONTACTS):
                if chance.random() < share:
                    self._invite(survey, (invite, reminder, thanks), f"CID_{place}", month)
        links = self.distribution(DELIVERY, "GeneratedInvite")
        for place in range(0, CONTACTS, 25):
            at = self.moment(month)
            row = self.send(links, f"CID_{place}", DELIVERY, "Pending", at)
            if place % 50 == 0:
                row["opened_at"] = at + timedelta(hours=5)
            if place % 100 == 0:
                row["response_id"] = self.respond(DELIVERY, at + timedelta(hours=6), "gl")
        self.send(self.distribution(RELATION, "TestEmail"), "CID_1", RELATION, "Success", self.moment(month))
        for place in range(12):
            response = self.respond(RELATION, self.moment(month), "anonymous")
            if place < 5:
                self.embed(response, "customer_no", f"C{place}")
                self.embed(response, "order_no", f"O{place}")
            self.embed(response, "Browser", "Any")
        self.respond(RELATION, self.moment(month), "email", email="Person1@shop.example ")
        self.respond(RELATION, self.moment(month), "preview")
        self.respond(RELATION, self.moment(month), "anonymous", status=1)
        self.respond(RELATION, self.moment(month), "anonymous", status=8)

    def _invite(self, survey: str, distributions: tuple[str, str, str], contact: str, month: int) -> None:
        chance = self.chance
        invite, reminder, thanks = distributions
        status = chance.choices(["Success", "HardBounce", "Failure", "Skipped", "Pending"], weights=[90, 3, 2, 3, 2])[0]
        at = None if status == "Skipped" else self.moment(month)
        row = self.send(invite, contact, survey, status, at)
        if status != "Success" or at is None:
            return
        if chance.random() < 0.25:
            row["response_id"] = self.respond(survey, at + timedelta(hours=8), "email")
            row["status"] = "SurveyFinished"
        elif chance.random() < 0.4:
            repeated = self.send(reminder, contact, survey, "Success", at + timedelta(days=3))
            if chance.random() < 0.15:
                repeated["response_id"] = self.respond(survey, at + timedelta(days=3, hours=8), "email")
        if row["response_id"]:
            self.send(thanks, contact, survey, "Success", at + timedelta(days=1))


REFERENCE: dict[str, list[tuple[object, ...]]] = {
    "questions": [
        ("survey", "question", "metric", "scale_min", "scale_max"),
        (RELATION, "QID2", "csat", 1, 5),
        (DELIVERY, "QID4_2", "ces", 1, 7),
        ("SV_7Uw1HuxpN0OxbVQ", "QID2", "csat", 1, 3),
    ],
    "external_ids": [
        ("system", "field", "entity", "refers_to"),
        ("voice", "directory_contact.ext_ref", "customers", "shop"),
        ("voice", "survey_embedded_data.customer_no", "customers", "shop"),
        ("voice", "survey_embedded_data.order_no", "orders", "shop"),
    ],
    "touchpoints": [
        ("touchpoint", "touchpoint_name", "journey_stage", "channel", "owner_department", "touchpoint_type"),
        ("delivery", "Delivery", "onboarding", "", "logistics", "outbound"),
    ],
}
"""The reference data of the deployment, the header of each file first."""


def write_programme(folder: Path, seed: int = 9) -> None:
    """Write the tables as Parquet files, and those of the shop as CSV."""
    programme = Programme(seed)
    for month in range(1, 7):
        programme.run_month(month)
    (folder / "voice").mkdir(parents=True)
    for table, rows in programme.rows.items():
        pd.DataFrame(rows).to_parquet(folder / "voice" / f"{table}.parquet", index=False)
    shop = pd.DataFrame(
        {
            "order_no": [f"O{place}" for place in range(40)],
            "customer_no": [f"C{place}" for place in range(40)],
            "amount": ["10.00"] * 40,
            "placed": [str(START + timedelta(days=place)) for place in range(40)],
        }
    )
    (folder / "shop").mkdir()
    shop.to_csv(folder / "shop" / "orders.csv", index=False)
