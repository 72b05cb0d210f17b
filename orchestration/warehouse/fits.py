"""The fits of earlier nights: state, because a night's landing does not give last night's fit back.

One file per kind of model and as-of date. Taking a night again writes the same file again, and reads only those of
nights before it, so that a night gives the same answer however often it is run. Add here how fits are kept; keep out
how they are made (``orchestration/science``) and when one is refused (``orchestration/assets/science``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.base import durable
from orchestration.base.paths import Home

Fit = Mapping[str, Any]


@dataclass(frozen=True)
class FitStore:
    """The fits of a deployment, night by night: ``state/fits/<kind>/<as-of date>.json``."""

    home: Home

    def before(self, kind: str, as_of_date: date) -> list[dict[str, Any]]:
        """Every fit of the nights before ``as_of_date``, oldest first."""
        files = sorted(
            path for path in (self.home.state / "fits" / kind).glob("*.json") if path.stem < as_of_date.isoformat()
        )
        return [fit for path in files for fit in json.loads(path.read_text(encoding="utf-8"))]

    def keep(self, kind: str, as_of_date: date, fits: Sequence[Fit]) -> None:
        """Write the fits of one night; a process that is killed meanwhile leaves the file as it was.

        Raises:
            ValueError: a figure is infinite or no number, which JSON does not know.
        """
        path = self.home.state / "fits" / kind / f"{as_of_date.isoformat()}.json"
        durable.write_text(path, json.dumps(list(fits), indent=1, allow_nan=False))
