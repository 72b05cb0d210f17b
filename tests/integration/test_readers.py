"""Twenty readers that open and query without pause while thirty versions are published."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.base.paths import PROJECT
from tests.unit.publication.publications import FIRST, build, publication, publish

READERS, VERSIONS, ORDERS = 20, 30, 2_000

# Opens ``current`` until the last version is published; every read must find one complete version.
READ = """
import json, sys, time
from pathlib import Path
import duckdb
published, orders, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
reads, seen, newest = 0, [], 0
print("reading", flush=True)
while newest < last:
    by_name = reads % 2
    folder = (published / "current").resolve() if by_name else published / "current"
    with duckdb.connect(folder / "cx360.duckdb", read_only=True, config={"threads": 1}) as connection:
        facts = connection.execute("select count(*), min(net_amount), max(net_amount) from star.fct_orders").fetchone()
        mart = connection.execute("select count(*), min(net_amount), max(net_amount) from marts.mart_orders").fetchone()
        assert facts == mart == (orders, facts[1], facts[1]), (facts, mart)
        if by_name:
            parquet = f"select min(net_amount), max(net_amount) from '{folder}/parquet/mart_orders.parquet'"
            assert connection.execute(parquet).fetchone() == facts[1:], folder
            assert json.loads((folder / "manifest.json").read_text())["number"] == facts[1], folder
    assert facts[1] >= newest, f"version {facts[1]} after {newest}"
    newest = facts[1]
    seen.append(newest)
    reads += 1
    time.sleep(0.05)  # there are more readers than cores
print(json.dumps([reads, len(set(seen))]))
"""


def test_twenty_readers_find_only_complete_versions_and_no_lock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = publication(tmp_path)
    publish(published, FIRST, "run-1", *[1] * ORDERS)
    command = [sys.executable, "-c", READ, str(published.home.published), str(ORDERS), str(VERSIONS)]
    readers = [
        subprocess.Popen(command, cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(READERS)
    ]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
        for number in range(2, VERSIONS + 1):
            build(published.home, *[number] * ORDERS)
            published.publish(FIRST, f"run-{number}", {"load_dates": [], "taken_load_dates": []})
        ended = [reader.communicate(timeout=300) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    assert [error for _, error in ended if error] == []
    counted = [json.loads(output) for output, _ in ended]
    reads, versions = sum(count for count, _ in counted), min(seen for _, seen in counted)
    with capsys.disabled():
        sys.stdout.write(f"\n{READERS} readers: {reads:,} reads, each of at least {versions} of {VERSIONS} versions\n")
    assert versions > 1
