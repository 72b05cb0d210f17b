"""Records that share a value are one customer: connected components, night by night.

Add here how records are joined; keep out where the values come from and what makes them comparable
(``int_customers__link_values``), and where the answer is written (``assets/identity.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Records = npt.NDArray[np.int64]
Dates = npt.NDArray[np.datetime64]

STRONGEST_FIRST = ("external_id", "email", "phone")


@dataclass(frozen=True)
class Clusters:
    """The answer of one night; records have the numbers that they came with.

    Attributes:
        identities: one row per record, in their order: record, customer (the eldest record of the cluster), link_rule,
            confidence, linked_load_date.
        merges: one row per customer that a later night retired: merged_load_date, retired, survivor, link_rule, record
            (the one whose link joined the two).
    """

    identities: pd.DataFrame
    merges: pd.DataFrame


def cluster(first_load_dates: Dates, links: pd.DataFrame) -> Clusters:
    """Join records that share a value into customers.

    A customer is called by its eldest record, so its name does not depend on the order of rows, and a later night
    changes it only where two customers turn out to be one.

    Args:
        first_load_dates: when each record was first seen, eldest first; the place of a record is its number.
        links: one row per value that a record came to hold after another one: record, first_record (the one that held
            it first), link_type, first_load_date (of the record with the value, datetime64).
    """
    strength = pd.Categorical(links["link_type"], categories=STRONGEST_FIRST).codes.astype(np.int64)
    links = links.assign(strength=strength).sort_values(["first_load_date", "record", "strength"])
    parents = np.arange(len(first_load_dates), dtype=np.int64)
    merges = [
        _join(parents, night, int(np.searchsorted(first_load_dates, load_date)))
        for load_date, night in _nights(links).items()
    ]
    customers = _roots(parents, np.arange(len(parents), dtype=np.int64))
    return Clusters(
        _how_linked(first_load_dates, customers, links),
        pd.concat([_NO_MERGES, *(merge for merge in merges if len(merge))], ignore_index=True),
    )


def _nights(links: pd.DataFrame) -> dict[np.datetime64, pd.DataFrame]:
    dates, starts = np.unique(links["first_load_date"].to_numpy(), return_index=True)
    ends = np.append(starts, len(links))[1:]
    return {date: links.iloc[start:end] for date, start, end in zip(dates, starts, ends, strict=True)}


def _roots(parents: Records, records: Records) -> Records:
    while True:
        above = parents[records]
        if np.array_equal(above, records):
            return records
        records = above


_NO_MERGES = pd.DataFrame(
    {
        name: pd.Series(dtype=dtype)
        for name, dtype in (
            ("merged_load_date", "datetime64[us]"),
            ("retired", np.int64),
            ("survivor", np.int64),
            ("record", np.int64),
            ("link_rule", "str"),
        )
    }
)


def _join(parents: Records, night: pd.DataFrame, known_count: int) -> pd.DataFrame:
    """Join what the links of one night join, in ``parents``; list the customers of earlier nights that it retires.

    Args:
        known_count: how many records earlier nights knew; their numbers are the smallest.
    """
    record = night["record"].to_numpy(np.int64)
    of_record, of_first = _roots(parents, record), _roots(parents, night["first_record"].to_numpy(np.int64))
    roots = np.unique(np.concatenate([of_record, of_first]))
    edges = (np.searchsorted(roots, of_record), np.searchsorted(roots, of_first))
    graph = coo_matrix((np.ones(len(night), dtype=np.int8), edges), shape=(len(roots), len(roots)))
    _, labels = connected_components(graph, directed=False)
    eldest = np.full(labels.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(eldest, labels, roots)
    survivors = eldest[labels]
    parents[roots] = survivors

    is_retired = (roots != survivors) & (roots < known_count)
    if not is_retired.any():
        return _NO_MERGES
    touching = pd.DataFrame(
        {
            "retired": np.stack([of_record, of_first], axis=1).ravel(),
            "record": np.repeat(record, 2),
            "link_rule": np.array(STRONGEST_FIRST)[np.repeat(night["strength"].to_numpy(), 2)],
        }
    ).drop_duplicates("retired")
    retired = pd.DataFrame({"retired": roots[is_retired], "survivor": survivors[is_retired]})
    return retired.merge(touching, on="retired", validate="one_to_one").assign(
        merged_load_date=night["first_load_date"].iloc[0]
    )


def _how_linked(first_load_dates: Dates, customers: Records, links: pd.DataFrame) -> pd.DataFrame:
    """Say for each record which kind of value links it (the strongest it shares) and since which night.

    The eldest record of a customer is linked to nobody: the others are linked to it.
    """
    holders = links[["record", "first_record"]].to_numpy(np.int64).ravel()
    strength = np.full(len(customers), len(STRONGEST_FIRST), dtype=np.int64)
    np.minimum.at(strength, holders, np.repeat(links["strength"].to_numpy(), 2))
    since = np.full(len(customers), np.iinfo(np.int64).max)
    np.minimum.at(since, holders, np.repeat(links["first_load_date"].to_numpy("datetime64[us]").view(np.int64), 2))
    numbers = np.arange(len(customers), dtype=np.int64)
    is_linked = customers != numbers
    return pd.DataFrame(
        {
            "record": numbers,
            "customer": customers,
            "link_rule": np.array([*STRONGEST_FIRST, "first"])[np.where(is_linked, strength, -1)],
            # exact links only: a rule either holds or does not
            "confidence": 1.0,
            "linked_load_date": np.where(
                is_linked, since.view("datetime64[us]"), first_load_dates.astype("datetime64[us]")
            ),
        }
    )
