"""Names, addresses, e-mail addresses and phone numbers of fictional people.

Names and addresses are sampled from a pool that the faker library fills, because one call per person would be slow.
E-mail addresses and phone numbers are unique to a person, so that no two people are linked by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from faker import Faker

from demo.world import Numbers, Texts, World

POOL = {"first_name": 300, "last_name": 500, "address": 400, "company": 400}
COUNTRIES = {"DE": 0.78, "AT": 0.12, "NL": 0.10}
HOME_COUNTRY = "DE"
"""The country whose people omit the calling code."""
_LOCALES = {"DE": "de_DE", "AT": "de_AT", "NL": "nl_NL"}
_DIALLING = {"DE": ("49", "151"), "AT": ("43", "664"), "NL": ("31", "6")}
_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ë": "e", "ï": "i", "ç": "c"})
_DOMAINS = ("mail.example", "post.example", "web.example", "inbox.example")

ELSEWHERE = 99
"""A version of an address or number that only one system holds, so that it creates no link."""


@dataclass(frozen=True)
class Pool:
    """Names and addresses of one country."""

    first_names: Texts
    last_names: Texts
    addresses: Texts
    """Street, postal code, city and region of each address, as columns."""
    companies: Texts


def make_pools(world: World) -> dict[str, Pool]:
    """One pool of names and addresses per country."""
    filled = {}
    for number, (country, locale) in enumerate(_LOCALES.items()):
        fake = Faker(locale)
        fake.seed_instance(world.seed * len(_LOCALES) + number)
        region = fake.province if country == "NL" else fake.state
        filled[country] = Pool(
            first_names=np.array([fake.first_name() for _ in range(POOL["first_name"])], dtype=object),
            last_names=np.array([fake.last_name() for _ in range(POOL["last_name"])], dtype=object),
            addresses=np.array(
                [(fake.street_address(), fake.postcode(), fake.city(), region()) for _ in range(POOL["address"])],
                dtype=object,
            ),
            companies=np.array([fake.company() for _ in range(POOL["company"])], dtype=object),
        )
    return filled


def emails(people: pd.DataFrame, persons: Numbers, version: Numbers | int) -> Texts:
    """The e-mail address of each person in a version; each version has another provider."""
    owner = people["mailbox"].to_numpy()[persons]
    first_names, last_names, numbers = (
        people[column].to_numpy(dtype=object)[owner] for column in ("first_name", "last_name", "number")
    )
    versions = np.broadcast_to(version, len(persons)).tolist()
    return np.array(
        [
            _email(first, last, number, version)
            for first, last, number, version in zip(first_names, last_names, numbers, versions, strict=True)
        ],
        dtype=object,
    )


def _email(first_name: str, last_name: str, person: int, version: int) -> str:
    if version == ELSEWHERE:
        return f"{_plain(last_name)}{person}@private.example"
    return f"{_plain(first_name)}.{_plain(last_name)}{person}@{_DOMAINS[(person + version) % len(_DOMAINS)]}"


@cache
def _plain(name: str) -> str:
    folded = name.lower().translate(_PLAIN)
    return "".join(letter for letter in folded if letter.isascii() and letter.isalpha())


def as_typed(rng: np.random.Generator, addresses: Texts) -> Texts:
    """E-mail addresses as people type them: some in capitals, some with a leading or trailing space."""
    habits = rng.choice(5, len(addresses), p=[0.80, 0.08, 0.05, 0.05, 0.02])
    write = (str, str.title, str.upper, lambda text: f"{text} ", lambda text: f" {text.title()}")
    return np.array([write[habit](text) for habit, text in zip(habits.tolist(), addresses, strict=True)], dtype=object)


def phones(rng: np.random.Generator, people: pd.DataFrame, persons: Numbers, version: Numbers | int) -> Texts:
    """The phone number of each person in a version, in one of the usual notations."""
    countries = people["country"].to_numpy(dtype=object)[persons]
    numbers = (people["number"].to_numpy()[persons] + np.multiply(version, 5_000_000)) * 61_803_399 % 100_000_000
    notations = rng.choice(5, len(persons), p=[0.35, 0.20, 0.15, 0.20, 0.10])
    return np.array(
        [
            _phone(country, f"{number:08d}", notation)
            for country, number, notation in zip(countries, numbers.tolist(), notations.tolist(), strict=True)
        ],
        dtype=object,
    )


def _phone(country: str, number: str, notation: int) -> str:
    code, prefix = _DIALLING[country]
    international = (f"+{code} {prefix} {number}", f"+{code}{prefix}{number}", f"00{code} {prefix} {number}")
    at_home = (f"0{prefix} {number}", f"0{prefix}/{number[:4]}-{number[4:]}")
    choices = (*international, *at_home) if country == HOME_COUNTRY else international
    return choices[notation % len(choices)]


def misspelt(names: Texts) -> Texts:
    """The same names with two letters swapped."""
    return np.array([name[:1] + name[2:3] + name[1:2] + name[3:] for name in names], dtype=object)


def nicknames(names: Texts) -> Texts:
    """The nicknames of these first names."""
    return np.array([f"{name[:3]}i" for name in names], dtype=object)
