"""Delivers the demo's extracts into a bucket: a folder per drop, a done marker per file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orchestration.config.deployment import Deployment
from orchestration.config.files import Files
from tests.unit.connectors.buckets import BUCKET, Bucket


def in_bucket(deployment: Deployment, bucket: Bucket, folder: str, systems: Iterable[str]) -> Deployment:
    """Return the deployment with some systems pulled from a folder of the bucket, with done markers."""
    changed = dict(deployment.systems)
    for name in systems:
        system = changed[name]
        declared = system.files.model_dump(exclude_unset=True) if system.files else {}
        location = {"url": f"s3://{BUCKET}/{folder}", "storage_options": bucket.storage_options}
        files = Files(**declared, **location, done_marker="{file}.done", wait_seconds=0)
        changed[name] = system.model_copy(update={"files": files})
    return deployment.model_copy(update={"systems": changed})


def deliver(bucket: Bucket, drop: Path, folder: str) -> None:
    """Upload every file of a drop, each followed by its marker."""
    for path in sorted(drop.rglob("*")):
        if path.is_file():
            key = f"{folder}/{drop.name}/{path.relative_to(drop).as_posix()}"
            bucket.put(key, path.read_bytes())
            bucket.put(f"{key}.done", b"")
