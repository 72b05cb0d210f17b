"""Generates the demo company's extracts: the same arguments give the same bytes.

Arguments are checked here, and blocks are distributed to processes. Keep out the company (``company``), the deliveries
of its systems (``systems``), planted faults (``dirt``) and labels (``truth``).
"""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from demo import truth
from demo.company import Company, make_company
from demo.dirt import KINDS, Faults, soil, truncate
from demo.effects import WORLDS
from demo.extract import Extract
from demo.names import Pool, make_pools
from demo.systems import crm, outlet, panel, shop, survey_tool, tracking
from demo.world import BLOCK, HISTORY_DAYS, HORIZON_NIGHTS, World
from demo.write import (
    HISTORY,
    MARKER,
    TRUTH,
    append,
    as_csv,
    check_folder,
    encoded,
    file_of,
    finish,
    staged_for,
)
from orchestration.base.errors import InfrastructureError, PipelineError

MOST_CUSTOMERS = 2_000_000
MOST_SEED = 2**32 - 1
MOST_HISTORY_DAYS = 3_653
WORKERS = 2
DEFAULT_DIRT = ("late_rows",)
SYSTEMS: Mapping[str, Callable[[Company], list[Extract]]] = {
    "crm": crm.extracts,
    "shop": shop.extracts,
    "survey_tool": survey_tool.extracts,
    "tracking": tracking.extracts,
    "outlet": outlet.extracts,
    "panel": panel.extracts,
}
DEFAULT_SYSTEMS = ("crm", "shop", "survey_tool", "tracking")
"""The systems of the demo company without the outlet."""


@dataclass(frozen=True)
class Part:
    """The content that a block adds to every file, and its planted faults."""

    files: list[tuple[str, bytes]]
    faults: Faults


def generate(
    out: Path,
    *,
    customers: int,
    nights: int,
    seed: int,
    history_load_date: date,
    world: str = "full",
    dirt: Sequence[str] = DEFAULT_DIRT,
    systems: Sequence[str] = DEFAULT_SYSTEMS,
    block_size: int = BLOCK,
    history_days: int = HISTORY_DAYS,
) -> None:
    """Write the history up to ``history_load_date`` and one drop per night after it.

    The number of nights does not change the files of earlier nights. An earlier demo in the folder is replaced.

    Args:
        out: the folder of the extracts; created by one rename.
        customers: customers at the end of the history.
        seed: another seed gives other rows with the same parameters.
        world: ``full``, or ``plain`` without any effect.
        dirt: the kinds of faults to plant.
        systems: the systems that deliver; the choice does not change the files of the others.
        block_size: customers that are drawn at a time; another size gives other rows.
        history_days: length of the history, two years by default; another length gives other rows.

    Raises:
        PipelineError: an argument is out of range, or the folder is not usable. Nothing is written.
    """
    _check("customers", customers, 1, MOST_CUSTOMERS)
    _check("nights", nights, 0, HORIZON_NIGHTS)
    _check("seed", seed, 0, MOST_SEED)
    _check("history_days", history_days, HISTORY_DAYS, MOST_HISTORY_DAYS)
    if not 2000 <= history_load_date.year <= 2100:
        raise PipelineError(f"history_load_date is {history_load_date}: set a year from 2000 to 2100.")
    if world not in WORLDS:
        raise PipelineError(f"world is {world!r}: give one of {', '.join(WORLDS)}.")
    if unknown := sorted(set(dirt) - set(KINDS)):
        raise PipelineError(f"dirt is {unknown[0]!r}: give some of {', '.join(KINDS)}.")
    if unknown := sorted(set(systems) - set(SYSTEMS)):
        raise PipelineError(f"systems is {unknown[0]!r}: the demo company has {', '.join(SYSTEMS)}.")
    out = out.absolute()
    check_folder(out)

    whole = World(
        customers,
        nights,
        seed,
        history_load_date,
        WORLDS[world],
        dirt=frozenset(dirt),
        block_size=block_size,
        history_days=history_days,
    )
    about = {
        "customers": customers,
        "nights": nights,
        "seed": seed,
        "history_load_date": history_load_date.isoformat(),
        "world": world,
        "dirt": sorted(set(dirt)),
    }
    chosen = tuple(name for name in SYSTEMS if name in systems)
    if chosen != DEFAULT_SYSTEMS:
        about["systems"] = list(chosen)
    if history_days != HISTORY_DAYS:
        about["history_days"] = history_days
    with staged_for(out) as staged:
        faults: Faults = Counter()
        for part in _parts(whole, chosen):
            for file, content in part.files:
                append(staged, file, content)
            faults += part.faults
        finish(staged)
        faults += truncate(whole, staged)
        (staged / TRUTH / "parameters.json").write_text(truth.parameters(whole), encoding="utf-8")
        (staged / TRUTH / "faults.json").write_text(truth.counted(faults), encoding="utf-8")
        (staged / MARKER).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _check(name: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise PipelineError(f"{name} is {value!r}: give a whole number from {least} to {most:,}.")


def _parts(whole: World, systems: Sequence[str]) -> Iterator[Part]:
    """The parts of all blocks in order; several blocks are drawn in parallel processes."""
    pools = make_pools(whole)
    if len(whole.blocks) == 1:
        yield _part(whole, pools, systems)
        return
    with ExitStack() as workers:
        drawn = [
            workers.enter_context(_worker(whole.blocks[first::WORKERS], pools, systems)) for first in range(WORKERS)
        ]
        for number in range(len(whole.blocks)):
            yield _received(drawn[number % WORKERS])


@contextmanager
def _worker(blocks: Sequence[World], pools: dict[str, Pool], systems: Sequence[str]) -> Iterator[Connection]:
    """Start a process that draws blocks, and yield the connection that receives their parts."""
    fresh = multiprocessing.get_context("spawn")
    parts, end = fresh.Pipe(duplex=False)
    process = fresh.Process(target=_draw, args=(end, blocks, pools, systems), daemon=True)
    with parts:
        with end:
            process.start()
        # only the worker holds the other end now, so that its exit ends a waiting recv, even within a part
        try:
            yield parts
        finally:
            # not terminate(): a worker inherits an ignored SIGTERM
            process.kill()
            process.join()


def _received(parts: Connection) -> Part:
    try:
        part: Part = parts.recv()
    except (EOFError, OSError):
        raise InfrastructureError(
            "A worker process of the demo generator ended early, perhaps out of memory. Free memory and try again."
        ) from None
    return part


def _draw(parts: Connection, blocks: Sequence[World], pools: dict[str, Pool], systems: Sequence[str]) -> None:
    """Send the part of each block; only the parent process handles an interrupt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # an interrupted parent may have exited before it stops its workers
    with suppress(BrokenPipeError):
        for block in blocks:
            parts.send(_part(block, pools, systems))


def _part(world: World, pools: dict[str, Pool], systems: Sequence[str]) -> Part:
    """Draw a block of the company and encode the deliveries of its systems."""
    company = make_company(world, pools)
    is_first = world.block == 0
    files: list[tuple[str, bytes]] = []
    faults: Faults = Counter()
    ids: dict[tuple[str, str], np.ndarray] = {}
    for extract in (extract for system in systems for extract in SYSTEMS[system](company)):
        windows, planted = soil(world, extract, extract.windows(world))
        faults += planted
        if extract.person_id:
            records = [rows[extract.person_id].to_numpy() for rows in windows]
            ids[extract.system, extract.table] = np.concatenate(records)
        for drop, rows in zip(_drops(world), windows, strict=True):
            content = encoded(extract.system, rows, is_first=is_first)
            files.append((f"{drop}/{file_of(extract.system, extract.table)}", content))
    for name, rows in truth.labels(company, truth.identity_of(company, ids)).items():
        files.append((f"{TRUTH}/{name}.csv", as_csv(rows, is_first=is_first)))
    return Part(files, faults)


def _drops(world: World) -> Iterable[str]:
    return [HISTORY, *(load_date.isoformat() for load_date in world.load_dates[1:])]
