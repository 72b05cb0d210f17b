"""Finds the suite of a table or mart by name: ``raw/<system>.py`` and ``marts/<question>.py`` hold them.

A suite is found because it stands in its module: nothing is listed here.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import TypeVar

import expectations.marts
import expectations.raw
from expectations.suite import MartSuite, RawSuite

Suite = TypeVar("Suite")


@cache
def raw_suites() -> dict[str, RawSuite]:
    """Every suite of gate 1, by landed table."""
    return {suite.table: suite for suite in _found(expectations.raw, RawSuite)}


@cache
def mart_suites() -> dict[str, MartSuite]:
    """Every suite of gate 2, by mart."""
    return {suite.mart: suite for suite in _found(expectations.marts, MartSuite)}


def raw_suite(table: str) -> RawSuite:
    """The suite of a landed table.

    Raises:
        KeyError: the table has none; the architecture tests see to it that every table has one.
    """
    return raw_suites()[table]


def _found(package: ModuleType, kind: type[Suite]) -> list[Suite]:
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    return [value for module in modules for value in vars(module).values() if isinstance(value, kind)]
