"""The tags of a run: which load dates it covers, and what it was asked for.

Add here what a run is told by its tags; keep out which load dates are pending (``nightly.py``).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
COMMAND_TAG = "cx360/command"
"""The tag of a run that ``cx360 run`` drives itself, in its own process."""
ASKED_TAG = "cx360/asked"
"""The tag that says what a run was asked for: a run that is asked the same goes on with its pull."""
PENDING = "pending"


def range_tags(load_dates: Sequence[date], asked: str = PENDING) -> dict[str, str]:
    """The tags that make one run cover all of ``load_dates``, which are what was asked for."""
    return {
        RANGE_START: min(load_dates).isoformat(),
        RANGE_END: max(load_dates).isoformat(),
        ASKED_TAG: asked,
    }


def asked_range(first: date | None, last: date | None) -> str:
    """What somebody asks for who names these load dates, or neither."""
    return f"{first or 'the beginning'} to {last or 'the end'}" if first or last else PENDING


def asked_for(tags: Mapping[str, str], first: date, last: date) -> str:
    """What the run with these tags was asked for; its range, where somebody started it in the UI."""
    return tags.get(ASKED_TAG) or asked_range(first, last)


def covered_load_dates(tags: Mapping[str, str]) -> list[date]:
    """The days of the range that a run's tags name; none where they name none."""
    if RANGE_START not in tags:
        return []
    first, last = date.fromisoformat(tags[RANGE_START]), date.fromisoformat(tags[RANGE_END])
    return [first + timedelta(days=place) for place in range((last - first).days + 1)]
