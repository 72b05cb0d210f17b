"""Serves the demo's extracts as two web services: each record belongs to the window of its night.

The survey tool pages by cursor, number and next address and requires a token; the interaction log pages by offset and
requires a key. Both reject every seventh request.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from orchestration.config.deployment import Deployment
from orchestration.config.web_services import Rest, RestTable
from tests.unit.connectors.services import Reply, Request, service

TOKEN, KEY = "SURVEY_TOKEN", "TRACKING_KEY"
SECRETS = {TOKEN: "t0ken-4711", KEY: "k3y-0815"}
SIZE = 40
WINDOW = {"from_parameter": "updated_from", "to_parameter": "updated_before"}

SYSTEMS: dict[str, dict[str, Any]] = {
    "survey_tool": {
        "auth": {"kind": "bearer", "token": {"env": TOKEN}},
        "pages": {"kind": "cursor", "path": "$.meta.next"},
    },
    "tracking": {
        "auth": {"kind": "api_key", "key": {"env": KEY}, "place": "query", "name": "api_key"},
        "pages": {"kind": "offset", "size": SIZE},
    },
}
# settings of a table that differ from its system's
TABLES: dict[str, dict[str, Any]] = {
    "surveys": {"window": None},
    "contacts": {"pages": {"kind": "page_number"}},
    "invitations": {"pages": {"kind": "next_url", "path": "$.meta.next_url"}},
    "visitors": {"window": {**WINDOW, "format": "epoch_seconds"}},
}


def pulled_from_service(deployment: Deployment, url: str) -> Deployment:
    """Return the deployment with its survey tool and interaction log pulled from ``url``."""
    systems = dict(deployment.systems)
    for name, rest in SYSTEMS.items():
        tables = {}
        for table, settings in systems[name].tables.items():
            table_settings = {"window": WINDOW, "total_path": "$.meta.total", **TABLES.get(table, {})}
            table_settings |= {"path": f"/{name}/{table}", "records": "$.data[*]"}
            tables[table] = settings.model_copy(update={"rest": RestTable.model_validate(table_settings)})
        source = Rest.model_validate({"url": url, "longest_wait_seconds": 0.01, **rest})
        systems[name] = systems[name].model_copy(update={"files": None, "rest": source, "tables": tables})
    return deployment.model_copy(update={"systems": systems})


@contextmanager
def extracts_in_service(extracts: Path, history: date) -> Iterator[str]:
    """Serve the drops of ``extracts``, and yield the address."""
    number = count(1)

    def answer(request: Request) -> Reply:
        if next(number) % 7 == 0:
            return Reply(b"", status=429, headers={"Retry-After": "0"})
        _, _, system, table = request.path.split("/")
        login = request.headers.get("Authorization") if system == "survey_tool" else request.query.get("api_key")
        if login != (f"Bearer {SECRETS[TOKEN]}" if system == "survey_tool" else SECRETS[KEY]):
            return Reply(b"", status=401)
        return _page(request, _records(extracts, history, system, table, request.query))

    with service(answer) as made:
        yield made.url


def _page(request: Request, records: list[str]) -> Reply:
    """A page of records, unchanged from the files."""
    query = request.query
    start = int(query.get("cursor", 0)) + int(query.get("offset", 0)) + SIZE * (int(query.get("page", 1)) - 1)
    end = start + SIZE
    meta = f'"total": {len(records)}'
    if end < len(records):
        meta += f', "next": {end}, "next_url": "{request.path}?{_without_cursor(query)}cursor={end}"'
    else:
        meta += ', "next": null, "next_url": null'
    return Reply(f'{{"meta": {{{meta}}}, "data": [{",".join(records[start:end])}]}}'.encode())


def _without_cursor(query: dict[str, str]) -> str:
    return "".join(f"{name}={value}&" for name, value in query.items() if name != "cursor")


def _records(extracts: Path, history: date, system: str, table: str, query: dict[str, str]) -> list[str]:
    """The lines of every drop whose noon lies in the window; without window parameters, the newest drop."""
    nights = sorted(date.fromisoformat(folder.name) for folder in extracts.glob("????-??-??"))
    lines: list[str] = []
    for load_date in (history, *nights):
        noon = datetime.combine(load_date, time(12), UTC)
        if not WINDOW.values() & query.keys():
            lines = _lines(extracts, history, load_date, system, table)
        elif _moment(query.get(WINDOW["from_parameter"], "0")) <= noon < _moment(query[WINDOW["to_parameter"]]):
            lines += _lines(extracts, history, load_date, system, table)
    return lines


def _moment(text: str) -> datetime:
    if text.isdecimal():
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text))
    return datetime.fromisoformat(text)


def _lines(extracts: Path, history: date, load_date: date, system: str, table: str) -> list[str]:
    drop = "history" if load_date == history else load_date.isoformat()
    [path] = (extracts / drop / system).glob(f"{table}.*")
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return [line for line in text.split("\n") if line.strip()]
