"""Identity: records that share a value are one customer, in any order and for chains of any length."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.identity.clusters import cluster

Link = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class Named:
    """Clusters by record name; the id of a customer is the name of its earliest record."""

    identities: pd.DataFrame
    merges: pd.DataFrame


def named_clusters(held: pd.DataFrame) -> Named:
    """Cluster the records that hold values, as int_customers__records and __links number and link them."""
    records = pd.DataFrame(held.groupby(["system", "source_id"], as_index=False)[["first_load_date"]].min())
    records = records.sort_values(["first_load_date", "system", "source_id"], ignore_index=True)
    names = pd.Series(list(zip(records["system"], records["source_id"], strict=True)), dtype=object)
    numbers = {name: number for number, name in enumerate(names)}
    usable = held[held["ignored_reason"].isna()]
    usable = usable.assign(record=[numbers[name] for name in zip(usable["system"], usable["source_id"], strict=True)])
    usable = usable.sort_values(["first_load_date", "record"])
    first = usable.groupby(["link_type", "link_value"])["record"].transform("first")
    answer = cluster(
        records["first_load_date"].to_numpy("datetime64[us]"),
        usable.assign(first_record=first)[usable["record"] != first],
    )
    identities = answer.identities.assign(
        system=records["system"], source_id=records["source_id"], customer_id=names[answer.identities["customer"]].array
    )
    retired, survivor, record = (names[answer.merges[column]].array for column in ("retired", "survivor", "record"))
    merges = answer.merges.assign(retired_customer_id=retired, surviving_customer_id=survivor, record=record)
    return Named(identities, merges)


def links(*rows: Link) -> pd.DataFrame:
    """Rows (system, source id, link type, value, night), each record also under its own id."""
    frame = pd.DataFrame(list(rows), columns=["system", "source_id", "link_type", "link_value", "night"])
    own = frame.groupby(["system", "source_id"], as_index=False)["night"].min()
    own = own.assign(link_type="external_id", link_value=own["system"] + ":" + own["source_id"])
    everything = pd.concat([frame, own]).drop_duplicates(["system", "source_id", "link_type", "link_value"])
    everything["first_load_date"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(everything["night"], unit="D")
    return pd.DataFrame(everything.drop(columns="night").assign(ignored_reason=None))


def customers(answer: Named) -> dict[tuple[str, str], tuple[str, str]]:
    rows = answer.identities
    return dict(zip(zip(rows["system"], rows["source_id"], strict=True), rows["customer_id"], strict=True))


def test_a_chain_of_four_records_is_one_customer() -> None:
    found = customers(
        named_clusters(
            links(
                ("crm", "c", "email", "ada@x.org", 0),
                ("shop", "s", "email", "ada@x.org", 0),
                ("shop", "s", "phone", "+491", 0),
                ("survey", "r", "phone", "+491", 0),
                ("survey", "r", "email", "ada@work.org", 0),
                ("web", "v", "email", "ada@work.org", 0),
            )
        )
    )
    assert len(found) == 4
    assert len(set(found.values())) == 1


def test_the_customer_id_is_its_earliest_record() -> None:
    found = customers(named_clusters(links(("shop", "b", "email", "e", 0), ("crm", "a", "email", "e", 1))))
    assert found[("crm", "a")] == ("shop", "b")


def test_an_external_id_links_to_its_record() -> None:
    answer = named_clusters(links(("crm", "7", "phone", "+49", 0), ("shop", "x", "external_id", "crm:7", 0)))
    assert len(set(customers(answer).values())) == 1
    rule = answer.identities.set_index("source_id")["link_rule"]
    assert rule.to_dict() == {"7": "first", "x": "external_id"}


def test_a_later_link_between_two_customers_is_a_merge() -> None:
    answer = named_clusters(
        links(
            ("crm", "a", "email", "e", 0),
            ("shop", "b", "phone", "p", 1),
            ("survey", "c", "email", "e", 5),
            ("survey", "c", "phone", "p", 5),
        )
    )
    before = customers(named_clusters(links(("crm", "a", "email", "e", 0), ("shop", "b", "phone", "p", 1))))
    assert len(set(customers(answer).values())) == 1
    merge = answer.merges.iloc[0]
    assert len(answer.merges) == 1
    assert merge["retired_customer_id"] == before[("shop", "b")]
    assert merge["surviving_customer_id"] == before[("crm", "a")]
    assert merge["merged_load_date"] == pd.Timestamp("2026-01-06")
    assert (merge["record"], merge["link_rule"]) == (("survey", "c"), "phone")


def test_an_ignored_value_creates_no_link() -> None:
    rows = links(("crm", "a", "email", "info@x.org", 0), ("shop", "b", "email", "info@x.org", 0))
    rows.loc[rows["link_type"] == "email", "ignored_reason"] = "shared by too many people"
    assert len(set(customers(named_clusters(rows)).values())) == 2


def test_no_records_give_empty_tables() -> None:
    answer = named_clusters(links())
    assert answer.identities.empty
    assert answer.merges.empty


some_links = st.lists(
    st.tuples(
        st.sampled_from(["crm", "shop", "web"]),
        st.sampled_from("abcdef"),
        st.sampled_from(["email", "phone"]),
        st.sampled_from("12345678"),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(some_links, st.randoms(use_true_random=False))
def test_clusters_are_the_connected_components_in_any_order_of_rows(
    rows: list[Link], random: np.random.Generator
) -> None:
    frame = links(*rows)
    graph = nx.Graph()
    for row in frame.itertuples():
        graph.add_edge(("record", row.system, row.source_id), ("value", row.link_type, row.link_value))
    expected = {
        frozenset((node[1], node[2]) for node in component if node[0] == "record")
        for component in nx.connected_components(graph)
    }
    order = list(range(len(frame)))
    random.shuffle(order)
    for shuffled in (frame, frame.iloc[order]):
        customer_of = customers(named_clusters(shuffled))
        found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for record, customer in customer_of.items():
            found.setdefault(customer, set()).add(record)
        assert {frozenset(members) for members in found.values()} == expected
    assert customers(named_clusters(frame.iloc[order])) == customers(named_clusters(frame))


@settings(max_examples=30, deadline=None)
@given(some_links)
def test_a_night_changes_an_id_only_by_a_listed_merge(rows: list[Link]) -> None:
    frame = links(*rows)
    whole = named_clusters(frame)
    for night in sorted(frame["first_load_date"].unique()):
        until = customers(named_clusters(frame[frame["first_load_date"] <= night]))
        before = (
            customers(named_clusters(frame[frame["first_load_date"] < night]))
            if (frame["first_load_date"] < night).any()
            else {}
        )
        merged = whole.merges[whole.merges["merged_load_date"] == night]
        renamed = dict(zip(merged["retired_customer_id"], merged["surviving_customer_id"], strict=True))
        for record, customer in before.items():
            assert until[record] == renamed.get(customer, customer)
        assert set(renamed) == {old for record, old in before.items() if until[record] != old}
