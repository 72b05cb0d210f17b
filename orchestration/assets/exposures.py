"""Exposures: who reads the marts, as dbt's ``exposures.yml`` says, at the end of the lineage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg


def exposures(manifest: Mapping[str, Any], owner: str) -> list[dg.AssetSpec]:
    """Build the assets that stand for the dashboards and workbooks that read the marts."""
    return [
        dg.AssetSpec(
            ["exposures", exposure["name"]],
            deps=[
                dg.AssetKey([manifest["nodes"][node]["schema"], manifest["nodes"][node]["name"]])
                for node in exposure["depends_on"]["nodes"]
            ],
            description=exposure["description"],
            group_name="publish",
            owners=[owner],
            kinds={exposure["type"]},
        )
        for exposure in manifest["exposures"].values()
    ]
