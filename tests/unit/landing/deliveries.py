"""What the landing's tests share: a company whose files a test writes, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, Table, load_deployment
from orchestration.landing.landing import Landing
from orchestration.landing.unit import Unit

CUSTOMERS = "crm__customers"
CUSTOMER_COLUMNS = (
    "customer_id,email,phone,segment,registered_at,updated_at,"
    "first_name,last_name,street,postal_code,city,region,country,language"
)


@dataclass(frozen=True)
class Company:
    """A deployment with a home and extracts of its own."""

    deployment: Deployment
    landing: Landing

    @property
    def history(self) -> date:
        """The load date of the history drop."""
        return self.deployment.history_load_date

    def table(self, name: str) -> Table:
        """The table that lands under ``name``."""
        return next(table for table in self.deployment.tables() if table.name == name)

    def deliver(self, file: str, content: str | bytes | pa.Table) -> None:
        """Write a file into the extracts."""
        path = self.landing.extracts / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def admit(self, table: str, *load_dates: date) -> list[Unit]:
        """Land the units of a table; the history's where no date is given."""
        return self.landing.admit(self.table(table), load_dates or [self.history])

    def folders(self, table: str, load_date: date) -> tuple[Path, Path]:
        """Where a unit lands, and where its rejected rows lie."""
        system, name = table.split("__")
        unit = Path(system) / name / f"load_date={load_date}"
        return self.landing.home.landing / unit, self.landing.home.quarantine / unit

    def landed(self, table: str, load_date: date | None = None) -> list[dict[str, Any]]:
        """The landed rows of a unit."""
        return _rows(self.folders(table, load_date or self.history)[0])

    def quarantined(self, table: str, load_date: date | None = None) -> list[dict[str, Any]]:
        """The rejected rows of a unit."""
        return _rows(self.folders(table, load_date or self.history)[1])

    def files(self) -> dict[str, bytes]:
        """Every file below landing and quarantine, byte for byte."""
        home = self.landing.home
        paths = [path for root in (home.landing, home.quarantine) for path in root.rglob("*") if path.is_file()]
        return {path.relative_to(home.root).as_posix(): path.read_bytes() for path in paths}


def company(name: str, root: Path) -> Company:
    """A company of the deployment ``name`` that has landed nothing yet."""
    deployment = load_deployment(name)
    return Company(deployment, Landing(deployment, Home(root / "home"), root / "extracts"))


def messages(units: Sequence[Unit], severity: str) -> list[str]:
    """What was found of ``severity``."""
    return [finding.message for unit in units for finding in unit.findings if finding.severity == severity]


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def deliver_customers(demo: Company, load_date: date, rows: int, bad: int = 0) -> None:
    """A night of customers, of which ``bad`` have no usable time."""
    at = f"{load_date}T10:00:00+01:00"
    good = [f"c{n},c{n}@x.example,,,{at},{at}{',' * 8}" for n in range(rows - bad)]
    unusable = [f"b{n},,,,{at},soon{',' * 8}" for n in range(bad)]
    demo.deliver(f"{load_date}/crm/customers.csv", "\n".join([CUSTOMER_COLUMNS, *good, *unusable]) + "\n")
