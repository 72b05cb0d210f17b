"""One built night of a ready CRM: public rows of the connector beside a made-up company, as two systems."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from tests.integration.conftest import Company
from tests.integration.systems.folders import copy_public_rows, peers_folder

Rows = Sequence[Mapping[str, object]]


def built_night(
    root: Path, deployment: str, made_up: Mapping[str, Rows], system: str, references: Mapping[str, str]
) -> Company:
    """Build a night of a deployment that reads made-up files from ``own/`` and the public ones from ``peers/``.

    Args:
        made_up: the rows of each file, by its name.
        system: the ready system.
        references: the files of ``reference/``, by name.
    """
    extracts, folder = root / "extracts", root / "deployments" / "acme"
    (folder / "reference").mkdir(parents=True)
    (folder / "deployment.yml").write_text(deployment, encoding="utf-8")
    for name, text in references.items():
        (folder / "reference" / f"{name}.csv").write_text(text, encoding="utf-8")
    (extracts / "own").mkdir(parents=True)
    for name, rows in made_up.items():
        with (extracts / "own" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(column for row in rows for column in row)))
            writer.writeheader()
            writer.writerows(rows)
    copy_public_rows(system, extracts / "peers")
    night = Company(load_deployment(str(folder)), Home(root / "acme"), extracts)
    night.succeed()
    return night


def delivered(night: Company, name: str) -> pd.DataFrame:
    """A made-up file as text, with blanks for what is missing."""
    return pd.read_csv(night.extracts / "own" / f"{name}.csv", dtype=str, keep_default_na=False)


def public_rows(system: str, name: str) -> pd.DataFrame:
    """A public file as text; skips the test without it."""
    return pd.read_csv(peers_folder(system) / f"{name}.csv", dtype=str, keep_default_na=False)


def moments(times: pd.Series) -> pd.Series:
    """Times as text in UTC; blanks are missing."""
    return pd.to_datetime(times.str.strip().replace("", None), format="ISO8601")


class Groups:
    """Records that are one customer: a record leads to the first of its group (union and find)."""

    def __init__(self) -> None:
        self._leaders: dict[str, str] = {}

    def join(self, first: str, second: str) -> None:
        """Make two records one customer."""
        self._leaders[self.leader(second)] = self.leader(first)

    def leader(self, record: str) -> str:
        """The record that stands for the group."""
        while (leader := self._leaders.setdefault(record, record)) != record:
            record = leader
        return record


def customers_of(night: Company, system: str) -> dict[str, str]:
    """The published customer of each record of a system."""
    found = night.query(f"select source_id, customer_id from star.map_customer_identities where system = '{system}'")
    return {str(record): str(customer) for record, customer in found}


def same_groups(records: Mapping[str, str], groups: Mapping[str, str]) -> bool:
    """Whether two divisions of the same records are the same."""
    pairs = {(records[record], groups[record]) for record in records}
    return records.keys() == groups.keys() and len(pairs) == len(set(records.values())) == len(set(groups.values()))
