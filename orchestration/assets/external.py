"""The edges of the flow, which it does not build: files that dbt reads as they lie, and who reads the marts."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg


def external(manifest: Mapping[str, Any], deps: list[dg.AssetKey], owner: str) -> Iterator[dg.AssetSpec]:
    """Build the assets that stand for dbt's sources without a system, and for its exposures.

    Args:
        deps: the landed tables, whose landing also writes what such a source reads.
    """
    landed = set(deps)
    for source in manifest["sources"].values():
        key = source_key(source)
        if key not in landed and source["schema"] in {"landing", "quarantine"}:
            yield _spec(key, source["description"], "extract", owner, "parquet", deps)
    for exposure in manifest["exposures"].values():
        marts = [manifest["nodes"][node] for node in exposure["depends_on"]["nodes"]]
        keys = [dg.AssetKey([mart["schema"], mart["name"]]) for mart in marts]
        key = dg.AssetKey(["exposures", exposure["name"]])
        yield _spec(key, exposure["description"], "publish", owner, exposure["type"], keys)


def source_key(source: Mapping[str, Any]) -> dg.AssetKey:
    """The asset that writes what a source of dbt's reads: its schema and its name."""
    return dg.AssetKey([source["schema"], source["name"]])


def _spec(
    key: dg.AssetKey, description: str, group: str, owner: str, kind: str, deps: list[dg.AssetKey]
) -> dg.AssetSpec:
    return dg.AssetSpec(key, deps=deps, description=description, group_name=group, owners=[owner], kinds={kind})
