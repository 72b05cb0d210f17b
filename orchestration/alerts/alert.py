"""An alert: what, where, since when, what to do. It never carries a row, a value or a message that quotes one.

Add here a kind of alert; keep out when it is raised (``watch.py``) and how it is sent (``senders.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MOST_PLACES = 10


@dataclass(frozen=True)
class Alert:
    """Something that a person must know of.

    Attributes:
        deployment: the deployment that it is about.
        what: what has happened, as a headline.
        where: tables, checks and steps that it happened in; names of the project, never delivered text.
        since: the UTC time since when it holds.
        what_to_do: the next step for whoever reads it.
        run_id: the Dagster run that it happened in.
    """

    deployment: str
    what: str
    where: tuple[str, ...]
    since: datetime
    what_to_do: str
    run_id: str | None = None

    @property
    def subject(self) -> str:
        """One line that says what has happened to whom."""
        return f"[cx360 {self.deployment}] {self.what}"

    @property
    def text(self) -> str:
        """The whole alert as plain text."""
        more = len(self.where) - MOST_PLACES
        places = [f"  {place}" for place in self.where[:MOST_PLACES]] + ([f"  and {more} more"] if more > 0 else [])
        return "\n".join(
            [
                f"What   {self.what}",
                *(["Where", *places] if places else []),
                f"Since  {self.since:%Y-%m-%d %H:%M} UTC",
                *([f"Run    {self.run_id}"] if self.run_id else []),
                f"Do     {self.what_to_do}",
            ]
        )
