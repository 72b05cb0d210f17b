"""The expected scores of the demo company, calculated by pandas from its extract files.

It uses neither the warehouse nor the project's code. Records are linked by their ids, e-mail addresses and phone
numbers, and answers are grouped by the attributes of their customer at the time of the answer.
"""

import gzip
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pandas as pd

ZONE = "Europe/Berlin"
TOUCHPOINTS = Path(__file__).resolve().parents[3] / "deployments" / "demo" / "reference" / "touchpoints.csv"

Counts = tuple[int, int, int, int]
"""Answers, promoters, passives, detractors."""

GRAINS = {"month": "M", "quarter": "Q"}
"""The grains of the NPS marts, as pandas names their periods."""


class Extracts:
    """All extract files of a demo company."""

    def __init__(self, folder: Path) -> None:
        """Read the extracts in ``folder``: the history, and one folder per night."""
        self.drops = [folder / "history", *sorted(path for path in folder.iterdir() if path.name[:2] == "20")]
        self.as_of = date.fromisoformat(self.drops[-1].name) + timedelta(days=1)

    def _files(self, name: str) -> Iterator[Path]:
        yield from (path for drop in self.drops if (path := drop / name).exists())

    def _lines(self, name: str) -> pd.DataFrame:
        texts = (
            gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            for file in self._files(name)
        )
        return pd.DataFrame([json.loads(line) for text in texts for line in text.splitlines() if line])

    def _csv(self, name: str) -> pd.DataFrame:
        return pd.concat([pd.read_csv(file, dtype=str) for file in self._files(name)], ignore_index=True)

    def _parquet(self, name: str) -> pd.DataFrame:
        return pd.concat([pd.read_parquet(file) for file in self._files(name)], ignore_index=True)

    @cached_property
    def customers(self) -> pd.DataFrame:
        """Every version of every record of a person: system, id, at, segment, and its linking values."""
        versions = pd.concat(self._records(), ignore_index=True)
        versions["at"] = [pd.Timestamp(at).tz_convert("UTC") for at in versions["updated_at"]]
        return versions

    def _records(self) -> list[pd.DataFrame]:
        """By system, the versions of its records: system, id, updated_at, and the referenced system and id."""
        crm = self._csv("crm/customers.csv").assign(system="crm", id=lambda rows: rows["customer_id"])
        accounts = self._parquet("shop/accounts.parquet").assign(
            system="shop", id=lambda rows: rows["buyer_id"], named="crm", named_id=lambda rows: rows["crm_customer_id"]
        )
        contacts = self._lines("survey_tool/contacts.jsonl.gz").assign(
            system="survey_tool",
            id=lambda rows: rows["contact_id"],
            named="crm",
            named_id=lambda rows: rows["crm_customer_id"],
        )
        visitors = self._lines("tracking/visitors.jsonl").assign(
            system="tracking",
            id=lambda rows: rows["visitor_id"],
            updated_at=lambda rows: rows["identified_at"],
            named="shop",
            named_id=lambda rows: rows["account_id"],
        )
        return [crm, accounts, contacts, visitors]

    @cached_property
    def person_of(self) -> dict[tuple[str, str], int]:
        """The person of each record; records of a person reference each other or share an address or a number."""
        graph = nx.Graph()
        for row in self.customers.to_dict("records"):
            record = (row["system"], row["id"])
            graph.add_node(record)
            if isinstance(row["named_id"], str):
                graph.add_edge(record, (row["named"], row["named_id"]))
            if isinstance(row["email"], str):
                graph.add_edge(record, ("address", row["email"].strip().lower()))
            if isinstance(row["phone"], str):
                digits = "".join(filter(str.isdigit, row["phone"]))
                bare = digits.removeprefix("00") if digits.startswith("00") else digits
                is_whole = row["phone"].strip()[0] == "+" or bare != digits
                graph.add_edge(record, ("number", bare if is_whole else f"49{digits.removeprefix('0')}"))
        people = nx.connected_components(graph)
        return {record: person for person, records in enumerate(people) for record in records}

    @cached_property
    def _segments(self) -> dict[int, tuple[list[pd.Timestamp], list[str]]]:
        """By person, the known segments with their start."""
        known: dict[int, list[tuple[pd.Timestamp, str | None]]] = defaultdict(list)
        for row in self.customers.to_dict("records"):
            segment = row["segment"] if row["system"] == "crm" else None
            known[self.person_of[row["system"], row["id"]]].append((row["at"], segment))
        by_person = {}
        for person, versions in known.items():
            times, segments, current = [], [], "unknown"
            for at, segment in sorted(versions, key=lambda version: version[0]):
                current = segment or current
                times.append(at)
                segments.append(current)
            by_person[person] = (times, segments)
        return by_person

    def segment(self, person: int | None, at: pd.Timestamp) -> str:
        """The segment of a person at a time; before the first known segment, that one."""
        if person is None:
            return "unknown"
        times, segments = self._segments[person]
        position = bisect_right(times, at)
        return segments[max(position, bisect_right(times, times[0])) - 1]

    @cached_property
    def orders(self) -> dict[int, list[tuple[pd.Timestamp, date]]]:
        """By person, the times of the orders that were not canceled."""
        rows = self._parquet("shop/orders.parquet").sort_values("updated_at", kind="stable")
        rows = rows.drop_duplicates("order_number", keep="last")
        placed: dict[int, list[tuple[pd.Timestamp, date]]] = defaultdict(list)
        for row in rows[rows["status"] != "canceled"].sort_values("ordered_at").to_dict("records"):
            person = self.person_of.get(("shop", row["buyer_id"]))
            if person is not None:
                placed[person].append((row["ordered_at"], row["ordered_at"].tz_convert(ZONE).date()))
        return placed

    def stage(self, person: int | None, at: pd.Timestamp) -> str:
        """The lifecycle stage of a person at a time, from the earlier orders."""
        if person is None:
            return "unknown"
        days = [day for placed_at, day in self.orders.get(person, []) if placed_at <= at]
        if not days:
            return "prospect"
        today = at.tz_convert(ZONE).date()
        returned = [day for before, day in pairwise(days) if (day - before).days > 365]
        if returned and (today - returned[-1]).days <= 90:
            return "won_back"
        if (today - days[0]).days <= 90:
            return "new"
        since = (today - days[-1]).days
        return "active" if since <= 180 else "at_risk" if since <= 365 else "lapsed"

    def active_people(self, end: date) -> set[int]:
        """People with an order within 180 days before the day ``end``."""
        return {
            person
            for person, placed in self.orders.items()
            if any(day < end and (end - day).days <= 180 for _, day in placed)
        }

    @cached_property
    def surveys(self) -> pd.DataFrame:
        """By survey: its type, touchpoint and journey stage; the last two do not apply to relational ones."""
        rows = self._lines("survey_tool/surveys.jsonl.gz").drop_duplicates("survey_id").set_index("survey_id")
        stages = pd.read_csv(TOUCHPOINTS).set_index("touchpoint")["journey_stage"]
        rows["journey_stage"] = rows["touchpoint"].map(stages)
        rows.loc[rows["survey_type"] == "relational", ["touchpoint", "journey_stage"]] = "not_applicable"
        return rows[["survey_name", "survey_type", "touchpoint", "journey_stage"]]

    @cached_property
    def answers(self) -> pd.DataFrame:
        """One row per answer, with its day and the attributes of its customer at that time."""
        responses = self._lines("survey_tool/responses.jsonl.gz").drop_duplicates("response_id")
        rows = responses.explode("answers", ignore_index=True)
        rows = rows.drop(columns="answers").join(pd.json_normalize(rows["answers"].tolist()))
        return self._known(rows, "submitted_at")

    @cached_property
    def invitations(self) -> pd.DataFrame:
        """One row per invitation, with the day of sending."""
        rows = self._lines("survey_tool/invitations.jsonl.gz").sort_values("updated_at", kind="stable")
        rows = rows.drop_duplicates("invitation_id", keep="last", ignore_index=True)
        rows["is_answered"] = rows["invitation_id"].isin(self.answers["invitation_id"])
        rows["is_delivered"] = rows["delivered_at"].notna() | rows["is_answered"]
        return self._known(rows, "sent_at")

    def _known(self, rows: pd.DataFrame, time: str) -> pd.DataFrame:
        at = [pd.Timestamp(text).tz_convert("UTC") for text in rows[time]]
        people = [self.person_of.get(("survey_tool", contact)) for contact in rows["contact_id"]]
        rows = rows.join(self.surveys, on="survey_id")
        rows["person"] = pd.array(people, dtype="Int64")
        rows["segment"] = [self.segment(*key) for key in zip(people, at, strict=True)]
        rows["lifecycle_stage"] = [self.stage(*key) for key in zip(people, at, strict=True)]
        rows["day"] = [moment.tz_convert(ZONE).date() for moment in at]
        rows["month"] = [day.replace(day=1) for day in rows["day"]]
        return rows[rows["day"] < self.as_of]


def nps_counts(extracts: Extracts, *groups: str) -> dict[tuple[object, ...], Counts]:
    """Answers to the NPS question by the name of a grain, first day of the period, and the given groups."""
    nps = extracts.answers.query("metric == 'nps'")
    found: dict[tuple[object, ...], Counts] = {}
    for name, frequency in GRAINS.items():
        for period in pd.period_range(nps["day"].min(), extracts.drops[-1].name, freq=frequency):
            inside = nps[nps["day"].between(period.start_time.date(), period.end_time.date())]
            for group, rows in inside.groupby(list(groups)):
                values = list(rows["value"])
                promoters = sum(value >= 9 for value in values)
                detractors = sum(value <= 6 for value in values)
                passives = len(values) - promoters - detractors
                found[name, period.start_time.date(), *group] = (len(values), promoters, passives, detractors)
    return found


def of_every_grain(mart: str, columns: str) -> str:
    """Return the query of these columns in the months and the quarters of a mart, each with its grain and first day."""
    return (
        f"select 'month', month_start_date, {columns} from marts.{mart}"
        f" union all select 'quarter', quarter_start_date, {columns} from marts.{mart}_quarterly"
    )


def nps_changes(extracts: Extracts) -> dict[tuple[object, ...], tuple[Counts, Counts]]:
    """By grain, first day, survey type, segmentation and group: the answers, and those of the period before."""
    none = (0, 0, 0, 0)
    found: dict[tuple[object, ...], tuple[Counts, Counts]] = {}
    for segmentation in ("total", "segment", "lifecycle_stage", "journey_stage"):
        groups = ["survey_type"] if segmentation == "total" else ["survey_type", segmentation]
        counts = {
            (name, first, survey_type, segmentation, *(group or ("all",))): sides
            for (name, first, survey_type, *group), sides in nps_counts(extracts, *groups).items()
            if (survey_type, segmentation) != ("relational", "journey_stage")
        }
        for (name, first, *rest), now in counts.items():
            period = pd.Period(str(first), freq=GRAINS[str(name)])
            before = counts.get((name, (period - 1).start_time.date(), *rest), none)
            found[name, first, *rest] = (now, before)
            if (period + 1).start_time.date().isoformat() <= extracts.drops[-1].name:
                following = (name, (period + 1).start_time.date(), *rest)
                found.setdefault(following, (counts.get(following, none), now))
    return found


def score_values(extracts: Extracts) -> pd.DataFrame:
    """The value of each answer for each score, on the scales of the demo's surveys."""
    rules: dict[tuple[str, str], Callable[[pd.Series], pd.Series]] = {
        ("nps", "nps"): lambda value: (value >= 9).astype(int) - (value <= 6).astype(int),
        ("csat", "csat"): lambda value: value >= 4,
        ("ces", "ces_mean"): lambda value: value,
        ("ces", "ces_easy"): lambda value: value >= 5,
        ("ces", "ces_high_effort"): lambda value: value <= 3,
        ("vs_expectation", "met_or_exceeded"): lambda value: value >= 3,
        ("vs_expectation", "exceeded"): lambda value: value >= 4,
    }
    parts = []
    for (metric, score), rule in rules.items():
        rows = extracts.answers[extracts.answers["metric"] == metric]
        parts.append(rows.assign(score=score, adds=rule(rows["value"]).astype(int)))
    return pd.concat(parts, ignore_index=True)
