"""A made-up company in Salesforce's shape, as Fivetran lands it, with and without history mode."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd

CONTACTS = 300
FIRST_DAY = pd.Timestamp("2024-01-08 06:00:00")
DAYS = 700
"""All happens before the history ends, on 2026-01-31."""
INDUSTRIES = ("Energy", "Banking", "Media")
SYNCED = "2026-01-31 03:00:00"
NEVER = "9999-12-31 23:59:59"
HISTORY_ONLY = 25
"""So many contacts and opportunities are in history mode alone."""

Row = dict[str, Any]


def long_id(prefix: str, number: int) -> str:
    """An id of 18 characters. Every second one differs from the one before in upper and lower case alone."""
    letter = "aA"[number % 2]
    short = f"{prefix}5e{number // 2:06d}{letter}xYz"
    parts = (short[0:5], short[5:10], short[10:15])
    marks = [sum(1 << place for place, char in enumerate(part) if char.isupper()) for part in parts]
    return short + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[mark] for mark in marks)


class SalesforceCompany:
    """The rows of each table; every random choice comes from one seed."""

    def __init__(self, seed: int = 9) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[Row]] = {}
        self.accounts = [long_id("001", number) for number in range(90)]
        self.contacts = [long_id("003", number) for number in range(CONTACTS)]
        self.leads = [long_id("00Q", number) for number in range(80)]
        self.cases = [long_id("500", number) for number in range(200)]
        self._accounts()
        self._contacts()
        self._leads()
        self._cases()
        self._activities()
        self._opportunities()

    def _add(self, table: str, **row: Any) -> Row:
        self.tables.setdefault(table, []).append({**row, "_fivetran_synced": SYNCED})
        return row

    def _time(self, after: pd.Timestamp = FIRST_DAY, days: int = DAYS) -> pd.Timestamp:
        return after + pd.Timedelta(seconds=self.random.randrange(1, days * 86_400))

    def _person(self) -> str:
        """A contact or a lead, in one of the two forms of an id."""
        person = self.random.choice(self.contacts + self.leads)
        return person if self.random.random() < 0.8 else person[:15]

    def _accounts(self) -> None:
        for number, account in enumerate(self.accounts):
            is_person, created, changed = (
                number >= 70,
                self._time(days=100),
                self._time(pd.Timestamp("2025-03-01"), 100),
            )
            has_history, later = not is_person and number % 2 == 1, INDUSTRIES[number % 3]
            self._add(
                "account",
                id=account,
                name=f"Account {number}",
                industry="" if is_person else later,
                is_deleted="false",
                is_person_account=is_person,
                person_contact_id=self.contacts[number] if is_person else "",
                person_email=f"person{number}@mail.example" if is_person else "",
                created_date=created,
                system_modstamp=changed if has_history else created,
            )
            # the industry changed once; the account shows the later one
            versions = ((INDUSTRIES[(number + 1) % 3], created, changed), (later, changed, NEVER))
            for industry, start, end in versions if has_history else ():
                self._add(
                    "account_history",
                    id=account,
                    industry=industry,
                    is_deleted="false",
                    is_person_account="false",
                    created_date=created,
                    _fivetran_start=start,
                    _fivetran_end=end,
                    _fivetran_active=end == NEVER,
                )

    def _contacts(self) -> None:
        for number, contact in enumerate(self.contacts):
            created = self._time(days=300)
            # a person account has its own contact; some accounts have one contact, most have several
            account = self.accounts[number if number < 90 else number % 60]
            values = {
                "id": contact,
                "account_id": account,
                "email": f"person{number}@mail.example",
                "first_name": f"First{number}",
                "last_name": f"Last{number}",
                "mailing_country": "Germany",
                "mailing_country_code": "DE",
                "created_date": created,
            }
            if number >= CONTACTS - HISTORY_ONLY:
                # in history mode alone: an earlier version, and a later one that has ended if the contact was deleted
                changed, deleted = created + pd.Timedelta(days=10), number % 5 == 0
                ended = changed + pd.Timedelta(days=200) if deleted else NEVER
                for start, end in ((created, changed), (changed, ended)):
                    self._add(
                        "contact_history",
                        **values,
                        is_deleted="false",
                        master_record_id="",
                        _fivetran_start=start,
                        _fivetran_end=end,
                        _fivetran_active=end == NEVER,
                    )
            else:
                # every twelfth was merged into the one before, which has another address
                is_merged = number % 12 == 5
                master = self.contacts[number - 1] if is_merged else ""
                self._add(
                    "contact",
                    **values,
                    is_deleted=is_merged,
                    master_record_id=master[:15] if number % 24 == 5 else master,
                    system_modstamp=created + pd.Timedelta(days=20),
                )

    def _leads(self) -> None:
        for number, lead in enumerate(self.leads):
            created, converted = self._time(days=300), number % 2 == 0
            self._add(
                "lead",
                id=lead,
                email=f"lead{number}@mail.example",
                first_name=f"Lead{number}",
                is_deleted="false",
                is_converted=converted,
                converted_contact_id=self.contacts[2 * number + 100] if converted else "",
                created_date=created,
                system_modstamp=created,
            )

    def _cases(self) -> None:
        for number, (label, closed) in enumerate(
            (("New", False), ("Working", False), ("Solved", True), ("Closed", True))
        ):
            # nobody delivered the last one: its name says that it is a closed one
            if label != "Closed":
                self._add("case_status", id=f"01J{number}", master_label=label, is_closed=closed)
        changes = 0
        for number, case in enumerate(self.cases):
            opened = self._time(days=600)
            path, at = ["New"], [opened]
            for turn in range(self.random.randrange(4)):
                path.append(("Solved", "Closed")[number % 2] if turn % 2 == 0 else "Working")
                at.append(self._time(at[-1], 10))
            is_closed = path[-1] in {"Solved", "Closed"}
            is_merged = number % 29 == 7
            self._add(
                "case",
                id=case,
                contact_id="" if number % 6 == 0 else self.random.choice(self.contacts),
                master_record_id=self.cases[number - 1] if is_merged else "",
                origin=self.random.choice(("Phone", "Email", "Web", "Other")),
                reason="",
                type="Question",
                is_closed=is_closed,
                created_date=opened,
                closed_date=at[-1] if is_closed else "",
                is_deleted=number % 41 == 3,
                system_modstamp=at[-1],
            )
            for place in range(1, len(path)):
                changes += 1
                self._add(
                    "case_history",
                    id=f"017{changes:05d}",
                    case_id=case,
                    field="Status",
                    old_value=path[place - 1],
                    new_value=path[place],
                    created_date=at[place],
                    is_deleted="false",
                )
            self._add(
                "case_history",
                id=f"017x{number:04d}",
                case_id=case,
                field="Owner",
                old_value="Closed",
                new_value="Working",
                created_date=opened,
                is_deleted="false",
            )

    def _activities(self) -> None:
        for number in range(600):
            at = self._time()
            is_task = number % 3 > 0
            values = {
                "id": long_id("00T" if is_task else "00U", number),
                "who_id": self._person() if number % 7 else "",
                "account_id": self.random.choice(self.accounts) if number % 14 else "",
                "what_id": self.random.choice(self.cases) if number % 5 == 0 else "",
                "type": self.random.choice(("Call", "Email", "Meeting", "Other")),
                "is_recurrence": number % 31 == 1,
                "is_deleted": number % 53 == 1,
                "created_date": at - pd.Timedelta(days=3),
                "system_modstamp": at,
            }
            if is_task:
                done = number % 11 > 0
                self._add(
                    "task",
                    **values,
                    task_subtype=self.random.choice(("Task", "Task", "Call", "Email")),
                    status="Completed" if done else "Open",
                    is_closed=done,
                    activity_date=at.date(),
                    completed_date_time=at if done and number % 4 else "",
                )
            else:
                self._add("event", **values, is_child=number % 13 == 0, start_date_time=at, activity_date=at.date())

    def _opportunities(self) -> None:
        roles = 0
        for number in range(600):
            opportunity, closes = long_id("006", number), self._time()
            stage = self.random.choice(("open", "won", "won", "lost"))
            values = {
                "id": opportunity,
                "account_id": self.random.choice(self.accounts),
                "amount": "" if number % 71 == 3 else f"{self.random.randrange(10_000, 900_000) / 100:.2f}",
                "currency_iso_code": "USD" if number % 67 == 5 else "EUR",
                # a day without a time, as the API has it
                "close_date": closes.date(),
                "is_deleted": number % 61 == 4,
            }
            won = {"is_won": stage == "won", "is_closed": stage != "open"}
            if number < HISTORY_ONLY:
                # in history mode alone: open before it was closed
                self._add(
                    "opportunity_history",
                    **values,
                    is_won="false",
                    is_closed="false",
                    _fivetran_active="false",
                    _fivetran_start=FIRST_DAY,
                    _fivetran_end=closes,
                )
                self._add(
                    "opportunity_history",
                    **values,
                    **won,
                    _fivetran_active="true",
                    _fivetran_start=closes,
                    _fivetran_end=NEVER,
                )
            else:
                self._add(
                    "opportunity",
                    **values,
                    **won,
                    contact_id=self.random.choice(self.contacts) if number % 4 == 0 else "",
                    system_modstamp=closes,
                )
            for contact in self.random.sample(self.contacts, number % 3):
                roles += 1
                self._add(
                    "opportunity_contact_role",
                    id=f"00K{roles:06d}",
                    opportunity_id=opportunity,
                    contact_id=contact,
                    is_primary=number % 3 == 2 and roles % 2 == 0,
                    is_deleted="false",
                )
