"""What a deployment's file may say of a web service: how to log in, how its pages follow each other, what is asked.

Add here a setting that ``connectors/rest.py`` reads; keep out how it is asked. A path into an answer is written as in
JSONPath: ``$.data[*]``, every element of ``data``; ``$["@odata.nextLink"]``, a name with signs in it.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from orchestration.config.settings import Secret, Strict

EVERY = None
"""The step of a path that stands for every element of a list."""
_STEP = re.compile(r"""\.(?P<name>[^.\[\]"'\s]+)|\["(?P<quoted>[^"]+)"\]|(?P<every>\[\*\])""")
_SECRET_HEADER = re.compile(r"auth|cookie|token|key|secret|password|session", re.IGNORECASE)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def steps_of(path: str) -> tuple[str | None, ...]:
    """The steps of a path from the whole answer to what it points at; ``EVERY`` for ``[*]``.

    Raises:
        ValueError: it cannot be read as such a path.
    """
    steps: list[str | None] = []
    place = 1
    while path.startswith("$") and place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            break
        steps.append(EVERY if step["every"] else step["name"] or step["quoted"])
        place = step.end()
    if not path.startswith("$") or place < len(path):
        raise ValueError(f"'{path}' is no path into an answer, like $.data[*] or $.meta.next")
    return tuple(steps)


def _is_path(value: str) -> str:
    steps_of(value)
    return value


def _points_at_one(value: str) -> str:
    if EVERY in steps_of(value):
        raise ValueError(f"'{value}' must point at one value, without [*]")
    return value


def _is_address(value: str) -> str:
    parts = urlsplit(value)
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise ValueError("the address must begin with https:// and name a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address holds a login, a query or a fragment: set auth and params instead")
    return value.rstrip("/")


Path = Annotated[str, AfterValidator(_is_path)]
PathOfOne = Annotated[str, AfterValidator(_points_at_one)]
Address = Annotated[str, AfterValidator(_is_address)]


def _is_private(address: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


class ApiKey(Strict):
    """A key that goes with every request."""

    kind: Literal["api_key"]
    key: Secret
    name: str = Field("X-API-Key", min_length=1, description="Of the header or the parameter that carries it.")
    place: Literal["header", "query"] = "header"


class Bearer(Strict):
    """A token that goes with every request as ``Authorization: Bearer``."""

    kind: Literal["bearer"]
    token: Secret


class Basic(Strict):
    """A user's name and password."""

    kind: Literal["basic"]
    username: Secret
    password: Secret


class ClientCredentials(Strict):
    """OAuth 2.0 client credentials (RFC 6749, 4.4): a token is fetched first, and again when it runs out."""

    kind: Literal["oauth2"]
    token_url: Address
    client_id: Secret
    client_secret: Secret
    scope: str | None = None
    credentials_in: Literal["body", "header"] = Field("body", description="Where the token's server expects them.")

    @field_validator("token_url")
    @classmethod
    def _is_encrypted(cls, value: str) -> str:
        if not _is_private(value):
            raise ValueError("a client's secret is never sent without encryption: the address must begin with https://")
        return value


Auth = Annotated[ApiKey | Bearer | Basic | ClientCredentials, Field(discriminator="kind")]


class SinglePage(Strict):
    """One answer holds everything."""

    kind: Literal["single"]


class PageNumbers(Strict):
    """Pages have numbers; the first one without records, or that says so itself, is the last."""

    kind: Literal["page_number"]
    parameter: str = "page"
    first: int = 1
    more_path: PathOfOne | None = Field(None, description="To a true or false in the answer: whether more pages come.")


class Offsets(Strict):
    """A page begins after so many records."""

    kind: Literal["offset"]
    parameter: str = "offset"
    size_parameter: str = "limit"
    size: int = Field(100, ge=1)
    more_path: PathOfOne | None = None


class Cursor(Strict):
    """An answer holds the mark of the next page, which the next request names."""

    kind: Literal["cursor"]
    parameter: str = "cursor"
    path: PathOfOne
    more_path: PathOfOne | None = None


class LinkHeader(Strict):
    """The header ``Link`` holds the next page's address (RFC 8288)."""

    kind: Literal["link_header"]
    relation: str = "next"


class NextUrl(Strict):
    """The answer holds the next page's address."""

    kind: Literal["next_url"]
    path: PathOfOne


Pages = Annotated[
    SinglePage | PageNumbers | Offsets | Cursor | LinkHeader | NextUrl,
    Field(discriminator="kind"),
]


class Rest(Strict):
    """A web service that is pulled page by page."""

    url: Address = Field(description="What the paths of its tables come after.")
    auth: Auth | None = None
    pages: Pages | None = Field(None, description="How pages follow each other, save where a table says otherwise.")
    headers: dict[str, str] = Field({}, description="Sent with every request; never a secret.")
    timeout_seconds: float = Field(30, gt=0, description="Silence, while connecting or answering, that is too long.")
    attempts: int = Field(6, ge=1, description="Times that a request is sent before the service counts as down.")
    longest_wait_seconds: float = Field(120, gt=0, description="Most that is waited between two attempts.")
    time_limit_minutes: float = Field(120, gt=0, description="Time for one table's window, all its pages together.")
    answer_megabytes: float = Field(64, gt=0, description="A longer answer is refused: it stands in memory whole.")
    most_pages: int = Field(100_000, ge=1, description="More pages in one window count as endless.")

    @field_validator("headers")
    @classmethod
    def _hold_no_secret(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if _SECRET_HEADER.search(name):
                raise ValueError(f"the header '{name}' looks like a secret, and no file holds one: set auth")
        return value

    @model_validator(mode="after")
    def _logs_in_encrypted(self) -> Rest:
        if self.auth and not _is_private(self.url):
            raise ValueError("a secret is never sent without encryption: url must begin with https://")
        return self


class WindowParameters(Strict):
    """How a request says which window is asked for; the history leaves the beginning out, unless it is declared."""

    from_parameter: str | None = None
    to_parameter: str | None = None
    format: Literal["iso", "date", "epoch_seconds", "epoch_milliseconds"] = Field(
        "iso", description="ISO 8601 in UTC; a day in the deployment's time zone; seconds or milliseconds since 1970."
    )
    includes_end: bool = Field(False, description="Whether the service takes the end to be part of the window.")
    history_start: date | None = Field(None, description="Where the history begins, if the service must be told.")
    changed_at: str | None = Field(
        None, description="The column with a record's time of change: what lies outside the window waits for its own."
    )

    @model_validator(mode="after")
    def _has_two_ends(self) -> WindowParameters:
        if not self.changed_at and not (self.from_parameter and self.to_parameter):
            raise ValueError(
                "without from_parameter and to_parameter a night would take what other nights hold:"
                " name the column that says when a record changed, as changed_at"
            )
        return self


class RestTable(Strict):
    """What is asked of a web service for one table, and where its records stand in the answer."""

    path: str = Field(pattern="^/[^?#]*$", description="After the system's url; parameters stand in params.")
    method: Literal["GET", "POST"] = Field("GET", description="POST sends every parameter in a JSON body instead.")
    params: dict[str, JsonValue] = Field({}, description="Sent with every request; never a secret.")
    window: WindowParameters | None = Field(None, description="Without it every night pulls the whole table.")
    pages: Pages | None = None
    records: Path = Field(description="To the records: $.data[*], or $.data[*].answers[*] for what lies in them.")
    columns: dict[str, Path] = Field({}, description="Columns beside the record's own, by their paths.")
    total_path: PathOfOne | None = Field(None, description="To the number of elements that all pages hold together.")

    @model_validator(mode="after")
    def _columns_lie_on_the_way(self) -> RestTable:
        records = steps_of(self.records)
        for name, path in self.columns.items():
            steps = steps_of(path)
            lists = max((place for place, step in enumerate(steps, start=1) if step is EVERY), default=0)
            if steps[:lists] != records[:lists]:
                raise ValueError(f"column '{name}': the lists in {path} must be those of records, {self.records}")
        return self

    @model_validator(mode="after")
    def _has_elements_to_count(self) -> RestTable:
        if self.total_path and EVERY not in steps_of(self.records):
            raise ValueError("total_path counts the elements of a list, and records has no [*]")
        return self

    @model_validator(mode="after")
    def _parameters_are_told_apart(self) -> RestTable:
        window = self.window
        names = [name for name in (window and window.from_parameter, window and window.to_parameter) if name]
        if len({*names, *self.params}) < len(names) + len(self.params):
            raise ValueError("params and window name the same parameter")
        if self.method == "GET" and any(isinstance(value, dict) for value in self.params.values()):
            raise ValueError("params of a GET request are plain values or lists of them")
        return self
