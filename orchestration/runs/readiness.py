"""What a run does first, under the run lock: finish what killed runs left, and check that the home is as it was left.

``cx360 verify`` uses the same checks over every byte. Add here what must hold of a home before a run; keep out runs of
the Dagster instance (``recovery.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import duckdb

from orchestration.base.layout import LAYOUT, layout_of, tighten, write_layout
from orchestration.base.paths import Home
from orchestration.base.state import RESTORE, DamagedStateError
from orchestration.landing.corrections import released, releases
from orchestration.landing.pull import forget
from orchestration.landing.unit_checksums import damaged_landing
from orchestration.landing.unit_place import UnitFolders
from orchestration.landing.verification import Damage, landed_load_dates, verify_units
from orchestration.publication.history import History
from orchestration.publication.publication import Publication
from orchestration.warehouse.fits import FitStore


def make_ready(
    home: Home, publication: Publication, is_taken: Callable[[date], bool] = lambda _: False, *, rebuilds: bool = False
) -> list[str]:
    """Finish what killed processes left of units, holds and versions, and refuse a home that is damaged.

    Args:
        is_taken: whether the run pulls a load date although it is published: its units may be damaged or missing.
        rebuilds: the run builds from the landing as it is: units that the published version had may be missing.

    Returns:
        What was not as the pipeline leaves it and was corrected, for the person who runs it.

    Raises:
        DamagedStateError: a file or folder is damaged, missing or foreign; the message names it and says what to do.
    """
    notes = []
    if changed := tighten(home):
        notes.append(f"{changed:,} files and folders of {home.root} are readable by their owner only now.")
    for folders in UnitFolders.all(home):
        folders.recover()
    notes += publication.settle_versions()
    is_older = layout_of(home) < LAYOUT
    damaged = [*verify_units(home, is_whole=False, takes_over=is_older)]
    if not damaged:
        damaged += [] if rebuilds else missing_units(home, publication)
    refused = [damage.line for damage in damaged if damage.load_date is None or not is_taken(damage.load_date)]
    if refused:
        raise DamagedStateError(damaged_landing(refused))
    if damaged:
        forget(home)  # an unfinished pull would keep these units instead of pulling them again
    if lost := missing_releases(publication):
        raise DamagedStateError(f"{lost}\nNothing was changed. {RESTORE}")
    if is_older:
        write_layout(home)
    return notes


def missing_units(home: Home, publication: Publication) -> Iterator[Damage]:
    """Yield the units that the published version was built from and that the home lacks.

    Raises:
        DamagedStateError: the published version cannot be read.
    """
    version = publication.version()
    if version is None:
        return
    landed = landed_load_dates(home)
    for system, table, load_date in _published_units(publication):
        if (system, table, load_date) not in landed:
            line = f"{system}/{table}/load_date={load_date} is missing: version {version.name} was built from it"
            yield Damage(line, load_date)


def missing_releases(publication: Publication) -> str | None:
    """Return which files of corrections the published version contains and the home lacks, or None."""
    version = publication.version()
    lost = version.releases - set(releases(publication.home)) if version else set()
    folder = publication.home.state / "releases"
    return f"{folder} lacks {', '.join(sorted(lost))}: the published version contains these files." if lost else None


def damage_of(home: Home, publication: Publication) -> Iterator[str]:
    """Yield everything that is wrong with a home, comparing every byte of landing, quarantine and versions.

    Units and holds that a killed run left half done are finished first, as every run does.
    """
    for folders in UnitFolders.all(home):
        folders.recover()
    for check in (_landing_damage, _version_damage, _history_damage, _fit_damage, _release_damage):
        try:
            yield from check(home, publication)
        except DamagedStateError as error:
            yield str(error)


def _landing_damage(home: Home, publication: Publication) -> Iterator[str]:
    publication.holds.settle_holds()
    yield from (damage.line for damage in verify_units(home, is_whole=True))
    yield from (damage.line for damage in missing_units(home, publication))


def _version_damage(_: Home, publication: Publication) -> Iterator[str]:
    yield from (f"{version.folder} is not a whole version: {version.reason}" for version in publication.damaged())
    for version in publication.versions():
        yield from version.damage()
    current = publication.version()
    if current and publication.current.resolve() != current.folder.resolve():
        yield f"{publication.current} does not point at version {current.name}: the next run points it there"


def _history_damage(home: Home, _: Publication) -> Iterator[str]:
    history = History(home)
    if history.file.exists():
        history.run_ids()
    yield from ()


def _fit_damage(home: Home, _: Publication) -> Iterator[str]:
    for kind in sorted((home.state / "fits").glob("*")):
        FitStore(home).before(kind.name, date.max)
    yield from ()


def _release_damage(home: Home, publication: Publication) -> Iterator[str]:
    if lost := missing_releases(publication):
        yield lost
    released(home, releases(home))


def _published_units(publication: Publication) -> list[tuple[str, str, date]]:
    version = publication.version()
    if version is None:
        return []
    query = "select system, table_name, load_date from quality.quality_landing_reconciliation"
    try:
        with duckdb.connect(version.database, read_only=True) as connection:
            known = connection.execute(
                "select 1 from duckdb_tables() where table_name = 'quality_landing_reconciliation'"
            ).fetchall()
            return connection.execute(f"{query} order by all").fetchall() if known else []
    except duckdb.Error as error:
        raise DamagedStateError(
            f"The version {version.name} cannot be read: {error}\nNothing was changed. Move its folder,"
            f" {version.folder}, out of the home, and run again: readers get the newest whole version."
        ) from error
