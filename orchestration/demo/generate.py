"""The demo company's extracts, from nothing but a few arguments: same arguments, same bytes.

Only the arguments are judged here. What the company is stands in ``company``, what its systems deliver in ``systems``.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from orchestration.demo.company import make_company
from orchestration.demo.systems import crm, shop, survey_tool, tracking
from orchestration.demo.world import HORIZON_NIGHTS, World
from orchestration.demo.write import check_folder, write_extracts
from orchestration.errors import PipelineError

MOST_CUSTOMERS = 2_000_000
MOST_SEED = 2**32 - 1


def generate(out: Path, *, customers: int, nights: int, seed: int, history_load_date: date) -> None:
    """Write two years of history up to ``history_load_date`` and one drop for each of the ``nights`` after it.

    More nights, or none, leave the files of the others as they are. A folder that holds an earlier demo is replaced.

    Args:
        out: the folder of the extracts; it appears whole or not at all.
        customers: people whom the company knows when the history ends.
        seed: another seed gives other rows of the same company.

    Raises:
        PipelineError: an argument is out of range, or the folder cannot take the extracts. Nothing is written then.
    """
    _check("customers", customers, 1, MOST_CUSTOMERS)
    _check("nights", nights, 0, HORIZON_NIGHTS)
    _check("seed", seed, 0, MOST_SEED)
    if not 2000 <= history_load_date.year <= 2100:
        raise PipelineError(f"history_load_date is {history_load_date}: give a day between 2000 and 2100.")
    out = out.absolute()
    check_folder(out)

    world = World(customers=customers, nights=nights, seed=seed, history_load_date=history_load_date)
    company = make_company(world)
    extracts = [extract for system in (crm, shop, survey_tool, tracking) for extract in system.extracts(company)]
    about = {
        "customers": customers,
        "nights": nights,
        "seed": seed,
        "history_load_date": history_load_date.isoformat(),
    }
    write_extracts(out, world, extracts, json.dumps(about, indent=2) + "\n")


def _check(name: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise PipelineError(f"{name} is {value!r}: give a whole number from {least} to {most:,}.")
