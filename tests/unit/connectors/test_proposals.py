"""Proposed settings: a recognisable shape is named, and with the proposal the file is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.config.deployment import Table
from orchestration.config.files import Files
from orchestration.connectors.proposals import proposed_settings
from orchestration.connectors.sources import pull
from tests.unit.connectors.deliveries import table_of

GERMAN = "Nr;Betrag;Am\n1;1.234,50;02.09.2026 10:00\n2;12,5;13.09.2026 10:00\n"
SURVEY = 'id,q1\nResponse,"How likely\nare you?"\n"{""ImportId"":""a""}","{""ImportId"":""b""}"\n1,9\n2,3\n'


def with_proposal(table: Table, proposal: str) -> Table:
    """The table with the proposed lines in its settings."""
    settings = {**table.settings.model_dump(exclude_unset=True), **(yaml.safe_load(proposal) or {})}
    own = type(table.settings).model_validate(settings)
    system = table.system.model_copy(update={"tables": {"customers": own}})
    deployment = table.deployment.model_copy(update={"systems": {"crm": system}})
    return Table(deployment=deployment, system_name="crm", table_name="customers")


@pytest.mark.parametrize(
    ("content", "proposed", "first"),
    [
        (
            GERMAN.encode(),
            {
                "files": {"delimiter": ";"},
                "numbers": {"columns": ["Betrag"], "decimal": ",", "thousands": "."},
                "times": {"Am": "%d.%m.%Y %H:%M"},
            },
            {"Nr": "1", "Betrag": "1234.50", "Am": "2026-09-02 10:00:00"},
        ),
        ("id,city\n1,Köln\n".encode("cp1252"), {"files": {"encoding": "cp1252"}}, {"id": "1", "city": "Köln"}),
        (
            "id\tcity\n1\tKöln\n".encode("utf-16"),
            {"files": {"encoding": "utf-16", "delimiter": "\t"}},
            {"id": "1", "city": "Köln"},
        ),
        (b"sep=;\nid;n\n1;a\n", {"files": {"delimiter": ";"}}, {"id": "1", "n": "a"}),
        (b"Report\nof yesterday\nid,n\n1,2\n2,3\n", {"files": {"skip_lines": 2}}, {"id": "1", "n": "2"}),
        (SURVEY.encode(), {"files": {"skip_rows": 2}}, {"id": "1", "q1": "9"}),
        (
            b"1,ada@example.com,2026-09-01\n2,b@example.com,2026-09-02\n",
            {"files": {"columns": ["column_1", "column_2", "column_3"]}},
            {"column_1": "1", "column_2": "ada@example.com"},
        ),
        (b"id   n\n1    2\n10   3\n", {"files": {"delimiter": "blanks"}}, {"id": "1", "n": "2"}),
        (b"id,n\n1,'a, b'\n2,'c'\n", {"files": {"quote": "'"}}, {"id": "1", "n": "a, b"}),
        (b'id,n\n1,"a \\"b\\", c"\n2,"d"\n', {"files": {"escape": "\\"}}, {"id": "1", "n": 'a "b", c'}),
        (b"id,n\n1,\\N\n2,3\n", {"files": {"nulls": ["\\N"]}}, {"id": "1", "n": None}),
        (b"id,n\n1,NA\n2,3.5\n", {"files": {"nulls": ["NA"]}}, {"id": "1", "n": None}),
        (
            b"id,n\n1,1.234\n2,999\n",
            {"numbers": {"columns": ["n"], "decimal": ",", "thousands": "."}},
            {"id": "1", "n": "1234"},
        ),
        (b'id,at\n1,"Sep 02, 2026"\n', {"times": {"at": "%b %d, %Y"}}, {"at": "2026-09-02 00:00:00"}),
        (b"id,at\n1,2026-09-02T10:00:00Z\n2,2026-09-03\n", {}, {"at": "2026-09-02T10:00:00Z"}),
        (b"n,phone,country\n12.50,030 123 456,NA\n3,040 123 456,DE\n", {}, {"n": "12.50", "country": "NA"}),
        (b"id,name,\n1,ada,\n", {}, {"id": "1", "name": "ada"}),
        (b",id\n0,7\n1,8\n", {}, {"id": "7"}),
    ],
)  # fmt: skip
def test_a_recognisable_shape_is_proposed_and_reads_the_file(
    tmp_path: Path, content: bytes, proposed: dict[str, Any], first: dict[str, Any]
) -> None:
    (tmp_path / "customers.csv").write_bytes(content)
    table = table_of(Files(format="csv", history="customers.csv"))
    proposal = proposed_settings(table, tmp_path)
    assert (yaml.safe_load(proposal) or {}) == proposed
    declared = with_proposal(table, proposal)
    (batch,) = pull(declared, table.deployment.history_load_date, tmp_path)
    assert not batch.faults
    assert first.items() <= batch.rows.to_pylist()[0].items()
    assert proposed_settings(declared, tmp_path) == ""


def test_json_lines_have_proposals_for_their_values_only(tmp_path: Path) -> None:
    (tmp_path / "customers.jsonl").write_text('{"id": 1, "at": "02.09.2026", "note": "NULL"}\n{"note": "b"}\n')
    table = table_of(Files(format="jsonl", history="customers.jsonl"))
    assert yaml.safe_load(proposed_settings(table, tmp_path)) == {
        "files": {"nulls": ["NULL"]},
        "times": {"at": "%d.%m.%Y"},
    }


@pytest.mark.parametrize("content", [b"", b"\n", b"\x00\x01\x02", b'id,"n\n1,a\n', b"id\n"])
def test_a_file_without_a_recognisable_shape_has_no_proposal_and_no_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "customers.csv").write_bytes(content)
    assert proposed_settings(table_of(Files(format="csv", history="customers.csv")), tmp_path) == ""
    assert proposed_settings(table_of(Files(format="csv", history="missing.csv")), tmp_path) == ""
