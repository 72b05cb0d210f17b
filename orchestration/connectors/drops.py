"""Which files a window takes: those whose names carry its date, or those that came on its day; whole ones alone.

A file without a date in its name belongs to the day on which it was last modified, in the deployment's time zone; what
has landed is remembered, so that a day that is pulled again takes the same files (docs/decisions/found-drops.md). Add
here which file belongs where; keep out how a place is spoken to (``places.py``).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath

from orchestration.config.deployment import Table
from orchestration.config.systems import Files
from orchestration.connectors.batch import Delivery, UnreadableError
from orchestration.connectors.places import Drop, Place, content, place_of

LOOK_AGAIN_SECONDS = 1.0

Landed = Mapping[date, Mapping[str, Delivery]]
"""The files of each load date that have landed, by their names: what the landing remembers of a table."""


@dataclass(frozen=True)
class Drops:
    """The files of one table."""

    table: Table
    place: Place
    landed: Landed
    _contents: dict[Drop, str] = field(default_factory=dict)

    @property
    def files(self) -> Files:
        """How the system's files are written."""
        return files_of(self.table)

    def of(self, load_date: date) -> list[Drop]:
        """The files of a load date, in the order of their names.

        Raises:
            UnreadableError: the place cannot be read.
        """
        pattern = self.table.pattern(load_date)
        if pattern:
            return self._found(pattern)
        return [drop for drop, day in self.dated() if day == load_date]

    def whole(self, load_date: date) -> list[Drop]:
        """The files of a load date, once none of them is being written any more.

        Raises:
            UnreadableError: one still is, after the time that a night waits.
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
            self.place.look_again()

    def dated(self) -> Iterator[tuple[Drop, date]]:
        """Each complete file whose name carries no date, and the load date that it belongs to."""
        for drop in self._found(self.table.found) if self.table.found else []:
            if self._is_marked(drop):
                yield drop, self._landed_on(drop) or self._came_on(drop)

    def days(self) -> set[date]:
        """The load dates that the files' names or their times tell of; the history's always."""
        first = self.table.deployment.history_load_date
        today = datetime.now(self.table.deployment.zone).date()
        days = {day for _, day in self.dated() if day <= today}
        daily = None if self.table.found else self.table.settings.daily or self.files.daily
        if daily:
            anyday = daily.format(table=self.table.table_name, load_date="????-??-??")
            for drop in self.place.find(anyday):
                for text in re.findall(r"(?=(\d{4}-\d{2}-\d{2}))", drop.name):
                    try:
                        days.add(date.fromisoformat(text))
                    except ValueError:  # digits like a date that are none
                        continue
        return {first, *days}

    def is_landed(self, drop: Drop, load_date: date) -> bool:
        """Whether the load date has landed this file with this content."""
        known = self.landed.get(load_date, {}).get(drop.name)
        return known is not None and (known.tag == drop.tag or known.content == self.content(drop))

    def content(self, drop: Drop) -> str:
        """The hash of a file's content."""
        if drop not in self._contents:
            with self.place.fetched(drop) as path:
                self._contents[drop] = content(path)
        return self._contents[drop]

    def gone(self, load_date: date) -> list[str]:
        """The files of a load date that have landed and are replaced or gone, where no name tells their day."""
        if self.table.pattern(load_date):
            return []
        there = {drop.name for drop in self.of(load_date)}
        return sorted({*self.landed.get(load_date, {})} - there)

    def _found(self, pattern: str) -> list[Drop]:
        drops = self.place.find(pattern)
        markers = {self._marker(drop) for drop in drops}
        return [drop for drop in drops if drop.name not in markers]

    def _landed_on(self, drop: Drop) -> date | None:
        days = [day for day, known in self.landed.items() if drop.name in known]
        same = [day for day in days if self.landed[day][drop.name].tag == drop.tag]
        return next(iter(same), None) or next((day for day in days if self.is_landed(drop, day)), None)

    def _came_on(self, drop: Drop) -> date:
        """The day of the file's last change; the first day after it, if that day has landed another one of its name."""
        if drop.changed_at is None:
            raise UnreadableError(
                f"{self.place.title} does not tell when file '{drop.name}' came",
                "Name the files by date, and say so in 'daily'",
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
        return marker is None or bool(self.place.find(_literally(marker)))

    def _seconds_to_settle(self, drops: list[Drop]) -> float:
        """How long until the youngest file has been left alone long enough; a marker says at once that it is whole."""
        if self.files.done_marker:
            return 0.0
        ages = [time.time() - drop.changed_at for drop in drops if drop.changed_at is not None]
        settle = self.files.settle_seconds
        # a clock that is ahead makes a file look younger than new
        return max(0.0, min(settle, settle - min(ages, default=settle)))

    def _unfinished(self, unmarked: list[Drop], drops: list[Drop]) -> UnreadableError:
        waited = f"after {self.files.wait_seconds:g} seconds"
        if unmarked:
            names = ", ".join(f"'{self._marker(drop)}'" for drop in unmarked[:3])
            return UnreadableError(
                f"the file '{unmarked[0].name}' is still being written: its marker {names} is not there {waited}",
                "Run again when the source has finished, or raise the system's 'wait_seconds'",
            )
        youngest = max(drops, key=lambda drop: drop.changed_at or 0)
        return UnreadableError(
            f"the file '{youngest.name}' is still being written: it still changes {waited}",
            "Run again when the source has finished, or raise the system's 'wait_seconds'",
        )


def drops_of(table: Table, extracts: Path, landed: Landed) -> Drops:
    """The files of a table.

    Raises:
        UnreadableError: nothing that is installed can speak to the place.
    """
    return Drops(table, place_of(files_of(table), extracts), landed)


def files_of(table: Table) -> Files:
    """How the files of a table's system are written."""
    if table.system.files is None:
        raise TypeError(f"{table.name} is not pulled from files")
    return table.system.files


def _literally(name: str) -> str:
    """A pattern that names one file."""
    return re.sub(r"([*?\[])", r"[\1]", name)
