"""The settings of a web service: login, pagination, requests.

Add here settings that ``connectors/rest.py`` reads. Paths into a response are written as in JSONPath: ``$.data[*]`` is
every element of ``data``; ``$["@odata.nextLink"]`` is a name with special characters.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from orchestration.base.loopback import is_loopback
from orchestration.config.settings import Secret, Strict

EVERY = None
"""The step of a path for every element of a list."""
_STEP = re.compile(r"""\.(?P<name>[^.\[\]"'\s]+)|\["(?P<quoted>[^"]+)"\]|(?P<every>\[\*\])""")
_SECRET_HEADER = re.compile(r"auth|cookie|token|key|secret|password|session", re.IGNORECASE)


def steps_of(path: str) -> tuple[str | None, ...]:
    """Return the steps of a path, with ``EVERY`` for ``[*]``.

    Raises:
        ValueError: the path has another syntax.
    """
    steps: list[str | None] = []
    position = 1
    while path.startswith("$") and position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            break
        steps.append(EVERY if step["every"] else step["name"] or step["quoted"])
        position = step.end()
    if not path.startswith("$") or position < len(path):
        raise ValueError(f"'{path}' is not a path into a response, such as $.data[*] or $.meta.next")
    return tuple(steps)


def _is_path(value: str) -> str:
    steps_of(value)
    return value


def _points_at_one(value: str) -> str:
    if EVERY in steps_of(value):
        raise ValueError(f"'{value}' must be the path of one value, without [*]")
    return value


def _is_address(value: str) -> str:
    parts = urlsplit(value)
    try:
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port:
        raise ValueError("the port of the address is not a number from 1 to 65535")
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise ValueError("the address must begin with https:// and have a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address contains a login, a query or a fragment: set auth and params instead")
    return value.rstrip("/")


Path = Annotated[str, AfterValidator(_is_path)]
PathOfOne = Annotated[str, AfterValidator(_points_at_one)]
Address = Annotated[str, AfterValidator(_is_address)]


def _is_private(address: str) -> bool:
    """Whether the connection is encrypted, or does not leave this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or is_loopback(parts.hostname)


class ApiKey(Strict):
    """A key in every request."""

    kind: Literal["api_key"]
    key: Secret
    name: str = Field("X-API-Key", min_length=1, description="Name of the header or parameter.")
    place: Literal["header", "query"] = "header"


class Bearer(Strict):
    """A token in every request, as ``Authorization: Bearer``."""

    kind: Literal["bearer"]
    token: Secret


class Basic(Strict):
    """A user name and password."""

    kind: Literal["basic"]
    username: Secret
    password: Secret


class ClientCredentials(Strict):
    """OAuth 2.0 client credentials (RFC 6749, 4.4): a token is fetched, and renewed before it expires."""

    kind: Literal["oauth2"]
    token_url: Address
    client_id: Secret
    client_secret: Secret
    scope: str | None = None
    credentials_in: Literal["body", "header"] = Field(
        "body", description="Where the token server expects the credentials."
    )

    @field_validator("token_url")
    @classmethod
    def _is_encrypted(cls, value: str) -> str:
        if not _is_private(value):
            raise ValueError("a client secret requires encryption: the address must begin with https://")
        return value


Auth = Annotated[ApiKey | Bearer | Basic | ClientCredentials, Field(discriminator="kind")]


class SinglePage(Strict):
    """One response has all records."""

    kind: Literal["single"]


class PageNumbers(Strict):
    """Numbered pages; the last one is empty, or says so at ``more_path``."""

    kind: Literal["page_number"]
    parameter: str = "page"
    first: int = 1
    more_path: PathOfOne | None = Field(None, description="Path of a boolean: whether more pages follow.")


class Offsets(Strict):
    """Pages by offset and size."""

    kind: Literal["offset"]
    parameter: str = "offset"
    size_parameter: str = "limit"
    size: int = Field(100, ge=1)
    more_path: PathOfOne | None = None


class Cursor(Strict):
    """A response has the cursor of the next page, which the next request sends."""

    kind: Literal["cursor"]
    parameter: str = "cursor"
    path: PathOfOne
    more_path: PathOfOne | None = None


class LinkHeader(Strict):
    """The header ``Link`` has the address of the next page (RFC 8288)."""

    kind: Literal["link_header"]
    relation: str = "next"


class NextUrl(Strict):
    """The response has the address of the next page."""

    kind: Literal["next_url"]
    path: PathOfOne


Pages = Annotated[
    SinglePage | PageNumbers | Offsets | Cursor | LinkHeader | NextUrl,
    Field(discriminator="kind"),
]


class Rest(Strict):
    """A web service."""

    url: Address = Field(description="Base address for the paths of its tables.")
    auth: Auth | None = None
    pages: Pages | None = Field(None, description="Pagination, unless a table sets its own.")
    headers: dict[str, str] = Field({}, description="Sent with every request; never a secret.")
    timeout_seconds: float = Field(30, gt=0, description="Limit of a connection or response without any data.")
    attempts: int = Field(6, ge=1, description="Attempts per request.")
    longest_wait_seconds: float = Field(120, gt=0, description="Longest wait between two attempts.")
    time_limit_minutes: float = Field(120, gt=0, description="Limit for all pages of a table's window.")
    answer_megabytes: float = Field(64, gt=0, description="Larger responses are refused: they are held in memory.")
    most_pages: int = Field(100_000, ge=1, description="Limit of pages in a window.")

    @field_validator("headers")
    @classmethod
    def _hold_no_secret(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if _SECRET_HEADER.search(name):
                raise ValueError(
                    f"the header '{name}' looks like a secret, and secrets are not allowed in files: set auth"
                )
        return value

    @model_validator(mode="after")
    def _logs_in_encrypted(self) -> Rest:
        if self.auth and not _is_private(self.url):
            raise ValueError("a login requires encryption: url must begin with https://")
        return self


class WindowParameters(Strict):
    """The request parameters of a window; the history has no start unless ``history_start`` is set."""

    from_parameter: str | None = None
    to_parameter: str | None = None
    format: Literal["iso", "date", "epoch_seconds", "epoch_milliseconds"] = Field(
        "iso", description="ISO 8601 in UTC; a day in the deployment's time zone; seconds or milliseconds since 1970."
    )
    includes_end: bool = Field(False, description="Whether the service includes the end in the window.")
    history_start: date | None = Field(None, description="Start of the history, if the service requires one.")
    changed_at: str | None = Field(
        None,
        description="Column with a record's time of change: records outside the window are left to their own window.",
    )

    @model_validator(mode="after")
    def _has_two_ends(self) -> WindowParameters:
        if not self.changed_at and not (self.from_parameter and self.to_parameter):
            raise ValueError(
                "without from_parameter and to_parameter a night would also take the records of other nights:"
                " set changed_at to the column with the time of change"
            )
        return self


class RestTable(Strict):
    """The request for one table, and the path of the records in its responses."""

    path: str = Field(pattern="^/[^?#]*$", description="Appended to the system's url; set parameters in params.")
    method: Literal["GET", "POST"] = Field("GET", description="POST sends the parameters in a JSON body.")
    params: dict[str, JsonValue] = Field({}, description="Sent with every request; never a secret.")
    window: WindowParameters | None = Field(None, description="Without it every night pulls the complete table.")
    pages: Pages | None = None
    records: Path = Field(description="Path of the records: $.data[*], or $.data[*].answers[*] for nested ones.")
    columns: dict[str, Path] = Field({}, description="Paths of additional columns, by column name.")
    total_path: PathOfOne | None = Field(None, description="Path of the number of records on all pages.")

    @model_validator(mode="after")
    def _columns_lie_on_the_way(self) -> RestTable:
        records = steps_of(self.records)
        for name, path in self.columns.items():
            steps = steps_of(path)
            lists = max((position for position, step in enumerate(steps, start=1) if step is EVERY), default=0)
            if steps[:lists] != records[:lists]:
                raise ValueError(f"column '{name}': the lists in {path} must be those of records ({self.records})")
        return self

    @model_validator(mode="after")
    def _has_elements_to_count(self) -> RestTable:
        if self.total_path and EVERY not in steps_of(self.records):
            raise ValueError("total_path counts the elements of a list, and records has no [*]")
        return self

    @model_validator(mode="after")
    def _parameters_are_distinct(self) -> RestTable:
        window = self.window
        names = [name for name in (window and window.from_parameter, window and window.to_parameter) if name]
        if len({*names, *self.params}) < len(names) + len(self.params):
            raise ValueError("params and window set the same parameter")
        if self.method == "GET" and any(isinstance(value, dict) for value in self.params.values()):
            raise ValueError("params of a GET request must be plain values or lists of them")
        return self
