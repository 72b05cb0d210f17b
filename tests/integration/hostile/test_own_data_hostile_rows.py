"""The three companies of the pages for own data that deliver files, with hostile rows: each publishes its night."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.config.deployment import load_deployment
from orchestration.config.deployment_file import FILE
from tests.integration.hostile.planting import FIRST_ID, Drop, plant
from tests.integration.own_data import PAGE, Copy, blocks

pytestmark = pytest.mark.long

# the rows are planted all at once: shares of them say nothing
LIMITS = "limits: {rejected_rate: 1, duplicate_rate: 1, key_conflict_rate: 1, unknown_code_rate: 1}\n"


@pytest.mark.parametrize(
    ("name", "heading", "page"),
    [("acme", "Acme", PAGE), ("kiosk", "One table", "maps.md"), ("panel", "Panel", PAGE)],
)
def test_no_hostile_row_stops_a_company_of_the_documentation(
    tmp_path: Path, name: str, heading: str, page: str
) -> None:
    project = Copy.made(tmp_path / "cx360")
    for block in blocks(heading, page):
        # the history alone, without the drop of the next night
        if block.path and not re.search(r"/extracts/\d{4}-", block.path):
            project.write(block)
    file = project.root / "deployments" / name / FILE
    deployment = load_deployment(str(file.parent))
    file.write_text(file.read_text(encoding="utf-8") + LIMITS, encoding="utf-8")
    count = 0
    for table in deployment.tables():
        extracts = project.root / "data" / name / "extracts"
        drop = Drop(extracts / str(table.pattern(deployment.history_load_date)))
        count += len(plant(table, drop, deployment.history_load_date, FIRST_ID + count))

    project.run(f"make run DEPLOYMENT={name}")

    assert count > 100
    reconciled = project.query(name, "select bool_and(is_reconciled) from quality.quality_entity_reconciliation")
    assert reconciled == [(True,)]
    sql = "select bool_and(is_reconciled), sum(quarantined_row_count) from quality.quality_landing_reconciliation"
    [(is_reconciled, quarantined)] = project.query(name, sql)
    assert is_reconciled
    assert isinstance(quarantined, int)
    assert 0 < quarantined < count
