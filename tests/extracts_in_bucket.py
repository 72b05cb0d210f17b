"""The demo's extracts in a bucket: each drop a folder, each file marked as done."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orchestration.config.deployment import Deployment
from orchestration.config.systems import Files
from tests.unit.connectors.buckets import BUCKET, Bucket


def in_bucket(deployment: Deployment, bucket: Bucket, folder: str, systems: Iterable[str]) -> Deployment:
    """The same company, some of whose systems deliver into a folder of the bucket, each file marked as done."""
    told = dict(deployment.systems)
    for name in systems:
        system = told[name]
        said = system.files.model_dump(exclude_unset=True) if system.files else {}
        place = {"url": f"s3://{BUCKET}/{folder}", "storage_options": bucket.storage_options}
        files = Files(**said, **place, done_marker="{file}.done", wait_seconds=0)
        told[name] = system.model_copy(update={"files": files})
    return deployment.model_copy(update={"systems": told})


def deliver(bucket: Bucket, drop: Path, folder: str) -> None:
    """Every file of a drop, and its marker after it."""
    for path in sorted(drop.rglob("*")):
        if path.is_file():
            key = f"{folder}/{drop.name}/{path.relative_to(drop).as_posix()}"
            bucket.put(key, path.read_bytes())
            bucket.put(f"{key}.done", b"")
