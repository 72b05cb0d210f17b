"""How the page of the star schema shows a table."""

from typing import Any

from orchestration.cli.star_schema import star_schema_page


def model(name: str, folder: str, columns: dict[str, str], schema: str = "star") -> dict[str, Any]:
    return {
        "unique_id": f"model.cx360.{name}",
        "resource_type": "model",
        "name": name,
        "schema": schema,
        "fqn": ["cx360", schema, folder, name],
        "description": f"One row per\n{name}.",
        "columns": {
            column: {"name": column, "data_type": data_type, "description": f"The {column} | of {name}."}
            for column, data_type in columns.items()
        },
    }


def keys_test(table: str, column: str, target: str) -> dict[str, Any]:
    references = [{"column": column, "to": f"ref('{target}')"}]
    return {
        "resource_type": "test",
        "test_metadata": {"name": "keys", "kwargs": {"references": references}},
        "attached_node": f"model.cx360.{table}",
    }


def page_of(*nodes: dict[str, Any]) -> str:
    return star_schema_page({"nodes": {str(place): node for place, node in enumerate(nodes)}})


SALES = model("fct_sales", "facts", {"buyer_key": "varchar", "net_amount": "decimal(18, 2)"})
BUYERS = model("dim_buyers", "dimensions", {"buyer_key": "varchar"})


def test_a_fact_is_drawn_with_the_tables_that_its_keys_test_refers_to() -> None:
    page = page_of(BUYERS, SALES, keys_test("fct_sales", "buyer_key", "dim_buyers"))
    assert "```mermaid\nerDiagram\n    dim_buyers ||--o{ fct_sales : buyer_key\n```" in page


def test_a_column_is_shown_with_its_type_its_description_and_where_it_is_found() -> None:
    page = page_of(BUYERS, SALES, keys_test("fct_sales", "buyer_key", "dim_buyers"))
    assert "| `buyer_key` | varchar | The buyer_key \\| of fct_sales. | [dim_buyers](#dim_buyers) |" in page
    assert "| `net_amount` | decimal(18, 2) | The net_amount \\| of fct_sales. |  |" in page


def test_facts_come_first_and_each_says_its_grain() -> None:
    page = page_of(BUYERS, SALES)
    assert "### fct_sales\n\nOne row per fct_sales.\n" in page
    assert page.index("## Facts") < page.index("fct_sales") < page.index("## Dimensions") < page.index("dim_buyers")


def test_a_table_outside_the_star_is_neither_shown_nor_linked() -> None:
    doors = model("int_sales__unioned", "intermediate", {"buyer_key": "varchar"}, schema="intermediate")
    page = page_of(doors, SALES, keys_test("fct_sales", "buyer_key", "int_sales__unioned"))
    assert "int_sales__unioned" not in page
    assert "mermaid" not in page
