"""The ends of the asset graph: sources that dbt reads from files, and exposures that read the marts."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg


def external(manifest: Mapping[str, Any], deps: list[dg.AssetKey], owner: str) -> Iterator[dg.AssetSpec]:
    """Yield the assets of dbt's sources that no system delivers, and of its exposures.

    Args:
        deps: the landed tables; landing them also writes the files of these sources.
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
    """Return the key of a dbt source's asset: its schema and its name."""
    return dg.AssetKey([source["schema"], source["name"]])


def _spec(
    key: dg.AssetKey, description: str, group: str, owner: str, kind: str, deps: list[dg.AssetKey]
) -> dg.AssetSpec:
    return dg.AssetSpec(key, deps=deps, description=description, group_name=group, owners=[owner], kinds={kind})
