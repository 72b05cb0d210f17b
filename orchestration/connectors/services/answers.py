"""How a web service is spoken to: a request is sent again while that may help, an answer is read digit by digit.

Part of ``pages.py``. Every problem is told without addresses, in which a secret may stand, and without what was
answered.
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
PASSING = {408, 425, 429, *range(500, 600)}
"""Answers after which the same request may succeed."""


class TimeLimit:
    """The time that a service may take for a window, without what becomes of the answers meanwhile."""

    def __init__(self, minutes: float) -> None:
        self.minutes, self.ends_at = minutes, time.monotonic() + 60 * minutes

    def check(self) -> None:
        """Stop when it is over.

        Raises:
            UnavailableError: it is over.
        """
        if time.monotonic() > self.ends_at:
            raise UnavailableError(
                f"the service takes longer than {self.minutes:g} minutes",
                "Ask for less at once, or raise the system's time_limit_minutes",
            )


class _WithoutQueries(logging.Filter):
    """Takes the query out of the addresses that urllib3 logs for debugging: a key may stand in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(value.partition("?")[0] if isinstance(value, str) else value for value in record.args)
        return True


@contextmanager
def session_of(rest: Rest) -> Iterator[requests.Session]:
    """A session that sends a request again while that may help, as long as the service asks for by Retry-After."""
    session = Client(
        request_timeout=rest.timeout_seconds,
        raise_for_status=False,
        status_codes=(),
        exceptions=(),
        retry_condition=_may_pass,
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


def _may_pass(response: requests.Response | None, error: BaseException | None) -> bool:
    if response is not None:
        return response.status_code in PASSING
    dropped = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
    return isinstance(error, dropped) and _certificate_problem(error) is None


def reader(rest: Rest, limit: TimeLimit) -> Callable[..., Any]:
    """What reads an answer while its request can still be sent again."""

    def read(response: requests.Response, **_: Any) -> requests.Response:
        body = bytearray()
        # whatever has arrived, so that an answer that trickles is not waited for longer than may be
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            body += chunk
            limit.check()
            if len(body) > rest.answer_megabytes * 1e6:
                raise UnreadableError(
                    f"an answer is longer than {rest.answer_megabytes:g} MB",
                    "Ask for smaller pages, or raise the system's answer_megabytes",
                )
        return Answer(response, bytes(body), rest)

    return read


class Answer(requests.Response):
    """An answer that was read whole; its JSON keeps every digit."""

    def __init__(self, response: requests.Response, body: bytes, rest: Rest) -> None:
        super().__init__()
        self.__dict__.update(response.__dict__)
        self.body, self.rest = body, rest

    @cached_property
    def text(self) -> str:
        """The answer as text."""
        _, _, charset = self.kind.partition("charset=")
        charset = charset.strip("\"' ") or "utf-8"
        try:
            return self.body.decode("utf-8-sig" if charset == "utf-8" else charset)
        except (UnicodeDecodeError, LookupError):
            raise UnreadableError(f"the answer is not the {charset} that it should be", "Ask its keeper") from None

    @property
    def kind(self) -> str:
        """The declared type of the answer."""
        return str(self.headers.get("Content-Type", "no type")).lower()

    def json(self, **_: Any) -> Any:
        """The document, for dlt."""
        return self.document

    @cached_property
    def document(self) -> Any:
        """The answer's JSON.

        Raises:
            UnreadableError: the answer is none, or a refusal.
        """
        self._check_status()
        if self.status_code == requests.codes.no_content:
            return None
        try:
            return parse(self.text)
        except json.JSONDecodeError as error:
            if self.text.lstrip()[:1] in {"{", "["}:
                raise UnavailableError(
                    f"the answer breaks off or is no valid JSON (line {error.lineno}, column {error.colno})",
                    "Run again; if it stays so, ask for smaller pages",
                ) from None
            looks = "HTML" if self.text.lstrip().startswith("<") else f"'{self.kind.split(';')[0]}'"
            raise UnreadableError(
                f"the answer is no JSON but {looks}" if self.body else "the answer is empty",
                "Check the system's url and the table's path; a login page or a proxy may have answered",
            ) from None
        except (NoRecordError, RecursionError) as error:
            raise UnreadableError(f"the answer cannot be read as JSON ({error})", "Ask the service's keeper") from None

    def _check_status(self) -> None:
        status, origin = self.status_code, origin_of(self.url)
        if status in PASSING:
            raise UnavailableError(
                f"{origin} answers with status {status}, {self.rest.attempts} attempts long",
                "Run again later; raise the system's attempts or longest_wait_seconds if it asks for more patience",
            )
        if self.is_redirect:
            there = origin_of(requests.compat.urljoin(self.url, self.headers["Location"]))
            raise UnreadableError(
                f"{origin} sends elsewhere, to {there}, and a login is never taken along",
                "Set the system's url and the table's path to where the service is",
            )
        if status in {401, 403}:
            refused = "refuses the login" if status == requests.codes.unauthorized else "denies the permission"
            raise UnreadableError(
                f"{origin} {refused} (status {status})",
                f"Check what the login may read, and its variables: {variables_of(self.rest)}",
            )
        if status in {404, 410}:
            raise UnreadableError(f"there is nothing at this path (status {status})", "Check url and path")
        if not self.ok or not 200 <= status < 300:
            raise UnreadableError(
                f"{origin} refuses the request (status {status})", "Check the table's method, params, window and pages"
            )


def explained(error: BaseException, rest: Rest) -> UnreadableError:
    """What went wrong on the way to the service."""
    origin = origin_of(rest.url)
    certificate = _certificate_problem(error)
    if certificate:
        return UnreadableError(
            f"the certificate of {origin} is not trusted ({certificate})",
            "Check the system's url; name a company's own authority in REQUESTS_CA_BUNDLE",
        )
    times = f"{rest.attempts} attempts long"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return UnavailableError(
            f"{origin} does not answer within {rest.timeout_seconds:g} seconds, {times}",
            "Run again later, or raise the system's timeout_seconds",
        )
    if isinstance(error, requests.ConnectionError | urllib3.exceptions.HTTPError):
        return UnavailableError(
            f"the connection to {origin} fails ({_reason(error)}), {times}",
            "Check the system's url and the network, and run again later",
        )
    return UnreadableError(
        f"the request cannot be made ({type(error).__name__})",
        f"Check the system's url and headers, and the variables {variables_of(rest)}",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those behind it."""
    while isinstance(error, BaseException):
        yield error
        inner = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        error = next((cause for cause in inner if isinstance(cause, BaseException) and cause is not error), None)


def _certificate_problem(error: BaseException | None) -> str | None:
    messages = [getattr(cause, "verify_message", None) for cause in _causes(error)]
    return next((message for message in messages if message), None)


def _reason(error: BaseException) -> str:
    """The innermost cause that says in words what failed."""
    told = [str(cause.strerror) for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror]
    return told[-1] if told else type(error).__name__
