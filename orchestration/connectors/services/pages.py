"""The pages of a web service, one after the other, by dlt's REST client and its paginators.

Imported when a service is pulled, because dlt takes seconds. Add here how pages follow each other; keep out what
becomes of what they hold.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urljoin

import requests
import urllib3
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.common.jsonpath import find_values, set_value_at_path
from dlt.sources.helpers.rest_client import paginators
from dlt.sources.helpers.rest_client.client import PageData, RESTClient

from orchestration.config.web_services import (
    EVERY,
    Cursor,
    LinkHeader,
    NextUrl,
    Offsets,
    PageNumbers,
    Pages,
    Rest,
    RestTable,
    SinglePage,
    steps_of,
)
from orchestration.connectors.batch import UnavailableError, UnreadableError
from orchestration.connectors.services.answers import Answer, TimeLimit, explained, reader, session_of
from orchestration.connectors.services.login import OneOrigin


def answers(rest: Rest, asked: RestTable, window: dict[str, str]) -> Iterator[Answer]:
    """Yield the pages of a table's window, in the order of the service.

    Args:
        rest: the service.
        asked: what is asked of it.
        window: the parameters that say which window, by their names.

    Raises:
        UnreadableError: an answer cannot be taken as it is.
        UnavailableError: the service does not answer, or not as it should, as often as it was asked.
    """
    pages = asked.pages or rest.pages or SinglePage(kind="single")
    in_body = asked.method == "POST"
    parameters: dict[str, Any] = copy.deepcopy(asked.params)
    for name, value in window.items():
        if in_body:
            set_value_at_path(parameters, name, value)
        else:
            parameters[name] = value
    limit = TimeLimit(rest.time_limit_minutes)
    with session_of(rest) as session:
        client = RESTClient(
            rest.url,
            headers={"Accept": "application/json", **rest.headers},
            auth=OneOrigin(rest, session),
            session=session,
            config=RuntimeConfiguration(dlthub_telemetry=False),
        )
        paged = client.paginate(
            asked.path,
            asked.method,
            params=None if in_body else {name: _in_query(value) for name, value in parameters.items()},
            json=parameters if in_body else None,
            paginator=_Careful(_paginator(pages, in_body=in_body)),
            data_selector=_selector(asked.records),
            hooks={"response": [reader(rest, limit)]},
            stream=True,
            allow_redirects=False,
        )
        for page in _followed(_told(paged, rest), pages, rest.most_pages):
            yielded_at = time.monotonic()
            yield cast(Answer, page.response)
            limit.ends_at += time.monotonic() - yielded_at


def _told(paged: Iterator[PageData[Any]], rest: Rest) -> Iterator[PageData[Any]]:
    """The pages; what goes wrong is told without addresses, in which a secret may stand."""
    while True:
        problem: UnreadableError
        try:
            page = next(paged, None)
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            problem = explained(error, rest)
        else:
            if page is None:
                return
            yield page
            continue
        raise problem


def _followed(paged: Iterator[PageData[Any]], pages: Pages, most_pages: int) -> Iterator[PageData[Any]]:
    """The pages, as long as each is another one.

    Raises:
        UnreadableError: they would never end, or jump over records.
    """
    asked: set[int] = set()
    before: PageData[Any] | None = None
    for number, page in enumerate(paged, start=1):
        if before is not None and page:
            _check_numbered(pages, number, before, page)
        yield page
        before = page
        if not page.paginator.has_next_page:
            return
        following = hash(repr((page.request.url, page.request.params, page.request.json)))
        if following in asked and not page:
            return
        if following in asked or number >= most_pages:
            raise UnreadableError(
                f"after page {number} the service names a page that it gave before"
                if following in asked
                else f"there are more than {most_pages:,} pages",
                "Check the settings of pages; if so many are right, raise the system's most_pages",
            )
        asked.add(following)


def _check_numbered(pages: Pages, number: int, before: PageData[Any], page: PageData[Any]) -> None:
    if not isinstance(pages, PageNumbers | Offsets):
        return
    if page == before:
        raise UnavailableError(
            f"page {number} is the same as the page before it, so that others may be missing",
            f"Check that the service takes the parameter '{pages.parameter}', and run again",
        )
    if isinstance(pages, Offsets) and len(before) != pages.size:
        raise UnreadableError(
            f"page {number - 1} has {len(before)} records and not the {pages.size} asked for, and more follow",
            "Set the size of pages to what the service gives at most: records would be jumped over",
        )


class _Careful(paginators.BasePaginator):
    """A paginator of dlt's that tells in our words what it cannot use; dlt's own tell what was answered."""

    def __init__(self, paginator: paginators.BasePaginator) -> None:
        super().__init__()
        self.paginator = paginator

    @property
    def has_next_page(self) -> bool:
        return self.paginator.has_next_page

    def init_request(self, request: requests.Request) -> None:
        self.paginator.init_request(request)

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        with _no_next_page():
            self.paginator.update_state(response, data)

    def update_request(self, request: requests.Request) -> None:
        with _no_next_page():
            self.paginator.update_request(request)


@contextmanager
def _no_next_page() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, AttributeError):
        raise UnreadableError(
            "the answer does not say where the next page is", "Check the paths of pages against an answer"
        ) from None


class _NextUrl(paginators.BasePaginator):
    """Reads the next page's address from the response; dlt's own paginator takes an empty address for a page."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.url, self.is_first = path, "", True

    @property
    def has_next_page(self) -> bool:
        return self.is_first or bool(self.url)

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:  # noqa: ARG002
        self.is_first = False
        self.url = next(iter(find_values(self.path, response.json())), None) or ""

    def update_request(self, request: requests.Request) -> None:
        request.url, request.params = urljoin(request.url, self.url), {}


def _paginator(pages: Pages, *, in_body: bool) -> paginators.BasePaginator:
    def named(**names: str) -> dict[str, Any]:
        return {f"{role}_{'body_path' if in_body else 'param'}": name for role, name in names.items()}

    match pages:
        case PageNumbers():
            return paginators.PageNumberPaginator(
                pages.first,
                total_path=None,
                has_more_path=_json_path(pages.more_path),
                **named(page=pages.parameter),
            )
        case Offsets():
            return paginators.OffsetPaginator(
                pages.size,
                total_path=None,
                has_more_path=_json_path(pages.more_path),
                **named(offset=pages.parameter, limit=pages.size_parameter),
            )
        case Cursor():
            return paginators.JSONResponseCursorPaginator(
                _json_path(pages.path) or "$",
                has_more_path=_json_path(pages.more_path),
                **named(cursor=pages.parameter),
            )
        case LinkHeader():
            return paginators.HeaderLinkPaginator(pages.relation)
        case NextUrl():
            return _NextUrl(_json_path(pages.path) or "$")
        case SinglePage():
            return paginators.SinglePagePaginator()


def _json_path(path: str | None) -> str | None:
    """A path as dlt's paginators take it, every name quoted."""
    return path and "$" + "".join(f'."{step}"' for step in steps_of(path))


def _selector(records: str) -> str:
    """The path to the outermost list of records."""
    steps = steps_of(records)
    names = steps[: steps.index(EVERY)] if EVERY in steps else steps
    return "$" + "".join(f'."{step}"' for step in names)


def _in_query(value: Any) -> Any:
    """A value as a query holds it: truth values are words in small letters."""
    if isinstance(value, list):
        return [_in_query(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else value
