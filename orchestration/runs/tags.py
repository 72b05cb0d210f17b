"""The tags of a run: which load dates it covers, and which load dates the user or the schedule requested.

Keep out which load dates are pending (``pending.py``).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
COMMAND_TAG = "cx360/command"
"""Tag of a run that ``cx360 run`` executes in its own process, with its run id: the UI copies tags to a run that it
executes again."""
REQUEST_TAG = "cx360/request"
"""Tag with the requested load dates: a run with the same request resumes an unfinished pull."""
PENDING = "pending"


def command_tags(run_id: str) -> dict[str, str]:
    """Return the tags of a run of the command line; the daemon leaves it to the next command to try it again."""
    return {COMMAND_TAG: run_id, "dagster/max_retries": "0"}


def is_of_command(run_id: str, tags: Mapping[str, str]) -> bool:
    """Return whether the run with these tags is one of the command line."""
    return tags.get(COMMAND_TAG) == run_id


def range_tags(load_dates: Sequence[date], request: str = PENDING) -> dict[str, str]:
    """Return the tags that make one run cover all of ``load_dates``."""
    return {
        RANGE_START: min(load_dates).isoformat(),
        RANGE_END: max(load_dates).isoformat(),
        REQUEST_TAG: request,
    }


def requested_range(first: date | None, last: date | None) -> str:
    """Return the text of a request for a range of load dates; for the pending ones if neither end is given."""
    return f"{first or 'the beginning'} to {last or 'the end'}" if first or last else PENDING


def request_of(tags: Mapping[str, str], first: date, last: date) -> str:
    """Return the request of the run with these tags; its range if it was started in the UI."""
    return tags.get(REQUEST_TAG) or requested_range(first, last)


def is_requested(tags: Mapping[str, str], load_date: date) -> bool:
    """Return whether the run with these tags was asked to pull a load date, published or not."""
    first, last = (tags.get(tag) or tags.get("dagster/partition") for tag in (RANGE_START, RANGE_END))
    is_range = bool(first and last and first <= load_date.isoformat() <= last)
    return is_range and tags.get(REQUEST_TAG) != PENDING


def covered_load_dates(tags: Mapping[str, str]) -> list[date]:
    """Return the days of the range in a run's tags; none if the tags have no range."""
    if RANGE_START not in tags:
        return []
    first, last = date.fromisoformat(tags[RANGE_START]), date.fromisoformat(tags[RANGE_END])
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
