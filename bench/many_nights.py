"""What a night costs after many nights: ``make bench-many-nights``.

Makes a small company and lands its history and nine nights. A copy of it holds the same rows under 400 load dates,
because the history of each table is divided among earlier days. Then both run the same further night, each in a process
of its own, and the seconds of the processor of every part are printed beside each other.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.base.progress import Report, listening
from orchestration.config.deployment import Table, load_deployment
from orchestration.landing.compaction import compact
from orchestration.landing.unit_place import PROFILE, UnitFolders, UnitPlace
from orchestration.landing.unit_profile import read_profile

CUSTOMERS = 300
FEW, MANY = 10, 400
AIM = 1.2

Seconds = dict[str, float]


def main() -> None:
    """Make both companies, run one more night on each, and print the figures."""
    customers = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else CUSTOMERS
    deployment = load_deployment("demo")
    history = deployment.history_load_date
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        extracts, few, many = root / "extracts", root / "few", root / "many"
        generate(extracts, customers=customers, nights=FEW, seed=7, history_load_date=history)
        last = history + timedelta(days=FEW - 1)
        _apart(root / "home", extracts, history, last)
        for copy in (few, many):
            shutil.copytree(root / "home", copy, symlinks=True)
        home = Home(many / deployment.name)
        for table in deployment.tables():
            divide(home, table, MANY - FEW)
            compact(UnitFolders.of(home, table))
        figures = [_night(root, copy, extracts, last + timedelta(days=1)) for copy in (few, many)]
    _say(f"{customers:,} customers, seconds of the processor of one more night")
    _say(f"{FEW:>9} nights {MANY:>9} nights")
    for part in figures[0]:
        _say(f"{figures[0][part]:16.1f} {figures[1][part]:16.1f}  {part}")
    of_few, of_many = (sum(parts.values()) for parts in figures)
    _say(f"{of_few:16.1f} {of_many:16.1f}  all: {of_many / of_few:.2f} times, the aim is {AIM} at most")


def divide(home: Home, table: Table, count: int) -> None:
    """Divide the rows of a table's history among ``count`` earlier load dates; a snapshot is repeated on each."""
    history = UnitPlace(home, table, table.deployment.history_load_date)
    known = read_profile(history)
    rows = pa.concat_tables(pq.ParquetFile(part).read() for part in sorted(history.landing.glob("*.parquet")))
    place = rows.schema.get_field_index("_load_date")
    for number in range(count):
        unit = UnitPlace(home, table, history.load_date - timedelta(days=number + 1))
        first, end = (rows.num_rows * one // count for one in (number, number + 1))
        mine = rows if table.settings.snapshot else rows.slice(first, end - first)
        dated = pa.repeat(pa.scalar(unit.load_date, pa.date32()), mine.num_rows)
        unit.begin()
        pq.write_table(mine.set_column(place, "_load_date", dated), unit.new_landing / "part-00001.parquet")
        profile = known | {
            "load_date": unit.load_date.isoformat(),
            "source_row_count": mine.num_rows,
            "landed_row_count": mine.num_rows,
            "quarantined_row_count": 0,
        }
        (unit.new_landing / PROFILE).write_text(json.dumps(profile), encoding="utf-8")
        [rejected, *_] = sorted(history.quarantine.glob("*.parquet"))
        pq.write_table(pq.read_schema(rejected).empty_table(), unit.new_quarantine / "part-00001.parquet")
        unit.new_landing.rename(unit.landing)
        unit.new_quarantine.rename(unit.quarantine)
    if not table.settings.snapshot:
        shutil.rmtree(history.landing)
        shutil.rmtree(history.quarantine)


def _night(root: Path, copy: Path, extracts: Path, night: date) -> Seconds:
    """The figures of a night, run where the first one ran: the parsed dbt project names its paths."""
    shutil.rmtree(root / "home")
    copy.rename(root / "home")
    return _apart(root / "home", extracts, night, night)


def _apart(home: Path, extracts: Path, first: date, last: date) -> Seconds:
    """The figures of a run in a process of its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_run, home, extracts, first, last).result()


def _run(home: Path, extracts: Path, first: date, last: date) -> Seconds:
    parts: Seconds = {}
    before = 0.0

    def add(report: Report) -> None:
        nonlocal before
        is_end = report.seconds is not None
        if report.is_part or (parts and not is_end):
            return
        # what precedes the first step is the start
        name = (report.step.split()[0] if report.step.startswith("extract") else report.step) if is_end else "start"
        now = time.process_time()
        parts[name] = parts.get(name, 0.0) + now - before
        before = now

    os.environ["CX360_HOME"] = str(home)
    from orchestration.run import run_night

    with listening(add):
        outcome = run_night(load_deployment("demo"), extracts=extracts, first=first, last=last)
    if outcome.problems:
        raise SystemExit("\n".join(outcome.problems))
    return parts


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
