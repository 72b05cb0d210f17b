"""Records that share a value are one customer: connected components, night by night.

Add here how records are joined; keep out where the values come from and what makes them comparable
(``int_customers__link_values``), and where the answer is written (``assets/identity.py``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Nodes = npt.NDArray[np.int64]

STRONGEST_FIRST = ("external_id", "email", "phone")


@dataclass(frozen=True)
class Clusters:
    """The answer of one night.

    Attributes:
        identities: one row per record: system, source_id, customer_id, link_rule, confidence, first_load_date,
            linked_load_date.
        merges: one row per customer id that a later night retired: merged_load_date, retired_customer_id,
            surviving_customer_id, link_rule, system, source_id (the record whose link joined the two).
    """

    identities: pd.DataFrame
    merges: pd.DataFrame


def cluster(links: pd.DataFrame) -> Clusters:
    """Join records that share a value into customers.

    The customer id is the hash of the cluster's earliest member by (first load date, system, source id), so it does
    not depend on the order of rows, and a later night changes it only where two customers turn out to be one.

    Args:
        links: one row per value of a record: system, source_id, link_type, link_value, first_load_date (datetime64),
            ignored_reason (null where the value may link). Every record has at least one row.
    """
    records = pd.DataFrame(links.groupby(["system", "source_id"], as_index=False)[["first_load_date"]].min())
    records = records.sort_values(["first_load_date", "system", "source_id"], ignore_index=True)
    usable = _number(links, records)
    parents = np.arange(len(records) + usable["value"].nunique(), dtype=np.int64)
    merges = [
        _join(parents, night, int((records["first_load_date"] < load_date).sum()), pd.Timestamp(str(load_date)))
        for load_date, night in usable.groupby("first_load_date", sort=True)
    ]
    roots = _roots(parents, np.arange(len(records), dtype=np.int64))
    ids = _customer_ids(records)
    identities = records.assign(customer_id=ids[roots], **_how_linked(usable, roots, records))
    return Clusters(
        identities[
            [
                "system",
                "source_id",
                "customer_id",
                "link_rule",
                "confidence",
                "first_load_date",
                "linked_load_date",
            ]
        ],
        _name_merges(pd.concat([_NO_MERGES, *(merge for merge in merges if len(merge))]), records, ids),
    )


def _number(links: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Give records and values numbers: a record's is its place by age, so the smallest number is the eldest member."""
    usable = links[links["ignored_reason"].isna()]
    numbers = records[["system", "source_id"]].assign(record=np.arange(len(records), dtype=np.int64))
    usable = usable.merge(numbers, on=["system", "source_id"], validate="many_to_one")
    value = usable.groupby(["link_type", "link_value"], sort=False).ngroup().to_numpy(np.int64)
    return usable.assign(value=value + len(records)).sort_values(["first_load_date", "record", "value"])


def _roots(parents: Nodes, nodes: Nodes) -> Nodes:
    while True:
        above = parents[nodes]
        if np.array_equal(above, nodes):
            return nodes
        nodes = above


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


def _join(parents: Nodes, night: pd.DataFrame, known_count: int, load_date: pd.Timestamp) -> pd.DataFrame:
    """Join what the links of one night join, in ``parents``; list the customers of earlier nights that it retires.

    Args:
        known_count: how many records earlier nights knew; their numbers are the smallest.
    """
    records, values = night["record"].to_numpy(np.int64), night["value"].to_numpy(np.int64)
    of_records, of_values = _roots(parents, records), _roots(parents, values)
    roots = np.unique(np.concatenate([of_records, of_values]))
    edges = (np.searchsorted(roots, of_records), np.searchsorted(roots, of_values))
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
            "root": np.stack([of_records, of_values], axis=1).ravel(),
            "record": np.repeat(records, 2),
            "link_rule": np.repeat(night["link_type"].to_numpy(), 2),
        }
    ).drop_duplicates("root")
    retired = pd.DataFrame({"retired": roots[is_retired], "survivor": survivors[is_retired]})
    return retired.merge(touching, left_on="retired", right_on="root", validate="one_to_one").assign(
        merged_load_date=load_date
    )


def _how_linked(usable: pd.DataFrame, roots: Nodes, records: pd.DataFrame) -> dict[str, pd.Series]:
    """Say for each record which kind of value links it (the strongest it shares) and since which night.

    The eldest member of a cluster is linked to nobody: the others are linked to it.
    """
    shared = usable[usable.groupby("value")["record"].transform("size") > 1]
    second_holder = shared[shared.groupby("value").cumcount() == 1].set_index("value")["first_load_date"]
    since = np.maximum(shared["first_load_date"], second_holder.reindex(shared["value"]).to_numpy())
    strength = shared["link_type"].map(STRONGEST_FIRST.index)
    best = shared.assign(since=since, strength=strength).groupby("record")[["since", "strength"]].min()
    is_member = pd.Series(roots != records.index.to_numpy(), index=records.index)
    rules = best["strength"].map(dict(enumerate(STRONGEST_FIRST))).reindex(records.index)
    return {
        "link_rule": rules.where(is_member, "first"),
        "linked_load_date": best["since"].reindex(records.index).where(is_member, records["first_load_date"]),
        # exact links only: a rule either holds or does not
        "confidence": pd.Series(1.0, index=records.index),
    }


def _customer_ids(records: pd.DataFrame) -> npt.NDArray[np.object_]:
    names = (records["system"] + "|" + records["source_id"]).to_numpy()
    return np.array([hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in names], dtype=object)


def _name_merges(merges: pd.DataFrame, records: pd.DataFrame, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    linking = records.iloc[merges["record"].to_numpy(np.int64)]
    return pd.DataFrame(
        {
            "merged_load_date": merges["merged_load_date"].to_numpy(),
            "retired_customer_id": ids[merges["retired"].to_numpy(np.int64)],
            "surviving_customer_id": ids[merges["survivor"].to_numpy(np.int64)],
            "link_rule": merges["link_rule"].to_numpy(),
            "system": linking["system"].to_numpy(),
            "source_id": linking["source_id"].to_numpy(),
        }
    )
