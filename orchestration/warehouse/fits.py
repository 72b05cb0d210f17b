"""The fits of earlier nights. They are state: the landing of a night does not give back the fit of the night before.

One file per kind of model and as-of date. A night reads only the fits of earlier nights, so that running it again gives
the same result. Add here how fits are stored; keep out how they are made (``orchestration/science``) and when one is
refused (``orchestration/assets/science``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.base.state import read_json

Fit = Mapping[str, Any]


@dataclass(frozen=True)
class FitStore:
    """The fits of a deployment by night: ``state/fits/<kind>/<as-of date>.json``."""

    home: Home

    def before(self, kind: str, as_of_date: date) -> list[dict[str, Any]]:
        """Return every fit of the nights before ``as_of_date``, oldest first."""
        files = sorted(
            path for path in (self.home.state / "fits" / kind).glob("*.json") if path.stem < as_of_date.isoformat()
        )
        kind_of_file = TypeAdapter(list[dict[str, Any]])
        return [fit for path in files for fit in read_json(path, kind_of_file, "the fits of one night")]

    def keep(self, kind: str, as_of_date: date, fits: Sequence[Fit]) -> None:
        """Write the fits of one night atomically.

        Raises:
            ValueError: a figure is infinite or NaN, which JSON cannot hold.
        """
        path = self.home.state / "fits" / kind / f"{as_of_date.isoformat()}.json"
        durable.write_text(path, json.dumps(list(fits), indent=1, allow_nan=False))
