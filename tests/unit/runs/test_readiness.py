"""What a run finds out about its home before anything else: older layouts, lost units, homes that were moved."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.base.layout import LAYOUT, layout_of
from orchestration.base.state import DamagedStateError
from orchestration.landing.pull import Pull
from orchestration.publication.publication import Publication
from orchestration.runs.readiness import damage_of, make_ready
from orchestration.runs.tags import PENDING, is_requested, range_tags
from tests.unit.landing.deliveries import CUSTOMERS, Company, company, deliver_customers
from tests.unit.publication.publications import FIRST, build

pytestmark = pytest.mark.xdist_group("great expectations")

DAYS = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)]
LAST = "crm/customers/load_date=2026-02-02"


@pytest.fixture(scope="module", autouse=True)
def private() -> Iterator[None]:
    """Write files as every command of the pipeline does."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of customers, and a version that was built from them."""
    demo = company("demo", tmp_path_factory.mktemp("published"))
    for day in DAYS:
        deliver_customers(demo, day, rows=40, bad=1)
    home = demo.landing.home
    assert make_ready(home, Publication(home)) == []
    demo.admit(CUSTOMERS, *DAYS)
    build(home, 3)
    with duckdb.connect(home.star_db) as connection:
        connection.execute("create schema quality")
        connection.execute(
            "create table quality.quality_landing_reconciliation (system text, table_name text, load_date date)"
        )
        connection.executemany(
            "insert into quality.quality_landing_reconciliation values ('crm', 'customers', ?)", [[day] for day in DAYS]
        )
    days = [day.isoformat() for day in DAYS]
    Publication(home).publish(FIRST, "run-1", {"load_dates": days, "taken_load_dates": days})
    return home.root.parent


@pytest.fixture
def demo(published: Path, tmp_path: Path) -> Company:
    """A copy of it at another path: a home may be moved."""
    shutil.copytree(published, tmp_path / "moved", symlinks=True)
    return company("demo", tmp_path / "moved")


def ready(demo: Company, *taken: date, rebuilds: bool = False) -> list[str]:
    home = demo.landing.home
    return make_ready(home, Publication(home), lambda day: day in taken, rebuilds=rebuilds)


def remove(demo: Company, unit: str = LAST) -> None:
    for of in ("landing", "quarantine"):
        shutil.rmtree(demo.landing.home.root / of / unit)


def age(demo: Company) -> None:
    """Make the home as versions of the project left it that knew neither layouts nor checksums."""
    home = demo.landing.home
    (home.state / "layout.json").unlink()
    for path in home.landing.rglob("checksums.json"):
        path.unlink()
    for path in home.landing.rglob("profile.json"):
        profiles = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        kept = [{key: value for key, value in profile.items() if key != "broken_rules"} for profile in profiles]
        path.write_text("\n".join(json.dumps(profile) for profile in kept), "utf-8")
    for path in home.published.glob("versions/*/manifest.json"):
        manifest = json.loads(path.read_text("utf-8"))
        del manifest["files"]
        path.write_text(json.dumps(manifest, indent=2), "utf-8")
    (home.state / "judgements").mkdir()
    for path in home.root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_home_that_was_moved_is_sound_and_names_no_absolute_path(demo: Company, published: Path) -> None:
    home = demo.landing.home
    assert ready(demo) == []
    assert [*damage_of(home, Publication(home))] == []
    assert Publication(home).current.resolve().is_relative_to(home.root.resolve())
    texts = [path for path in home.root.rglob("*") if path.suffix in {".json", ".jsonl"} and path.is_file()]
    assert texts
    assert [path for path in texts if str(published) in path.read_text("utf-8")] == []


def test_an_older_home_is_taken_over_by_the_next_run(demo: Company) -> None:
    age(demo)
    home = demo.landing.home
    (home.landing / LAST / "checksums.new").write_text("killed while it was taken over", "utf-8")
    assert layout_of(home) == 1
    [note] = ready(demo)
    assert "readable by their owner only" in note
    assert layout_of(home) == LAYOUT
    assert [*damage_of(home, Publication(home))] == []
    assert {path.stat().st_mode & 0o077 for path in home.root.rglob("*") if not path.is_symlink()} == {0}
    # and it goes on: a day more, and its months are compacted
    march = date(2026, 3, 1)
    deliver_customers(demo, march, rows=40)
    demo.admit(CUSTOMERS, march)
    assert sorted(path.name for path in (home.landing / "crm" / "customers").iterdir()) == [
        "load_date=2026-01-31",
        "load_date=2026-02",
        "load_date=2026-03-01",
    ]
    assert ready(demo) == []
    assert [*damage_of(home, Publication(home))] == []


def test_a_foreign_file_is_not_taken_over_with_an_older_home(demo: Company) -> None:
    age(demo)
    (demo.landing.home.landing / LAST / "mine.parquet").write_text("", "utf-8")
    for _ in range(2):
        with pytest.raises(DamagedStateError, match=r"mine\.parquet does not belong there"):
            ready(demo)
    assert layout_of(demo.landing.home) == 1
    (demo.landing.home.landing / LAST / "mine.parquet").unlink()
    ready(demo)
    assert layout_of(demo.landing.home) == LAYOUT


def test_a_unit_that_was_published_and_is_missing_stops_the_run(demo: Company) -> None:
    remove(demo)
    with pytest.raises(DamagedStateError) as error:
        ready(demo)
    assert all(fact in str(error.value) for fact in (f"{LAST} is missing", "2026-01-05-run-1", "backup", "cx360 run"))
    [line] = damage_of(demo.landing.home, Publication(demo.landing.home))
    assert f"{LAST} is missing" in line


def test_a_run_that_pulls_a_damaged_or_missing_day_again_may_start_and_keeps_nothing(demo: Company) -> None:
    (demo.landing.home.landing / LAST / "part-00001.parquet").write_text("damaged", "utf-8")
    pull = Pull.of(demo.landing.home, "the same request")
    pull.save()
    with pytest.raises(DamagedStateError, match="bytes instead of"):
        ready(demo, DAYS[0])
    assert ready(demo, DAYS[2]) == []
    assert not (demo.landing.home.state / "pull.jsonl").exists()
    demo.admit(CUSTOMERS, DAYS[2])
    assert ready(demo) == []
    remove(demo)
    assert ready(demo, DAYS[2]) == []


def test_a_full_refresh_may_publish_without_a_unit_that_is_gone_for_good(demo: Company) -> None:
    remove(demo)
    assert ready(demo, rebuilds=True) == []


def test_lost_corrections_of_the_published_version_stop_the_run(demo: Company) -> None:
    home = demo.landing.home
    [version] = Publication(home).versions()
    manifest = version.folder / "manifest.json"
    manifest.write_text(json.dumps({**version.manifest, "releases": ["000001"]}), "utf-8")
    with pytest.raises(DamagedStateError, match=r"releases lacks 000001.*"):
        ready(demo)
    assert any("lacks 000001" in line for line in damage_of(home, Publication(home)))


def test_verification_lists_everything_that_is_wrong(demo: Company) -> None:
    home = demo.landing.home
    (home.landing / LAST / "part-00001.parquet").write_text("damaged", "utf-8")
    (home.state / "history.duckdb").write_text("damaged", "utf-8")
    (home.state / "releases").mkdir()
    (home.state / "releases" / "000001.jsonl").write_text("{\n", "utf-8")
    (home.state / "fits" / "spend").mkdir(parents=True)
    (home.state / "fits" / "spend" / "2026-01-05.json").write_text("[", "utf-8")
    Publication(home).current.unlink()
    lines = "\n".join(damage_of(home, Publication(home)))
    expected = (
        f"{LAST}/part-00001.parquet has 7 bytes",
        "history.duckdb cannot",
        "000001.jsonl, line 1",
        "2026-01-05.json is",
    )
    assert [
        fact for fact in (*expected, "current does not point at version 2026-01-05-run-1") if fact not in lines
    ] == []


def test_a_damaged_published_file_is_named_before_the_run(demo: Company) -> None:
    [version] = Publication(demo.landing.home).versions()
    version.database.write_bytes(b"x" * version.database.stat().st_size)
    with pytest.raises(DamagedStateError, match="The version 2026-01-05-run-1 cannot be read"):
        ready(demo)
    version.folder.rename(demo.landing.home.root / "aside")
    Publication(demo.landing.home).current.unlink()
    assert ready(demo) == []


def test_a_load_date_is_requested_by_an_explicit_range_only() -> None:
    explicit = range_tags(DAYS[:2], "2026-01-31 to 2026-02-01")
    assert [is_requested(explicit, day) for day in DAYS] == [True, True, False]
    assert not is_requested(range_tags(DAYS, PENDING), DAYS[0])
    assert not is_requested({}, DAYS[0])
    assert is_requested({"dagster/partition": "2026-01-31"}, DAYS[0])
