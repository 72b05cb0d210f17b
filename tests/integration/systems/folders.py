"""The landed shapes of the peers' public packages, which are not part of the project, and made-up deployments."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from orchestration.base.paths import PROJECT, Home
from orchestration.config.deployment import load_deployment
from tests.integration.conftest import Company

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[4] / "shared" / "data" / "peers"
TOLERANT = {"unknown_code_rate": 1.0, "rejected_rate": 0.05}


def public_rows(system: str) -> Path | None:
    """The rows of a peer's package; None if they are not on this machine."""
    folder = Path(os.environ.get("CX360_PEERS") or BESIDE_THE_PROJECT).resolve() / system
    return folder if folder.is_dir() else None


def peers_folder(system: str) -> Path:
    """The same for a test of these rows alone, which is skipped without them."""
    folder = public_rows(system)
    if folder is None:
        pytest.skip(f"no rows of {system}: neither CX360_PEERS nor ../shared/data/peers names a folder")
    return folder


def copy_public_rows(system: str, target: Path) -> None:
    """Copy the rows to the extracts; without them all tables of the system are absent, and the others are tested."""
    target.mkdir(parents=True)
    if folder := public_rows(system):
        shutil.copytree(folder, target, dirs_exist_ok=True)


def made(root: Path, extracts: Path, systems: dict[str, Any], history: date) -> Company:
    """A company in dollars with its deployment folder below ``root``, without a run."""
    folder = root / "deployments" / "made_up"
    folder.mkdir(parents=True)
    written = {
        "timezone": "UTC",
        "currency": "USD",
        "history_load_date": history,
        "owner": "data@example.com",
        "identity": {"country_calling_code": "1"},
        "limits": TOLERANT,
        "presence": {"severity": "off"},
        "systems": systems,
    }
    (folder / "deployment.yml").write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    deployment = load_deployment(str(folder))
    return Company(deployment, Home(root / deployment.name), extracts)


def rejected(company: Company) -> dict[str, list[str]]:
    """The reasons of every row in quarantine, by its id."""
    files = company.home.quarantine.rglob("*.parquet")
    rows = pd.concat([pd.read_parquet(file) for file in files])
    return {
        json.loads(text)["id"]: list(reasons) for text, reasons in zip(rows["row_text"], rows["reasons"], strict=True)
    }


def undocumented(system: str, tables: Iterable[str]) -> set[str]:
    """The tables that are neither in the ready system nor on its page."""
    folder = PROJECT / "systems" / system
    taken = yaml.safe_load((folder / "system.yml").read_text(encoding="utf-8"))["tables"]
    page = (folder / "README.md").read_text(encoding="utf-8")
    return {table for table in tables if table not in taken and f"`{table}`" not in page}


def company_of(
    root: Path, settings: Mapping[str, Any], extracts: Path, reference: Mapping[str, Sequence[tuple[object, ...]]]
) -> Company:
    """A company without a run whose deployment is a folder below ``root``.

    Args:
        settings: the content of deployment.yml.
        reference: the rows of each file of reference/, the header first.
    """
    folder = root / "deployments" / "helpline"
    (folder / "reference").mkdir(parents=True)
    (folder / "deployment.yml").write_text(yaml.safe_dump(dict(settings), sort_keys=False), encoding="utf-8")
    for name, rows in reference.items():
        with (folder / "reference" / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)
    deployment = load_deployment(str(folder))
    return Company(deployment, Home(root / "homes" / deployment.name), extracts)
