"""The next page in a ``Link`` header (RFC 8288). Part of ``pages.py``.

The parsers of requests and dlt skip what they cannot read, and a header that is skipped would end the pages early. This
one refuses it.
"""

from __future__ import annotations

import re

import requests
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator

from orchestration.connectors.batch import UnreadableError

_PARAMETER = r"""\s*;\s*(?:[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s";,]+))?)?"""
_LINK = re.compile(rf"[\s,]*<(?P<url>[^<>\s]*)>(?P<parameters>(?:{_PARAMETER})*)\s*")
_RELATION = re.compile(r"""(?:^|;)\s*rel\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<token>[^\s";,]+))""", re.IGNORECASE)


class StrictHeaderLink(HeaderLinkPaginator):
    """Reads the next page's address from the ``Link`` header; without the header, the page is the last one."""

    def update_state(self, response: requests.Response, data: list[object] | None = None) -> None:  # noqa: ARG002
        """Take the next page's address from the response.

        Raises:
            UnreadableError: the header is malformed, or names several next pages.
        """
        self._next_reference = linked(response.headers.get("Link", ""), self.links_next_key)


def linked(header: str, relation: str) -> str | None:
    """Return the address with the relation in a ``Link`` header; None if it has none.

    Raises:
        UnreadableError: the header is malformed, or names several addresses.
    """
    found: set[str] = set()
    position = 0
    while header[position:].strip(" \t,"):
        link = _LINK.match(header, position)
        if link is None or (link.end() < len(header) and header[link.end()] != ","):
            raise UnreadableError(
                "the Link header of the response cannot be read, so more pages may follow",
                "Contact the service's owner, or set pages to another way of paging that the service has",
            )
        position = link.end() + 1
        if relation.lower() in _relations(link["parameters"]):
            found.add(link["url"])
    if len(found) > 1:
        raise UnreadableError(
            f"the Link header of the response names {len(found)} pages as '{relation}'", "Contact the service's owner"
        )
    return next(iter(found), None)


def _relations(parameters: str) -> list[str]:
    """The relations of a link: the words of its first ``rel``."""
    relation = _RELATION.search(parameters)
    return (relation["quoted"] or relation["token"] or "").lower().split() if relation else []
