"""One company for all cases of this folder: each module adds its rows, and all share its two runs.

A module's ``HISTORY`` and ``NIGHT`` are deliveries (rows by ``<system>__<table>``) with ids of its own.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration import company
from tests.integration.company import Delivery, Market

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))

ORDINARY: Delivery = {
    "market_help__users": [{"id": "plain", "email": "plain@example.com"}],
    "market_help__tickets": [{"id": "plain", "user_id": "plain", "opened_at": "2026-10-01T10:00:00Z"}],
    "market_survey__answers": [
        {"response": "plain", "question": "q1", "survey": "nps", "email": "plain@example.com", "low": 0, "high": 10}
        | {"answer": 9, "answered_at": "2026-10-01T10:00:00Z"}
    ],
}
"""An ordinary row of each JSON Lines table."""


@dataclass(frozen=True)
class Runs:
    """The company after its history and after the night, and what both runs printed."""

    market: Market
    history: Path
    night: Path
    output: tuple[str, str]

    def after_history(self, sql: str) -> list[tuple[object, ...]]:
        """Query what was published as of 2026-11-01 00:00."""
        return self.market.query(sql, self.history)

    def after_night(self, sql: str) -> list[tuple[object, ...]]:
        """Query what was published as of 2026-11-02 00:00."""
        return self.market.query(sql, self.night)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Run the history and one night of a company with the rows of every case."""
    market = Market.made(tmp_path_factory.mktemp("cases") / "cx360")
    modules = [importlib.import_module(f"{__package__}.{name}") for name in MODULES]
    market.deliver(company.HISTORY, ORDINARY, *(module.HISTORY for module in modules))
    market.deliver(company.NIGHT, ORDINARY, *(getattr(module, "NIGHT", {}) for module in modules))
    outputs = []
    versions = []
    for load_date in (company.HISTORY, company.NIGHT):
        outputs.append(market.run(load_date))
        versions.append(market.version())
    return Runs(market, versions[0], versions[1], (outputs[0], outputs[1]))
