"""Assigns complete files to load dates: by the date in their name, or by the day of their last change.

A file without a date in its name belongs to the day of its last modification, in the deployment's time zone. The
landing records which files each day took, so that a repeated pull takes the same files
(docs/decisions/found-drops.md). Keep out how a folder or bucket is read (``locations.py``).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath

from orchestration.config.deployment import Table
from orchestration.config.files import Files
from orchestration.connectors.batch import Delivery, UnreadableError
from orchestration.connectors.locations import Drop, Location, content, location_of

LOOK_AGAIN_SECONDS = 1.0

Landed = Mapping[date, Mapping[str, Delivery]]
"""The files that have landed of one table: per load date, by file name."""


@dataclass(frozen=True)
class Drops:
    """The files of one table."""

    table: Table
    location: Location
    landed: Landed
    _contents: dict[Drop, str] = field(default_factory=dict)

    @property
    def files(self) -> Files:
        """The file settings of the table."""
        return files_of(self.table)

    def of(self, load_date: date) -> list[Drop]:
        """Return the files of a load date, ordered by name.

        Raises:
            UnreadableError: the folder or bucket cannot be read.
        """
        pattern = self.table.pattern(load_date)
        if pattern:
            return self._found(pattern)
        return [drop for drop, day in self.dated() if day == load_date]

    def whole(self, load_date: date) -> list[Drop]:
        """Return the files of a load date as soon as all of them are complete.

        Raises:
            UnreadableError: a file is still being written after ``wait_seconds``.
        """
        waits_until = time.monotonic() + max(self.files.wait_seconds, self.files.settle_seconds)
        before: list[Drop] = []
        while True:
            drops = self.of(load_date)
            unmarked = [drop for drop in drops if not self._is_marked(drop)]
            pause = self._seconds_to_settle(drops) if drops != before else 0.0
            if not unmarked and not pause:
                return drops
            if time.monotonic() >= waits_until:
                raise self._unfinished(unmarked, drops)
            time.sleep(pause or min(LOOK_AGAIN_SECONDS, self.files.wait_seconds))
            before = drops
            self.location.refresh()

    def dated(self) -> Iterator[tuple[Drop, date]]:
        """Yield each complete file without a date in its name, and the load date that it belongs to."""
        for drop in self._found(self.table.found) if self.table.found else []:
            if self._is_marked(drop):
                yield drop, self._landed_on(drop) or self._came_on(drop)

    def days(self) -> set[date]:
        """Return the load dates found in file names or modification times, and always the history load date."""
        first = self.table.deployment.history_load_date
        today = datetime.now(self.table.deployment.zone).date()
        days = {day for _, day in self.dated() if day <= today}
        daily = None if self.table.found else self.table.settings.daily or self.files.daily
        if daily:
            anyday = daily.format(table=self.table.table_name, load_date="????-??-??")
            for drop in self.location.find(anyday):
                for text in re.findall(r"(?=(\d{4}-\d{2}-\d{2}))", drop.name):
                    try:
                        days.add(date.fromisoformat(text))
                    except ValueError:  # digits such as 2026-13-45
                        continue
        return {first, *days}

    def is_landed(self, drop: Drop, load_date: date) -> bool:
        """Whether this file has landed on the load date with the same content."""
        known = self.landed.get(load_date, {}).get(drop.name)
        return known is not None and (known.tag == drop.tag or known.content == self.content(drop))

    def content(self, drop: Drop) -> str:
        """Return the hash of a file's content."""
        if drop not in self._contents:
            with self.location.fetched(drop) as path:
                self._contents[drop] = content(path)
        return self._contents[drop]

    def gone(self, load_date: date) -> list[str]:
        """Return the landed files of a load date that were replaced or removed since, if names carry no date."""
        if self.table.pattern(load_date):
            return []
        there = {drop.name for drop in self.of(load_date)}
        return sorted({*self.landed.get(load_date, {})} - there)

    def _found(self, pattern: str) -> list[Drop]:
        drops = self.location.find(pattern)
        markers = {self._marker(drop) for drop in drops}
        return [drop for drop in drops if drop.name not in markers]

    def _landed_on(self, drop: Drop) -> date | None:
        days = [day for day, files in self.landed.items() if drop.name in files]
        same = [day for day in days if self.landed[day][drop.name].tag == drop.tag]
        return next(iter(same), None) or next((day for day in days if self.is_landed(drop, day)), None)

    def _came_on(self, drop: Drop) -> date:
        """The day of the last change, or the first later day that has not landed another file of the same name."""
        if drop.changed_at is None:
            raise UnreadableError(
                f"file '{drop.name}' in {self.location.title} has no modification time",
                "Put the date into the file names, and set 'daily'",
            )
        deployment = self.table.deployment
        day = datetime.fromtimestamp(drop.changed_at, deployment.zone).date()
        has_history = self.table.pattern(deployment.history_load_date) is not None
        day = max(day, deployment.history_load_date + timedelta(days=has_history))
        while drop.name in self.landed.get(day, {}):
            day += timedelta(days=1)
        return day

    def _marker(self, drop: Drop) -> str | None:
        if not self.files.done_marker:
            return None
        folder = PurePosixPath(drop.name).parent
        marker = self.files.done_marker.format(file=drop.name, folder=folder.as_posix())
        return PurePosixPath(marker).as_posix()

    def _is_marked(self, drop: Drop) -> bool:
        marker = self._marker(drop)
        return marker is None or bool(self.location.find(_literally(marker)))

    def _seconds_to_settle(self, drops: list[Drop]) -> float:
        """Seconds until the newest file has been unchanged for ``settle_seconds``; 0 if markers are used."""
        if self.files.done_marker:
            return 0.0
        ages = [time.time() - drop.changed_at for drop in drops if drop.changed_at is not None]
        settle = self.files.settle_seconds
        # the clock of the other machine may be ahead
        return max(0.0, min(settle, settle - min(ages, default=settle)))

    def _unfinished(self, unmarked: list[Drop], drops: list[Drop]) -> UnreadableError:
        waited = f"after {self.files.wait_seconds:g} seconds"
        if unmarked:
            names = ", ".join(f"'{self._marker(drop)}'" for drop in unmarked[:3])
            return UnreadableError(
                f"the file '{unmarked[0].name}' is still being written: its marker {names} is missing {waited}",
                "Run again when the source has finished, or raise the system's 'wait_seconds'",
            )
        youngest = max(drops, key=lambda drop: drop.changed_at or 0)
        return UnreadableError(
            f"the file '{youngest.name}' is still being written: it still changes {waited}",
            "Run again when the source has finished, or raise the system's 'wait_seconds'",
        )


def drops_of(table: Table, extracts: Path, landed: Landed) -> Drops:
    """Return the files of a table.

    Raises:
        UnreadableError: the package for the URL's file system is not installed.
    """
    return Drops(table, location_of(files_of(table), extracts), landed)


def files_of(table: Table) -> Files:
    """Return the file settings of a table: its system's, with those that it overrides."""
    if table.system.files is None:
        raise TypeError(f"{table.name} is not pulled from files")
    return table.system.files.of(table.settings.files)


def _literally(name: str) -> str:
    """Return a pattern that matches exactly this name."""
    return re.sub(r"([*?\[])", r"[\1]", name)
