"""Shared by the tests of publications: a tiny warehouse, and versions of it."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.base.paths import Home
from orchestration.config.settings import Retention
from orchestration.publication.publication import Publication
from orchestration.warehouse.warehouse import Warehouse

FIRST, SECOND = date(2026, 1, 5), date(2026, 1, 6)
WINDOWS: dict[str, list[str]] = {"load_dates": [], "taken_load_dates": []}


def build(home: Home, *amounts: int) -> None:
    """Build the file of the next version as a run does: a fact and a mart with one row per amount."""
    warehouse = Warehouse(home, "500MB")
    warehouse.start_empty()
    rows = ", ".join(f"('o{number}', {amount})" for number, amount in enumerate(amounts))
    with warehouse.connect() as connection:
        connection.execute(
            f"""
            use cx360;
            create schema star;
            create schema marts;
            create table star.fct_orders (
                order_key varchar primary key, net_amount integer not null check (net_amount >= 0)
            );
            create table marts.mart_orders (order_key varchar not null, net_amount integer);
            comment on table marts.mart_orders is 'One row per order.';
            comment on column marts.mart_orders.net_amount is 'In euros.';
            insert into star.fct_orders values {rows};
            insert into marts.mart_orders values {rows};
            """
        )


def publication(root: Path, daily_versions: int = 7, weekly_versions: int = 4) -> Publication:
    return Publication(Home(root), Retention(daily_versions=daily_versions, weekly_versions=weekly_versions))


def publish(published: Publication, as_of_date: date, run_id: str, *amounts: int) -> Path:
    """Build and publish a version."""
    build(published.home, *amounts)
    windows: dict[str, Any] = {
        "load_dates": [as_of_date.isoformat()],
        "taken_load_dates": [as_of_date.isoformat()],
        "published_at": "2026-01-06T02:00:00",
    }
    return published.publish(as_of_date, run_id, {"deployment": "demo", **windows})


def put_version(published: Publication, name: str, published_at: str, run_id: str = "run") -> None:
    """Write a version without tables, and point ``current`` at it."""
    folder = published.home.published / "versions" / name
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"version": name, "number": len(published.versions()) + 1, "as_of_date": name[:10], "tables": {}}
    (folder / "manifest.json").write_text(
        json.dumps(facts | WINDOWS | {"published_at": published_at, "run_id": run_id}), "utf-8"
    )
    (folder / "cx360.duckdb").write_text("tables", "utf-8")
    published.current.unlink(missing_ok=True)
    published.current.symlink_to(f"versions/{name}")


def age(published: Publication, hours: int) -> None:
    """Move the modification time of every version back."""
    for folder in (published.home.published / "versions").iterdir():
        then = folder.stat().st_mtime - hours * 3600
        os.utime(folder, (then, then))


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(file.resolve(), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def current_amounts(published: Publication) -> list[int]:
    """The amounts that a reader of ``current`` finds."""
    rows = query(published.current / "cx360.duckdb", "select net_amount from star.fct_orders order by all")
    return [amount for (amount,) in rows]
