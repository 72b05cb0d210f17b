"""Phone numbers in one notation, by the Python port of Google's libphonenumber.

Keep out e-mail addresses and placeholders that a deployment lists: SQL reads them (``macros/contacts.sql``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import phonenumbers

# a spreadsheet has rounded the number: its digits are lost
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?e[+-]?\d+", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"(\+?\d+)\.0+")
# a calling code and a trunk zero, as in 49 (0)30: without a plus it would be read as a number of the home country
_BARE_CALLING_CODE = re.compile(r"(?:00)?([1-9]\d{0,2})\s*\(0\)")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9 ./-]{6,24}")
_SEPARATORS = str.maketrans("", "", " ./-")
_LONGEST_TEXT = 60
_EQUAL_DIGITS = re.compile(r"(\d)\1{6}")
_RUNNING_DIGITS = ("01234567890123456789", "98765432109876543210")


def home_region(country_calling_code: str) -> str | None:
    """Return the main region of a calling code (``49``: ``DE``), or None if no region has it."""
    region = phonenumbers.region_code_for_country_code(int(country_calling_code))
    return None if region in {"ZZ", "001"} else region


def phone_numbers(texts: Iterable[str | None], country_calling_code: str) -> list[str | None]:
    """Return each phone number as its E.164 text (``+4930901820``), with ``;ext=12`` where it has an extension.

    Args:
        texts: numbers as people and systems write them; pass each distinct text once, because a number that does not
            begin with ``+`` and its calling code takes about 50 microseconds.
        country_calling_code: the country of numbers that name none.

    Returns:
        None for a text that identifies no line: no number, a number of a length that its country does not have, one in
        scientific notation, and one of equal or running digits.
    """
    region = home_region(country_calling_code)
    return [None if text is None else _phone_number(text, region) for text in texts]


def _phone_number(text: str, region: str | None) -> str | None:
    written = text.strip()
    if len(written) > _LONGEST_TEXT or _SCIENTIFIC.fullmatch(written):
        return None
    if whole := _WHOLE_FLOAT.fullmatch(written):
        written = whole[1]
    if written.startswith("00"):
        written = "+" + written[2:]
    elif (code := _BARE_CALLING_CODE.match(written)) and home_region(code[1]):
        written = "+" + written
    read = read_by_calling_code(written) or read_by_library(written, region)
    return None if read is None or _is_made_up(read[1]) else read[0]


def read_by_library(written: str, region: str | None) -> tuple[str, str] | None:
    """The number in E.164 and its national digits, as the library reads them; None if its length is impossible."""
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return (f"{e164};ext={number.extension}" if number.extension else e164), str(number.national_number)


def read_by_calling_code(written: str) -> tuple[str, str] | None:
    """The same without parsing, for the usual ``+49 151 23456789``: 30 times as fast. None leaves it to the library."""
    if not _INTERNATIONAL.fullmatch(written):
        return None
    digits = written.translate(_SEPARATORS)[1:]
    for length in (1, 2, 3):
        code, national = digits[:length], digits[length:]
        if int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            has_prefix = national.startswith("0") or _national_prefix(code).match(national)
            return None if has_prefix or not _is_possible(code, len(national)) else (f"+{digits}", national)
    return None


@cache
def _national_prefix(code: str) -> re.Pattern[str]:
    """What the library may strip from the national digits of a country; a pattern without a match if nothing."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), regions[0])
    return re.compile((metadata and metadata.national_prefix_for_parsing) or "(?!)")


@cache
def _is_possible(code: str, length: int) -> bool:
    """Whether national numbers of a country may have this many digits."""
    number = phonenumbers.PhoneNumber(country_code=int(code), national_number=int("1" * length))
    return bool(phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE)


def _is_made_up(digits: str) -> bool:
    """Whether seven equal digits stand in a row, or all digits are equal or run up or down."""
    is_equal = len(set(digits)) == 1 or bool(_EQUAL_DIGITS.search(digits))
    return is_equal or any(digits in running for running in _RUNNING_DIGITS)
