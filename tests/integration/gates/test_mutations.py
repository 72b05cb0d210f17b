"""Damaged deliveries, from a fixed seed, through extract and gate 1: each is taken whole or refused in words."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest

from demo.generate import generate
from orchestration.base.errors import InfrastructureError, PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.deployment import Table as DeployedTable
from orchestration.landing.landing import Landing
from orchestration.landing.quarantine import quarantined
from tests.integration.conftest import HISTORY, Company, company, drop_of
from tests.integration.gates.mutations import MUTATIONS, Table, swap

# as the reader counts lines; a refused row is kept as JSON, which writes them so
LINE_BREAK = r"\r\n|\r|\n|\\r\\n|\\r|\\n"

SEED = 20260101
SETS = 320
SWAPS = 20
NIGHTS = 6
SECONDS = 30
WHOLE_NIGHTS = 9
SETS_A_NIGHT = 3
AN_HOUR_AGO = time.time() - 3600


@dataclass(frozen=True)
class Base:
    """A sound company that has landed; nobody writes to it any more."""

    deployment: Deployment
    home: Home
    extracts: Path


@dataclass(frozen=True)
class Damage:
    """One damaged set of extracts: what was done to which files of a load date."""

    number: int
    load_date: date
    tables: tuple[DeployedTable, ...]
    name: str

    @property
    def table(self) -> DeployedTable:
        """The one table whose file is damaged, if it is one."""
        (table,) = self.tables
        return table

    def file(self, table: DeployedTable, extracts: Path) -> Path:
        return extracts / str(table.pattern(self.load_date))

    def deliver(self, sound: Path, extracts: Path) -> None:
        """Write the set's drop, its files damaged."""
        drop = drop_of(self.load_date)
        shutil.copytree(sound / drop, extracts / drop)
        self.do(extracts)

    def do(self, extracts: Path) -> None:
        """Damage the set's files, which were delivered."""
        files = [self.file(table, extracts) for table in self.tables]
        rng = Random(f"{SEED} {self.number}")
        if len(files) == 2:
            swap(*files)
        else:
            next(one for one in MUTATIONS if one.__name__ == self.name)(Table(files[0]), rng)
        # they came a while ago: nobody waits to see whether they still change
        for file in files:
            os.utime(file, (AN_HOUR_AGO, AN_HOUR_AGO))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    root = tmp_path_factory.mktemp("mutations")
    generate(root / "extracts", customers=150, nights=NIGHTS, seed=3, history_load_date=HISTORY)
    deployment, home = load_deployment("demo"), Home(root / "home")
    landing = Landing(deployment, home, root / "extracts")
    for table in deployment.tables():
        assert all(unit.has_landed for unit in landing.admit(table, landing.delivered_load_dates))
    return Base(deployment, home, root / "extracts")


def filled(deployment: Deployment, extracts: Path, days: Sequence[date]) -> Iterator[tuple[DeployedTable, date]]:
    """The tables and load dates of which something was delivered."""
    for table in deployment.tables():
        for day in days:
            if len(Table(extracts / str(table.pattern(day))).read()[1]) > 1:
                yield table, day


def damages(base: Base) -> Iterator[Damage]:
    """The sets: every kind of damage in turn, to files of a night or of the history that hold rows."""
    rng = Random(SEED)
    days = [HISTORY + timedelta(days=night) for night in range(NIGHTS + 1)]
    choices = list(filled(base.deployment, base.extracts, days))
    for number in range(SETS - SWAPS):
        table, day = rng.choice(choices)
        yield Damage(number, day, (table,), MUTATIONS[number % len(MUTATIONS)].__name__)
    for number in range(SETS - SWAPS, SETS):
        table, day = rng.choice(choices)
        others = [one for one in base.deployment.tables() if one.system_name == table.system_name and one != table]
        yield Damage(number, day, (table, rng.choice(others)), "swapped")


def admitted(base: Base, damage: Damage, root: Path) -> tuple[str, Home]:
    """What gate 1 says of a set, in a home where everything else has landed."""
    home = Home(root / "home")
    for table in damage.tables:
        for name in ("landing", "quarantine"):
            place = Path(name) / table.system_name / table.table_name
            shutil.copytree(base.home.root / place, home.root / place, copy_function=os.link)
    damage.deliver(base.extracts, root / "extracts")
    landing = Landing(base.deployment, home, root / "extracts")
    said = []
    for table in damage.tables:
        before = contents(home, table, damage.load_date)
        try:
            (unit,) = landing.admit(table, [damage.load_date])
        except InfrastructureError:
            raise
        except PipelineError as error:
            said.append(str(error))
            assert contents(home, table, damage.load_date) == before
            continue
        if unit.has_landed:
            reconcile(home, table, damage, root / "extracts")
        else:
            said.append(unit.explain())
            assert contents(home, table, damage.load_date) == before
    return "\n".join(said), home


def contents(home: Home, table: DeployedTable, load_date: date) -> dict[Path, int]:
    """The files of a unit by what they are: a file that is the same has the same inode."""
    places = [
        root / table.system_name / table.table_name / f"load_date={load_date}"
        for root in (home.landing, home.quarantine)
    ]
    return {path: path.stat().st_ino for place in places for path in place.iterdir()}


def reconcile(home: Home, table: DeployedTable, damage: Damage, extracts: Path) -> None:
    """Every row of the file is landed or in quarantine, once."""
    folder = home.landing / table.system_name / table.table_name / f"load_date={damage.load_date}"
    profile = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    parts = [pq.read_table(part).to_pylist() for part in folder.glob("*.parquet")]
    landed = [row for part in parts for row in part]
    units = quarantined(table.deployment, home, table.name, damage.load_date)
    refused = [row for unit in units for row in unit.rows]
    assert profile["source_row_count"] == len(landed) + len(refused)
    assert (profile["landed_row_count"], profile["quarantined_row_count"]) == (len(landed), len(refused))
    lines = Counter(row["_source_row"] for row in (*landed, *refused))
    file = damage.file(table, extracts)
    if table.system.kind == "parquet":
        expected = Counter(range(1, pq.read_metadata(file).num_rows + 1))
    else:
        expected = Counter(places_of_rows(Table(file).read_bytes(), table))
        for row in (*landed, *refused):
            # a record may hold line breaks of its own
            texts = [row["row_text"]] if "row_text" in row else [str(value) for value in row.values()]
            inner = sum(len(re.findall(LINE_BREAK, text)) for text in texts)
            inner = inner if table.system.kind == "csv" else 0
            lines.update(range(row["_source_row"] + 1, row["_source_row"] + 1 + inner))
    assert lines == expected


def places_of_rows(raw: bytes, table: DeployedTable) -> list[int]:
    """The lines that hold anything, but for a header."""
    is_csv = table.system.kind == "csv"
    text = raw.removeprefix(b"\xef\xbb\xbf")
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n") if is_csv else text.split(b"\n")
    filled = [number for number, line in enumerate(lines, start=1) if line.strip(b"\r\n" if is_csv else None)]
    return filled[1:] if is_csv else filled


@pytest.mark.xdist_group("damaged sets")
def test_every_damaged_set_is_taken_whole_or_refused_in_words(
    base: Base, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes: Counter[tuple[str, str]] = Counter()
    started = time.monotonic()
    for damage in damages(base):
        began = time.monotonic()
        try:
            said, _ = admitted(base, damage, tmp_path / str(damage.number))
        except BaseException as error:
            error.add_note(f"{damage.number}: {damage.name} of {[t.name for t in damage.tables]}, {damage.load_date}")
            raise
        assert time.monotonic() - began < SECONDS
        assert "Traceback" not in said
        if said:
            assert any(table.table_name in said for table in damage.tables)
        outcomes[damage.name, "refused" if said else "taken"] += 1
        shutil.rmtree(tmp_path / str(damage.number))
    with capsys.disabled():
        sys.stdout.write(f"\n{outcomes.total()} damaged sets in {time.monotonic() - started:.0f} s\n")
        for (name, outcome), count in sorted(outcomes.items()):
            sys.stdout.write(f"{count:>5}  {outcome:<8} {name}\n")
    assert outcomes.total() >= 300
    assert {name for name, _ in outcomes} == {"swapped", *(mutation.__name__ for mutation in MUTATIONS)}
    assert {outcome for _, outcome in outcomes} == {"taken", "refused"}


@pytest.mark.long
@pytest.mark.xdist_group("damaged nights")
def test_damaged_sets_end_published_or_stopped_in_words_with_yesterday_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three sets a night, of three systems: one that is refused holds the others up, and never takes them with it."""
    sound = tmp_path / "sound"
    generate(sound, customers=300, nights=WHOLE_NIGHTS, seed=3, history_load_date=HISTORY)
    night = company("demo", tmp_path, tmp_path / "delivered")
    night.deliver(sound, HISTORY)
    night.succeed()
    rng = Random(SEED)
    verdicts: Counter[str] = Counter()
    waiting: list[Damage] = []
    started = time.monotonic()
    for number in range(WHOLE_NIGHTS):
        night.deliver(sound, HISTORY + timedelta(days=number + 1))
        for damage in sets_of_night(night.deployment, sound, number, rng):
            damage.do(night.extracts)
            waiting.append(damage)
        judge(night, waiting, sound, verdicts)
    judge(night, waiting, sound, verdicts)
    assert not waiting
    night.succeed()
    with capsys.disabled():
        sys.stdout.write(f"\n{verdicts.total()} damaged sets, whole nights, in {time.monotonic() - started:.0f} s\n")
        sys.stdout.writelines(f"  {line}\n" for line in sorted(verdicts))
    assert verdicts.total() == SETS_A_NIGHT * WHOLE_NIGHTS
    assert {verdict.split(":")[0] for verdict in verdicts} >= {"published", "refused"}


def sets_of_night(deployment: Deployment, sound: Path, number: int, rng: Random) -> Iterator[Damage]:
    """The sets of a night, to files of different systems; those of all nights are every kind of damage in turn."""
    day = HISTORY + timedelta(days=number + 1)
    tables = [table for table, _ in filled(deployment, sound, [day])]
    systems = rng.sample(sorted({table.system_name for table in tables}), SETS_A_NIGHT)
    for place, system in enumerate(systems, start=SETS_A_NIGHT * number):
        table = rng.choice([table for table in tables if table.system_name == system])
        yield Damage(place, day, (table,), MUTATIONS[place % len(MUTATIONS)].__name__)


def judge(night: Company, waiting: list[Damage], sound: Path, verdicts: Counter[str]) -> None:
    """Run the night over what waits, and take from it what came to its end: what is refused is delivered anew.

    A set that gate 1 takes goes on in the next night if this one is refused another: its day is still pending.
    """
    before = night.published
    outcome = night.run()
    for problem in outcome.problems:
        assert "Traceback" not in problem
        assert "broke" not in problem, f"{[(damage.name, damage.table.name) for damage in waiting]}: {problem}"
    assert (night.published == before) == bool(outcome.problems or outcome.run_id is None)
    [(lost,)] = night.query("select count(*) from quality.quality_landing_reconciliation where not is_reconciled")
    assert lost == 0
    refused = [damage for damage in waiting if not has_landed(night.home, damage)]
    verdict = "published"
    if outcome.problems:
        verdict = "refused" if refused else "stopped"
    ended = refused if verdict == "refused" else list(waiting)
    for damage in ended:
        if verdict != "published":
            shutil.copyfile(damage.file(damage.table, sound), damage.file(damage.table, night.extracts))
        if verdict == "refused":
            assert any(damage.table.table_name in problem for problem in outcome.problems)
        verdicts[f"{verdict}: {damage.name} of {damage.table.name}"] += 1
        waiting.remove(damage)


def has_landed(home: Home, damage: Damage) -> bool:
    """Whether gate 1 took the file of a set."""
    table = damage.table
    return (home.landing / table.system_name / table.table_name / f"load_date={damage.load_date}").exists()
