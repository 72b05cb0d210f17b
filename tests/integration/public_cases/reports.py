"""The public bug reports as deliveries of the small company, if their folder exists.

Each report is a folder of small files with ids of their own, so that all of them share one company and two runs. Rows
that only name their customer are completed by columns that the small company requires.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.company import HISTORY, NIGHT, Market

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[4] / "shared" / "data" / "cases"
SHOP = ("customers", "orders", "order_lines", "refunds", "periods")
REQUIRED = {
    "customers": {"customer_group": "retail", "created": "2025-01-10 09:00:00"},
    "order_lines": {"quantity": "1"},
}
# columns of systems that the small company does not have
FOREIGN = ("is_test", "is_gift_card", "merged_into")
# the reports of the first two folders have the same ids
FIRST_ORDER = {"MN1": "MN9", "M1": "M9", "mn1@example.com": "mn9@example.com"}
# reports whose orders or contracts name a customer that they do not deliver
CUSTOMERS = {"ED1": "retail", **{f"SU{number}": "contracts" for number in range(1, 7)}}

Rows = dict[str, list[dict[str, Any]]]


def reports_folder() -> Path:
    """The folder of the reports; skips the test without it."""
    folder = Path(os.environ.get("CX360_CASES") or BESIDE_THE_PROJECT).resolve()
    if not folder.is_dir():
        pytest.skip("no bug reports: neither CX360_CASES nor ../shared/data/cases names a folder")
    return folder


def deliver(market: Market, folder: Path) -> None:
    """Write the history and the night with the rows of every report, and the Parquet files as they are."""
    history: Rows = {"market_shop__customers": [_customer(number, group) for number, group in CUSTOMERS.items()]}
    for report in sorted(path for path in folder.iterdir() if path.is_dir()):
        renamed = FIRST_ORDER if report.name.startswith("02") else {}
        for table in SHOP:
            _add(history, f"market_shop__{table}", _csv(report / f"{table}.csv", renamed, REQUIRED.get(table, {})))
        _add(history, "market_help__users", _jsonl(report / "users.jsonl"))
        _add(history, "market_survey__answers", _jsonl(report / "answers.jsonl"))
        _add(history, "market_till__orders", _csv(report / "till.csv"))
    _add(history, "market_survey__answers", [_answer()])
    removed = folder / "06-removed-order-line"
    night = {
        f"market_shop__{table}": _csv(removed / f"{NIGHT}_{table}.csv", None, REQUIRED.get(table, {}))
        for table in ("orders", "order_lines")
    }
    market.deliver(HISTORY, history)
    market.deliver(NIGHT, night)
    extracts = market.copy.root / "data" / "market" / "extracts"
    floats, nulls = folder / "07-float-buyer-ids-parquet", folder / "39-null-typed-parquet-column"
    for table in ("customers", "orders"):
        shutil.copy(floats / f"{table}.parquet", extracts / HISTORY / "market_pos" / f"{table}.parquet")
    shutil.copy(nulls / f"{NIGHT}_customers.parquet", extracts / NIGHT / "market_pos" / "customers.parquet")
    shutil.copy(nulls / f"{NIGHT}_orders_empty.parquet", extracts / NIGHT / "market_pos" / "orders.parquet")
    shutil.copy(folder / "22-empty-jsonl" / "tickets.jsonl", extracts / HISTORY / "market_help" / "tickets.jsonl")


def _add(rows: Rows, table: str, found: list[dict[str, Any]]) -> None:
    if found:
        rows.setdefault(table, []).extend(found)


def _csv(
    path: Path, renamed: dict[str, str] | None = None, required: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {
                **(required or {}),
                **{name: (renamed or {}).get(value, value) for name, value in row.items() if name not in FOREIGN},
            }
            for row in csv.DictReader(file)
        ]


def _jsonl(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [{name: value for name, value in json.loads(line).items() if name not in FOREIGN} for line in lines if line]


def _customer(number: str, group: str) -> dict[str, str]:
    address = f"{number.lower()}@example.com"
    return {"customer_no": number, "email": address, "customer_group": group, "created": "2024-01-10 09:00:00"}


def _answer() -> dict[str, Any]:
    """An ordinary answer beside the one that is dated ahead."""
    question = {"response": "ok", "question": "q1", "survey": "nps", "email": "fine@example.com"}
    return {**question, "low": 0, "high": 10, "answer": 9, "answered_at": "2026-10-01T10:00:00Z"}
