"""A made-up help desk in the tables of Zendesk's connector: 400 customers, 9 agents, about 900 tickets of half a year.

Keep out what is expected of it: the test works that out from the files.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

# the connector's times are UTC and have no offset
START, END = (datetime(2025, month, 1, tzinfo=UTC).replace(tzinfo=None) for month in (1, 7))
OPENING_DAYS = 145
CUSTOMERS, AGENTS, TICKETS, MERGES = 400, 9, 900, 12
CHANNELS = {"email": 45, "web": 25, "chat": 8, "native_messaging": 4, "voice": 8, "twitter": 4, "mobile": 3, "api": 3}

Row = dict[str, object]


def text(at: datetime | None) -> str:
    """A time as the connector writes it: UTC without an offset."""
    assert at is None or at < END, "the company would know what is ahead: open fewer days"
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


class Desk:
    """The rows of each table while tickets are made."""

    def __init__(self, seed: int) -> None:
        """Open the desk with its users."""
        self.chance = random.Random(seed)
        self.users = [*self._customers(), *self._agents()]
        self.rows: dict[str, list[Row]] = {
            "user": self.users,
            "group": [{"id": 70 + place, "name": f"Group {place}"} for place in range(3)],
            "organization": [{"id": 90, "name": "One company"}],
            "ticket": [],
            "ticket_field_history": [],
            "ticket_comment": [],
            "ticket_tag": [],
            "satisfaction_rating": [],
        }

    def _customers(self) -> Iterator[Row]:
        for place in range(CUSTOMERS):
            yield self._user(10_000 + place, "end-user", f"person{place}@shop.example" if place % 10 else "")

    def _agents(self) -> Iterator[Row]:
        for place in range(AGENTS):
            yield self._user(500 + place, "admin" if place == 0 else "agent", f"agent{place}@desk.example")

    def _user(self, number: int, role: str, email: str) -> Row:
        registered = START - timedelta(days=self.chance.randrange(1, 700), seconds=self.chance.randrange(86_400))
        return {
            "id": number,
            "role": role,
            "email": email,
            "phone": "",
            "external_id": "",
            "active": "TRUE",
            "suspended": "TRUE" if self.chance.random() < 0.03 else "FALSE",
            "locale": self.chance.choice(["en-US", "de", "fr-FR"]),
            "created_at": text(registered),
            "updated_at": text(registered),
        }

    def agent(self) -> object:
        """The id of an agent."""
        return 500 + self.chance.randrange(AGENTS)

    def later(self, at: datetime, hours: float) -> datetime:
        """A time after ``at``, about so many hours."""
        return at + timedelta(seconds=round(1 + self.chance.expovariate(1 / (3600 * hours))))

    def change(self, ticket: object, field: str, at: datetime, value: object) -> None:
        """Record a change of a ticket's field."""
        self.rows["ticket_field_history"].append(
            {"ticket_id": ticket, "field_name": field, "updated": text(at), "user_id": "", "value": value}
        )

    def comment(self, ticket: object, author: object, at: datetime, *, public: bool = True, call: bool = False) -> None:
        """Record a comment."""
        self.rows["ticket_comment"].append(
            {
                "id": 5_000_000 + len(self.rows["ticket_comment"]),
                "ticket_id": ticket,
                "user_id": author,
                "public": str(public).upper(),
                "created": text(at),
                "voice_comment": str(call).upper(),
                "tweet": "FALSE",
                "facebook_comment": "FALSE",
            }
        )

    def play_ticket(self, number: int) -> None:
        """Play one ticket from its first comment to its present status."""
        ticket, opened = self._open_ticket(number)
        solved, at, status = self._solve(number, ticket["requester_id"], self._converse(number, ticket, opened))
        if status == "solved" and self.chance.random() < 0.6:
            at, status = at + timedelta(days=4), "closed"
            self.change(number, "status", at, status)
        elif self.chance.random() < 0.03:
            at, status = self.later(at, 5), "deleted"
            self.change(number, "status", at, status)
        # some exports pad their times
        padding = " " if number % 50 == 0 else ""
        self.rows["ticket"].append({**ticket, "status": status, "updated_at": text(at) + padding})
        if solved is not None:
            self.rate(number, ticket["requester_id"], solved)

    def _open_ticket(self, number: int) -> tuple[Row, datetime]:
        """Open a ticket, and return its row and the time."""
        chance = self.chance
        opened = START + timedelta(seconds=chance.randrange(OPENING_DAYS * 86_400))
        requester = chance.choice(self.users[:CUSTOMERS])["id"]
        channel = chance.choices([*CHANNELS], weights=[*CHANNELS.values()])[0]
        kind = chance.random()
        if kind < 0.02:
            requester = self.agent()
        elif kind < 0.025:
            channel = "sample_ticket"
        by_agent = chance.random() < 0.1
        self.comment(number, self.agent() if by_agent else requester, opened, call=channel == "voice")
        self.change(number, "requester_id", opened, requester)
        self.change(number, "status", opened, "open")
        ticket: Row = {
            "id": number,
            "requester_id": requester,
            "status": "open",
            "type": chance.choice(["question", "incident", "problem", ""]),
            "created_at": text(opened),
            "updated_at": text(opened),
            "via_channel": channel,
            "external_id": "",
            "merged_ticket_ids": "[]",
        }
        return ticket, opened

    def _converse(self, number: int, ticket: Row, at: datetime) -> datetime:
        """Write comments and change the group; the time of the last event."""
        chance = self.chance
        group = chance.choice([70, 71, 72])
        self.change(number, "group_id", at, group)
        for _ in range(chance.randrange(5)):
            at = self.later(at, 9)
            match chance.random():
                case share if share < 0.2:
                    self.comment(number, self.agent(), at, public=False)
                case share if share < 0.65:
                    self.comment(number, self.agent(), at)
                case share if share < 0.9:
                    self.comment(number, ticket["requester_id"], at)
                case _:
                    group = 70 + (group - 69) % 3
                    self.change(number, "group_id", at, group)
        return at

    def _solve(self, number: int, requester: object, at: datetime) -> tuple[datetime | None, datetime, str]:
        """Solve and reopen a ticket; when it was last solved, the time of the last event, and the status."""
        chance, solved, status = self.chance, None, "open"
        while chance.random() < (0.8 if solved is None else 0.12):
            if solved is not None:
                at = self.later(at, 20)
                status = chance.choice(["open", "open", "pending"])
                self.change(number, "status", at, status)
                self.comment(number, requester, at)
            at = self.later(at, 12)
            solved, status = at, "solved"
            self.change(number, "status", at, status)
        return solved, at, status

    def rate(self, ticket: object, requester: object, solved: datetime) -> None:
        """Offer a rating for a solved ticket; some customers answer, and some change the answer."""
        chance = self.chance
        offered = solved + timedelta(hours=24)
        if chance.random() < 0.1:
            self.rating(ticket, requester, "unoffered", solved, solved)
            return
        self.rating(ticket, requester, "offered", offered, offered)
        if chance.random() < 0.35:
            at = self.later(offered, 15)
            self.rating(ticket, requester, "good" if chance.random() < 0.8 else "bad", at, at)
            if chance.random() < 0.1:
                again = self.later(at, 30)
                self.rating(ticket, requester, "good", at, again)

    def rating(self, ticket: object, requester: object, score: str, created: datetime, updated: datetime) -> None:
        """Record a rating."""
        self.rows["satisfaction_rating"].append(
            {
                "id": 9_000_000 + len(self.rows["satisfaction_rating"]),
                "ticket_id": ticket,
                "requester_id": requester,
                "assignee_id": "",
                "group_id": "",
                "score": score,
                "comment": "",
                "reason": "",
                "created_at": text(created),
                "updated_at": text(updated),
            }
        )

    def name_ids_of_another_system(self) -> None:
        """Give two customers the id of a person in another help desk, once with its name."""
        self.users[200]["external_id"] = "2222"
        self.users[201]["external_id"] = "peer:2222"

    def merge_users(self) -> None:
        """Merge pairs of customers: the duplicate is inactive, and its tickets have the other's id."""
        for place in range(MERGES):
            duplicate, kept = 10_000 + 2 * place, 10_001 + 2 * place
            held = [ticket for ticket in self.rows["ticket"] if ticket["requester_id"] == duplicate]
            for ticket in held:
                ticket["requester_id"] = kept
                self.change(ticket["id"], "requester_id", START + timedelta(days=180), kept)
            [user] = [user for user in self.users if user["id"] == duplicate]
            user.update(active="FALSE", updated_at=text(START + timedelta(days=180)))

    def merge_tickets(self) -> None:
        """Merge some tickets into the next one: one half is known by the list of the other, one by the tag alone."""
        tickets = self.rows["ticket"]
        for place in range(30, TICKETS, 60):
            if place % 120 == 30:
                tickets[place + 1]["merged_ticket_ids"] = f"[{tickets[place]['id']}]"
            else:
                self.rows["ticket_tag"].append({"ticket_id": tickets[place]["id"], "tag": "closed_by_merge"})

    def soil(self) -> None:
        """Add rows that no rule admits, and a comment of nobody."""
        self.rows["ticket"].append({**self.rows["ticket"][0], "id": 99_001, "created_at": "yesterday"})
        self.rows["satisfaction_rating"].append({**self.rows["satisfaction_rating"][0], "id": 99_002, "score": "great"})
        self.comment(self.rows["ticket"][5]["id"], -1, START + timedelta(days=3))
        self.rows["user"].append({**self.users[0], "id": ""})


def write_desk(folder: Path, seed: int = 5) -> None:
    """Write the company's tables as CSV files."""
    desk = Desk(seed)
    for place in range(TICKETS):
        desk.play_ticket(1_000 + place)
    desk.name_ids_of_another_system()
    desk.merge_users()
    desk.merge_tickets()
    desk.soil()
    folder.mkdir(parents=True)
    for table, rows in desk.rows.items():
        pd.DataFrame(rows).to_csv(folder / f"{table}.csv", index=False)
