"""File systems of URLs: opens them, and explains the errors of their libraries."""

from __future__ import annotations

import errno
import json
import tempfile
from collections.abc import Mapping
from functools import cache
from typing import Any

from orchestration.config.settings import Secret
from orchestration.connectors.batch import UnreadableError

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
    from fsspec.implementations.local import LocalFileSystem

    settings = json.loads(options)
    if url.startswith(("s3://", "s3a://")):
        settings["config_kwargs"] = {**S3_DEFAULTS, **settings.get("config_kwargs", {})}
    system, path = fsspec.url_to_fs(url, use_listings_cache=False, **settings)
    if isinstance(system, LocalFileSystem):
        raise UnreadableError(f"{url} is a folder of this machine", "Set file:///the/folder, whose links are checked")
    return system, path.rstrip("/")


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with each secret replaced by its value."""
    return {
        name: value.value() if isinstance(value, Secret) else plain(value) if isinstance(value, dict) else value
        for name, value in options.items()
    }


def secrets_in(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values of all secrets, to be removed from messages."""
    found: list[str] = []
    for value in options.values():
        if isinstance(value, Secret):
            found.append(value.value())
        elif isinstance(value, dict):
            found += secrets_in(value)
    return tuple(found)


def explained(error: Exception, url: str) -> tuple[str, str]:
    """Return the problem and the remedy of a file system's error."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    message = " ".join(str(error).split()) or type(error).__name__
    names = {kind.__name__ for each in (error, cause) for kind in type(each).__mro__}
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        problem = f"the disk is full: no space for a copy in {tempfile.gettempdir()}"
        remedy = "Free space there, or set TMPDIR to a folder on another disk"
    elif isinstance(error, ImportError) or (isinstance(error, ValueError) and "rotocol" in message):
        problem = f"no installed package can open {url} ({message})"
        remedy = "Install the package, or correct the URL"
    elif names & {"PermissionError", "NoCredentialsError"}:
        problem = f"{url} refuses access ({message})"
        remedy = "Check the credentials in storage_options, and what they may read"
    elif "SSLError" in names or "certificate" in f"{message} {cause}".lower():
        problem = f"the certificate of {url} is not trusted ({message})"
        remedy = "Check the address, or name the authority's certificate (for S3: client_kwargs: {verify: <file>})"
    elif isinstance(error, FileNotFoundError):
        problem = f"{url} does not exist, or one of its files was removed ({message})"
        remedy = "Check the bucket, the folder and the file"
    elif names & UNREACHABLE:
        problem = f"{url} cannot be reached ({message})"
        remedy = "Check the address and the network, and run again"
    else:
        problem = f"{url} cannot be read ({type(error).__name__}: {message})"
        remedy = "Check the address and the storage_options"
    return problem, remedy
