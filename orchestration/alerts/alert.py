"""An alert: what happened, where, since when, what to do. It never contains a row or a delivered value.

Keep out when an alert is raised (``watch.py``) and how it is sent (``senders.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MAX_LINES = 10


@dataclass(frozen=True)
class Alert:
    """An event that a person must know about.

    Attributes:
        what: the event, as a headline.
        where: names of tables, checks and steps; never delivered text.
        since: the UTC time of the event.
        what_to_do: the next step for the reader.
        run_id: the Dagster run.
    """

    deployment: str
    what: str
    where: tuple[str, ...]
    since: datetime
    what_to_do: str
    run_id: str | None = None

    @property
    def subject(self) -> str:
        """One line with the deployment and the event."""
        return f"[cx360 {self.deployment}] {self.what}"

    @property
    def text(self) -> str:
        """The whole alert as plain text."""
        more = len(self.where) - MAX_LINES
        lines = [f"  {line}" for line in self.where[:MAX_LINES]] + ([f"  and {more} more"] if more > 0 else [])
        return "\n".join(
            [
                f"What   {self.what}",
                *(["Where", *lines] if lines else []),
                f"Since  {self.since:%Y-%m-%d %H:%M} UTC",
                *([f"Run    {self.run_id}"] if self.run_id else []),
                f"Do     {self.what_to_do}",
            ]
        )
