"""The parent columns of a column, read from SQL."""

from __future__ import annotations

import dagster as dg
import pytest

from orchestration.warehouse.lineage import column_lineage

PARENTS = {
    "star.orders": (
        dg.AssetKey(["star", "orders"]),
        {"order_id": "varchar", "buyer_id": "varchar", "net": "decimal(18, 2)"},
    ),
    "star.buyers": (dg.AssetKey(["star", "buyers"]), {"buyer_id": "varchar", "segment": "varchar", "name": "varchar"}),
}


def traced(sql: str, *columns: str) -> dict[str, list[str]] | None:
    """The parent columns of each column, as table.column."""
    lineage = column_lineage(sql, columns, PARENTS)
    if lineage is None:
        return None
    return {
        column: sorted(f"{source.asset_key.path[-1]}.{source.column_name}" for source in sources)
        for column, sources in lineage.deps_by_column.items()
    }


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select net from star.orders", ["orders.net"]),
        ("select * from star.orders", ["orders.net"]),
        ('select net from "cx360"."star"."orders"', ["orders.net"]),
        ("select orders.order_id as net from star.orders", ["orders.order_id"]),
        ("select coalesce(net, 0) + length(buyer_id) as net from star.orders", ["orders.buyer_id", "orders.net"]),
        ("select sum(net) filter (where order_id <> '') as net from star.orders", ["orders.net", "orders.order_id"]),
        ("select 1 as net from star.orders", []),
        ("select current_schema() as net", []),
        ("select net from elsewhere.orders", []),
        (
            "select segment || order_id as net from star.orders as o left join star.buyers as b using (buyer_id)",
            ["buyers.segment", "orders.order_id"],
        ),
        (
            "select order_id as net from star.orders union all select name from star.buyers",
            ["buyers.name", "orders.order_id"],
        ),
        (
            """
            with o as (select * from star.orders), b as (select * from star.buyers),
            joined as (select o.*, b.segment from o left join b on o.buyer_id = b.buyer_id),
            final as (select segment, sum(net) over (partition by buyer_id) as net from joined)
            select * from final
            """,
            ["orders.buyer_id", "orders.net"],
        ),
    ],
)
def test_a_column_is_traced_to_its_parent_columns(sql: str, expected: list[str]) -> None:
    assert traced(sql, "net") == {"net": expected}


def test_every_column_has_its_own_lineage() -> None:
    sql = "with o as (select * from star.orders) select order_id, net * 2 as twice, 'x' as mark from o"
    assert traced(sql, "order_id", "twice", "mark") == {
        "order_id": ["orders.order_id"],
        "twice": ["orders.net"],
        "mark": [],
    }


@pytest.mark.parametrize(
    "sql", ["select from where", "this is no sql", "", "select net from star.orders)", "drop table x"]
)
def test_sql_that_the_parser_does_not_understand_has_no_lineage_and_raises_nothing(sql: str) -> None:
    assert traced(sql, "net") is None


def test_a_column_that_the_sql_does_not_return_has_no_lineage_and_raises_nothing() -> None:
    assert traced("select net from star.orders", "gross") is None
