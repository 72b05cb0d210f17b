"""Requests with retries, and responses read completely with exact numbers. Part of ``pages.py``.

Error messages contain neither addresses, which may hold a secret, nor content of a response.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import requests
import urllib3
from dlt.sources.helpers.requests import Client

from orchestration.config.web_services import Rest
from orchestration.connectors.batch import UnavailableError, UnreadableError
from orchestration.connectors.readers.json_values import NoRecordError, parse
from orchestration.connectors.services.login import origin_of, variables_of

CHUNK_BYTES = 64 * 1024
TRANSIENT_STATUSES = {408, 425, 429, *range(500, 600)}
"""Status codes after which a retry may succeed."""


class TimeLimit:
    """The time limit for a window, without the time that the caller spends on the pages."""

    def __init__(self, minutes: float) -> None:
        self.minutes, self.ends_at = minutes, time.monotonic() + 60 * minutes

    def check(self) -> None:
        """Check the limit.

        Raises:
            UnavailableError: it has passed.
        """
        if time.monotonic() > self.ends_at:
            raise UnavailableError(
                f"the service takes longer than {self.minutes:g} minutes",
                "Request smaller windows, or raise the system's time_limit_minutes",
            )


class _WithoutQueries(logging.Filter):
    """Removes the query from addresses in urllib3's debug log: it may contain a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(value.partition("?")[0] if isinstance(value, str) else value for value in record.args)
        return True


@contextmanager
def session_of(rest: Rest) -> Iterator[requests.Session]:
    """Provide dlt's session, which retries transient errors with backoff and honours ``Retry-After``."""
    session = Client(
        request_timeout=rest.timeout_seconds,
        raise_for_status=False,
        status_codes=(),
        exceptions=(),
        retry_condition=_is_transient,
        request_max_attempts=rest.attempts,
        request_max_retry_delay=rest.longest_wait_seconds,
    ).session
    session.headers["User-Agent"] = "cx360"
    quiet = _WithoutQueries()
    logging.getLogger("urllib3.connectionpool").addFilter(quiet)
    try:
        yield session
    finally:
        session.close()
        logging.getLogger("urllib3.connectionpool").removeFilter(quiet)


def _is_transient(response: requests.Response | None, error: BaseException | None) -> bool:
    if response is not None:
        return response.status_code in TRANSIENT_STATUSES
    dropped = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
    return isinstance(error, dropped) and _certificate_problem(error) is None


def reader(rest: Rest, limit: TimeLimit) -> Callable[..., Any]:
    """Return a response hook that reads the body while the request can still be retried."""

    def read(response: requests.Response, **_: Any) -> requests.Response:
        body = bytearray()
        # read1 returns what has arrived, so that a slow response cannot exceed the time limit
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            body += chunk
            limit.check()
            if len(body) > rest.answer_megabytes * 1e6:
                raise UnreadableError(
                    f"a response is longer than {rest.answer_megabytes:g} MB",
                    "Request smaller pages, or raise the system's answer_megabytes",
                )
        return CompleteResponse(response, bytes(body), rest)

    return read


class CompleteResponse(requests.Response):
    """A response with its complete body; numbers in its JSON keep every digit."""

    def __init__(self, response: requests.Response, body: bytes, rest: Rest) -> None:
        super().__init__()
        self.__dict__.update(response.__dict__)
        self.body, self.rest = body, rest

    @cached_property
    def text(self) -> str:
        """The decoded body."""
        _, _, charset = self.kind.partition("charset=")
        charset = charset.strip("\"' ") or "utf-8"
        try:
            return self.body.decode("utf-8-sig" if charset == "utf-8" else charset)
        except (UnicodeDecodeError, LookupError):
            raise UnreadableError(
                f"the response is not {charset}, as its header says", "Contact the service's owner"
            ) from None

    @property
    def kind(self) -> str:
        """The declared content type."""
        return str(self.headers.get("Content-Type", "no type")).lower()

    def json(self, **_: Any) -> Any:
        """Return the parsed body; dlt calls this."""
        return self.document

    @cached_property
    def document(self) -> Any:
        """The parsed JSON of the body.

        Raises:
            UnreadableError: the status is an error, or the body is not JSON.
        """
        self._check_status()
        if self.status_code == requests.codes.no_content:
            return None
        try:
            return parse(self.text)
        except json.JSONDecodeError as error:
            if self.text.lstrip()[:1] in {"{", "["}:
                raise UnavailableError(
                    f"the response breaks off or is not valid JSON (line {error.lineno}, column {error.colno})",
                    "Run again; if the error persists, request smaller pages",
                ) from None
            looks = "HTML" if self.text.lstrip().startswith("<") else f"'{self.kind.split(';')[0]}'"
            raise UnreadableError(
                f"the response is not JSON but {looks}" if self.body else "the response is empty",
                "Check the system's url and the table's path; a login page or a proxy may have answered",
            ) from None
        except (NoRecordError, RecursionError) as error:
            raise UnreadableError(
                f"the response cannot be read as JSON ({error})", "Contact the service's owner"
            ) from None

    def _check_status(self) -> None:
        status, origin = self.status_code, origin_of(self.url)
        if status in TRANSIENT_STATUSES:
            raise UnavailableError(
                f"{origin} answers with status {status} in all {self.rest.attempts} attempts",
                "Run again later, or raise the system's attempts or longest_wait_seconds",
            )
        if self.is_redirect:
            target = origin_of(requests.compat.urljoin(self.url, self.headers["Location"]))
            raise UnreadableError(
                f"{origin} redirects to {target}, and a login is never sent to another address",
                "Set the system's url and the table's path to the new address",
            )
        if status in {401, 403}:
            refused = "refuses the login" if status == requests.codes.unauthorized else "denies access"
            raise UnreadableError(
                f"{origin} {refused} (status {status})",
                f"Check the permissions of the login, and its variables: {variables_of(self.rest)}",
            )
        if status in {404, 410}:
            raise UnreadableError(f"the path does not exist (status {status})", "Check url and path")
        if not self.ok or not 200 <= status < 300:
            raise UnreadableError(
                f"{origin} refuses the request (status {status})", "Check the table's method, params, window and pages"
            )


def explained(error: BaseException, rest: Rest) -> UnreadableError:
    """Explain an error that happened before a response was complete."""
    origin = origin_of(rest.url)
    certificate = _certificate_problem(error)
    if certificate:
        return UnreadableError(
            f"the certificate of {origin} is not trusted ({certificate})",
            "Check the system's url; set REQUESTS_CA_BUNDLE to your own certificate authority's file",
        )
    attempts = f"in all {rest.attempts} attempts"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return UnavailableError(
            f"{origin} does not answer within {rest.timeout_seconds:g} seconds {attempts}",
            "Run again later, or raise the system's timeout_seconds",
        )
    if isinstance(error, requests.ConnectionError | urllib3.exceptions.HTTPError):
        return UnavailableError(
            f"the connection to {origin} fails {attempts} ({_reason(error)})",
            "Check the system's url and the network, and run again later",
        )
    return UnreadableError(
        f"the request cannot be made ({type(error).__name__})",
        f"Check the system's url and headers, and the variables {variables_of(rest)}",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes."""
    while isinstance(error, BaseException):
        yield error
        inner = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        error = next((cause for cause in inner if isinstance(cause, BaseException) and cause is not error), None)


def _certificate_problem(error: BaseException | None) -> str | None:
    messages = [getattr(cause, "verify_message", None) for cause in _causes(error)]
    return next((message for message in messages if message), None)


def _reason(error: BaseException) -> str:
    """The message of the innermost cause that has one."""
    reasons = [str(cause.strerror) for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror]
    return reasons[-1] if reasons else type(error).__name__
