"""The file systems of URLs: how one is opened, and what its errors mean, for each library has its own."""

from __future__ import annotations

import errno
import json
import tempfile
from collections.abc import Mapping
from functools import cache
from typing import Any

from orchestration.config.settings import Secret

S3_DEFAULTS = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3, "mode": "standard"}}

UNREACHABLE = {"ConnectionError", "TimeoutError", "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"}


@cache
def file_system(url: str, options: str) -> tuple[Any, str]:
    """Open the file system of a URL, and return it with the URL as it writes paths.

    Cached, because fsspec opens new connections in every thread and a table is read in a thread of its own.

    Args:
        options: the storage options as JSON.
    """
    import fsspec

    settings = json.loads(options)
    if url.startswith(("s3://", "s3a://")):
        settings["config_kwargs"] = {**S3_DEFAULTS, **settings.get("config_kwargs", {})}
    system, path = fsspec.url_to_fs(url, use_listings_cache=False, **settings)
    return system, path.rstrip("/")


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with every secret's value."""
    return {
        name: value.value() if isinstance(value, Secret) else plain(value) if isinstance(value, dict) else value
        for name, value in options.items()
    }


def secrets_in(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The secrets' values, which no message may show."""
    found: list[str] = []
    for value in options.values():
        if isinstance(value, Secret):
            found.append(value.value())
        elif isinstance(value, dict):
            found += secrets_in(value)
    return tuple(found)


def explained(error: Exception, url: str) -> tuple[str, str]:
    """The problem and the remedy, in words."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    told = " ".join(str(error).split()) or type(error).__name__
    names = {kind.__name__ for each in (error, cause) for kind in type(each).__mro__}
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        problem = f"there is no room for a copy in {tempfile.gettempdir()}"
        remedy = "Free space there, or set TMPDIR to another folder"
    elif isinstance(error, ImportError) or (isinstance(error, ValueError) and "rotocol" in told):
        problem = f"nothing that is installed can speak to {url} ({told})"
        remedy = "Install the package, or mend the URL"
    elif names & {"PermissionError", "NoCredentialsError"}:
        problem = f"{url} refuses access ({told})"
        remedy = "Check the credentials in storage_options, and what they may read"
    elif "SSLError" in names or "certificate" in f"{told} {cause}".lower():
        problem = f"the certificate of {url} is not trusted ({told})"
        remedy = "Check the address, or name the authority's certificate (for S3: client_kwargs: {verify: <file>})"
    elif isinstance(error, FileNotFoundError):
        problem = f"{url} is not there, or a file of it has gone ({told})"
        remedy = "Check the bucket, the folder and the file"
    elif names & UNREACHABLE:
        problem = f"{url} cannot be reached ({told})"
        remedy = "Check the address and the network, and run again"
    else:
        problem = f"{url} cannot be read ({type(error).__name__}: {told})"
        remedy = "Check the address and the storage_options"
    return problem, remedy
