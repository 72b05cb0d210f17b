"""The keys that a version carries are those that dbt tests."""

from __future__ import annotations

from typing import Any

from orchestration.publication.keys import published_keys


def node(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"resource_type": kind, "name": name, "schema": "star", **more}


def keys_test(of: str, **arguments: Any) -> dict[str, Any]:
    metadata = {"name": "keys", "kwargs": arguments}
    return node("test", f"{of}_keys", attached_node=of, test_metadata=metadata)


def test_unique_columns_are_keys_and_whole_references_to_them_foreign_keys() -> None:
    nodes = {
        "dim": node("model", "dim_customers"),
        "fct": node("model", "fct_orders"),
        "seed": node("seed", "channels"),
        "t1": keys_test("dim", unique=[["customer_key"]]),
        "t2": keys_test(
            "fct",
            unique=[["order_key"], ["system", "source_id"]],
            references=[
                {
                    "column": "buyer_key",
                    "to": "{{ get_where_subquery(ref('dim_customers')) }}",
                    "field": "customer_key",
                },
                {"column": "customer_id", "to": "{{ ref('dim_customers') }}"},
                {"column": "customer_key", "to": "{{ ref('dim_customers') }}", "except": "'none'"},
                {"column": "channel", "to": "{{ ref('channels') }}"},
            ],
        ),
        "t3": keys_test("seed", unique=[["channel"]]),
    }
    assert published_keys({"nodes": nodes}) == {
        "star.dim_customers": {"unique": [["customer_key"]], "references": []},
        "star.fct_orders": {
            "unique": [["order_key"], ["system", "source_id"]],
            "references": [{"column": "buyer_key", "table": "star.dim_customers", "field": "customer_key"}],
        },
    }
