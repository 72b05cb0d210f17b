"""An S3 server on the loopback, and a bucket in it: what tests of remote files share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

KEY, SECRET = "CX360_TEST_S3_KEY", "CX360_TEST_S3_SECRET"
BUCKET = "drops"


@dataclass(frozen=True)
class Bucket:
    """A bucket, spoken to as a source's own programs would."""

    endpoint: str
    client: Any

    def put(self, key: str, content: bytes) -> None:
        """Deliver one file."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content)

    def put_folder(self, folder: Path) -> None:
        """Deliver every file below a folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(path.relative_to(folder).as_posix(), path.read_bytes())

    @property
    def storage_options(self) -> dict[str, Any]:
        """How a deployment's file would say that."""
        return {
            "key": {"env": KEY},
            "secret": {"env": SECRET},
            "client_kwargs": {"endpoint_url": self.endpoint, "region_name": "us-east-1"},
        }


@contextmanager
def s3_bucket() -> Iterator[Bucket]:
    """An empty bucket on a server of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(KEY, "test-key")
            patch.setenv(SECRET, "hush-hush")
            endpoint = f"http://{host}:{port}"
            client = client_of(endpoint, os.environ[KEY], os.environ[SECRET])
            client.create_bucket(Bucket=BUCKET)
            yield Bucket(endpoint, client)
    finally:
        server.stop()


def client_of(endpoint: str, key: str, secret: str, service: str = "s3") -> Any:
    """A client of the server."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    )
