"""Clusters records that share a value into customers: connected components, night by night.

Keep out the normalization of values (``int_customers__link_values``) and the result tables (``assets/identity.py``).
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
    """The result of one night; records are referred to by number.

    Attributes:
        identities: one row per record, by number: record, customer (the earliest record of the cluster), link_rule,
            confidence, linked_load_date.
        merges: one row per customer that a later night retired: merged_load_date, retired, survivor, link_rule, record
            (the record whose link merged the two).
    """

    identities: pd.DataFrame
    merges: pd.DataFrame


def cluster(first_load_dates: Dates, links: pd.DataFrame) -> Clusters:
    """Cluster records that share a value into customers.

    The id of a customer is its earliest record, so it does not depend on the order of rows. A later night changes it
    only by merging two customers.

    Args:
        first_load_dates: first load date of each record, ascending; the position of a record is its number.
        links: one row per value of a record that an earlier record holds too: record, first_record (the earliest record
            with the value), link_type, first_load_date (of the record with the value, datetime64).
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
    """Apply the links of one night to ``parents``, and return the customers of earlier nights that it retires.

    Args:
        known_count: number of records of earlier nights; their numbers are the smallest.
    """
    record = night["record"].to_numpy(np.int64)
    of_record, of_first = _roots(parents, record), _roots(parents, night["first_record"].to_numpy(np.int64))
    roots = np.unique(np.concatenate([of_record, of_first]))
    edges = (np.searchsorted(roots, of_record), np.searchsorted(roots, of_first))
    graph = coo_matrix((np.ones(len(night), dtype=np.int8), edges), shape=(len(roots), len(roots)))
    _, labels = connected_components(graph, directed=False)
    earliest = np.full(labels.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(earliest, labels, roots)
    survivors = earliest[labels]
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
    """Return for each record the strongest link type that it shares, and the night of its first link.

    The earliest record of a customer has the rule ``first``: the others are linked to it.
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
            # links are exact: a rule either matches or not
            "confidence": 1.0,
            "linked_load_date": np.where(
                is_linked, since.view("datetime64[us]"), first_load_dates.astype("datetime64[us]")
            ),
        }
    )
