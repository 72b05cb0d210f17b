"""The next page in a ``Link`` header: what cannot be read is refused, because more pages may follow."""

from __future__ import annotations

import pytest

from orchestration.connectors.batch import SourceError, UnreadableError
from orchestration.connectors.services.link_header import linked
from tests.unit.connectors.services import PAGES, Reply, in_turn, pulled, service, table_of

NEXT = "https://tool.example/answers?page=2"


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("", None),
        (f'<{NEXT}>; rel="next"', NEXT),
        (f"<{NEXT}>;rel=next", NEXT),
        (f'<{NEXT}> ; title="a=b; c, <d>" ; REL="Next last"', NEXT),
        (f'<https://tool.example/1>; rel="first", <{NEXT}>; rel="next"', NEXT),
        (f'<https://tool.example/1>; rel="first",, <{NEXT}>; rel="next",', NEXT),
        ("</answers;page=2,3?x=[1]>; rel=next", "/answers;page=2,3?x=[1]"),
        (f'<{NEXT}>; rel="next", <{NEXT}>; rel="next"', NEXT),
        ('<https://tool.example/9>; rel="last"', None),
        ("<https://tool.example/9>; rel=\"last\"; title*=UTF-8'de'n%c3%a4chste", None),
        ("<https://tool.example/9>; crossorigin", None),
        ("<https://tool.example/style.css>", None),
    ],
)
def test_a_header_is_read_as_the_standard_says(header: str, address: str | None) -> None:
    assert linked(header, "next") == address


@pytest.mark.parametrize(
    "header",
    [
        "garbage",
        f"{NEXT}; rel=next",
        f'<{NEXT}; rel="next"',
        f'{NEXT}>; rel="next"',
        f'<{NEXT}>; rel="next',
        f'<{NEXT}> rel="next"',
        f'<https://tool.example/1>; rel="first" <{NEXT}>; rel="next"',
        f'<<{NEXT}>>; rel="next"',
        ";;;",
        f'<{NEXT}>; rel="next", <https://tool.example/3>; rel="next"',
        "\x00\xff",
    ],
)
def test_a_header_that_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(UnreadableError, match="Link header"):
        linked(header, "next")


@pytest.mark.parametrize(
    "header",
    ["garbage", "<http://[>; rel=next", "<http://host:port/>; rel=next", "<mailto:x>; rel=next", '<>; rel="next"'],
)
def test_a_garbage_header_stops_the_table_with_one_message(header: str) -> None:
    reply = Reply.of({"data": [{"id": "1"}]}, headers={"Link": header})
    with service(in_turn(reply)) as made, pytest.raises(SourceError, match="'survey_tool', table 'responses'"):
        pulled(table_of(made.url, {}, pages=PAGES["link_header"]))
