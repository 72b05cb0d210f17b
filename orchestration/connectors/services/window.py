"""Request parameters of a window, and the test whether a record lies in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from orchestration.config.deployment import Deployment, Window
from orchestration.config.web_services import WindowParameters

MILLISECONDS_FROM = 1e11
"""Numbers from here on are milliseconds since 1970: as seconds they would lie after the year 5000."""


def parameters_of(settings: WindowParameters | None, window: Window, deployment: Deployment) -> dict[str, str]:
    """Return the request parameters that select the window, by name."""
    if settings is None:
        return {}
    start, end = window.start, window.end
    if start is None and settings.history_start:
        start = datetime.combine(settings.history_start, time(), deployment.zone)
    if settings.includes_end:
        # the last instant that the format can express
        end -= {"epoch_seconds": timedelta(seconds=1), "epoch_milliseconds": timedelta(milliseconds=1)}.get(
            settings.format, timedelta.resolution
        )
    written: dict[str, Callable[[datetime], str]] = {
        "iso": lambda moment: moment.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "date": lambda moment: moment.astimezone(deployment.zone).date().isoformat(),
        "epoch_seconds": lambda moment: str(int(moment.timestamp())),
        "epoch_milliseconds": lambda moment: str(int(moment.timestamp()) * 1000 + moment.microsecond // 1000),
    }
    bounds = ((settings.from_parameter, start), (settings.to_parameter, end))
    return {name: written[settings.format](moment) for name, moment in bounds if name and moment}


def lies_in(window: Window, changed_at: str | None) -> bool:
    """Whether a record with this time of change belongs to the window.

    A record without a readable time does, so that gate 1 judges it and no record is dropped silently.

    Args:
        window: half-open: the start belongs to it, the end does not.
        changed_at: ISO 8601 (UTC if it has no offset), or seconds or milliseconds since 1970.
    """
    try:
        if changed_at is None:
            return True
        if changed_at.replace(".", "", 1).isdecimal():
            number = float(changed_at)
            moment = datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)
        else:
            moment = datetime.fromisoformat(changed_at)
    except (ValueError, OverflowError, OSError):
        return True
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (window.start is None or window.start <= moment) and moment < window.end
