"""Phone numbers: one line has one text, and what identifies no line has none."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.identity import contacts


def read(text: str | None, code: str = "49") -> str | None:
    """The text of one number."""
    return contacts.phone_numbers([text], code)[0]


@pytest.mark.parametrize(
    "written",
    [
        "+4930901820",
        "+49 30 901820",
        "+49 (0)30 901820",
        "(+49) 30 901820",
        "0049 (0) 30/90-18-20",
        "49 (0)30 901820",
        "4930901820.0",
        "030 901820",
        " 030/901820\u200b",
        "+49\u00a030\u2011901820",
        "０３０ ９０１８２０",
        "tel:+49-30-901820",
    ],
)
def test_one_line_has_one_text_however_it_is_written(written: str) -> None:
    assert read(written) == "+4930901820"


@pytest.mark.parametrize(
    "written",
    [
        "4.93012E+11",
        "4,93012e+11",
        "0000000000",
        "1111111111",
        "+49 999999",
        "+49 000 0000000",
        "0170 0000000",
        "0123456789",
        "1234567890",
        "+49 987654321",
        "110",
        "+4930",
        "+49 151 1234567890123",
        "+999 30 901820",
        "NULL",
        "n/a",
        "-",
        "",
        "030 901820 / 0151 2345678901",
        "9" * 5000,
    ],
)
def test_what_identifies_no_line_has_no_text(written: str) -> None:
    assert read(written) is None


def test_a_missing_text_stays_missing_beside_others() -> None:
    assert contacts.phone_numbers([None, "030 901820", None], "49") == [None, "+4930901820", None]


def test_the_home_country_completes_a_number_and_another_keeps_its_own_zero() -> None:
    assert read("(415) 200-1234", "1") == "+14152001234"
    assert read("0049 30 901820", "1") == "+4930901820"
    assert read("06 1234567", "39") == "+39061234567", "in Italy the zero belongs to the number"
    assert read("030 901820", "999") is None, "no country has this calling code"


@given(st.text(max_size=70), st.sampled_from(["49", "1", "39", "999"]))
def test_any_text_is_read_without_an_error(text: str, code: str) -> None:
    number = read(text, code)
    assert number is None or number.startswith("+")


def test_an_extension_is_a_line_of_its_own() -> None:
    assert read("+49 30 901820 ext. 12") == "+4930901820;ext=12"
    assert read("+49 30 901820 ext. 13") != read("+49 30 901820 ext. 12")


@given(
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.text("0123456789", min_size=1, max_size=15),
    st.sampled_from(["", " ", "-"]),
)
def test_reading_without_the_library_gives_what_the_library_gives(code: int, national: str, separator: str) -> None:
    written = f"+{code}{separator}{national[:3]}{separator}{national[3:]}"
    fast = contacts.read_by_calling_code(written)
    assert fast is None or fast == contacts.read_by_library(written, "DE")


def test_the_usual_notation_is_read_without_the_library() -> None:
    assert contacts.read_by_calling_code("+49 151 23456789") == ("+4915123456789", "15123456789")
