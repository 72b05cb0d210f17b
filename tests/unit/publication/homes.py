"""A small home with something in every folder that a backup has."""

from __future__ import annotations

from pathlib import Path

from orchestration.base.layout import write_layout
from orchestration.base.paths import Home
from orchestration.landing.unit_checksums import record_checksums
from orchestration.publication.history import History
from orchestration.publication.publication import Publication
from orchestration.warehouse.fits import FitStore
from tests.unit.publication.publications import FIRST, SECOND, publish

DERIVED = ("warehouse", "extracts")


def filled_home(root: Path) -> Home:
    """Two landed units and one on hold, two versions, the history and a fit."""
    home = Home(root)
    published = Publication(home)
    published.holds.withdraw(["2026-01-07-run-0"], {SECOND.replace(day=7)})
    for of, day in (("", "2026-01-05"), ("", "2026-01-06"), ("held", "2026-01-07")):
        unit = f"crm/customers/load_date={day}"
        landing, quarantine = (home.root / of / folder / unit for folder in ("landing", "quarantine"))
        for folder in (landing, quarantine):
            folder.mkdir(parents=True)
            (folder / "part-00001.parquet").write_text(f"rows of {folder}", "utf-8")
        record_checksums(landing, quarantine, unit)
    publish(published, FIRST, "run-1", 3)
    publish(published, SECOND, "run-2", 4)
    History(home).run_ids()
    FitStore(home).keep("spend", FIRST, [{"p": 1.0}])
    write_layout(home)
    return home


def files_of(home: Home) -> dict[str, bytes]:
    """Every file of a home that a backup must have, with its content."""
    return {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for path in sorted(home.root.rglob("*"))
        if path.is_file()
        and path.name != "run.lock"
        and path.relative_to(home.root).parts[0] not in DERIVED
        and not path.relative_to(home.root).as_posix().startswith("published/current")
    }
