"""Identity: every (system, source id) becomes one durable customer.

Moves values from SQL to the pure function and its answer back. What makes two values comparable stands in
``int_customers__link_values``; how records are joined in ``orchestration/identity``.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.deployment import Deployment
from orchestration.identity.clusters import cluster
from orchestration.progress import step
from orchestration.resources.run_lock import RunLock
from orchestration.resources.warehouse import Warehouse

IDENTITIES = dg.AssetKey(["identity", "customer_identities"])
MERGES = dg.AssetKey(["identity", "customer_merges"])

# typed, because a frame without rows has no types
_COLUMNS = {
    "customer_identities": {
        "system": "varchar",
        "source_id": "varchar",
        "customer_id": "varchar",
        "link_rule": "varchar",
        "confidence": "double",
        "first_load_date": "date",
        "linked_load_date": "date",
    },
    "customer_merges": {
        "merged_load_date": "date",
        "retired_customer_id": "varchar",
        "surviving_customer_id": "varchar",
        "link_rule": "varchar",
        "system": "varchar",
        "source_id": "varchar",
    },
}


def customer_identities(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the asset that links the records of every system."""

    @dg.multi_asset(
        name="customer_identities",
        specs=[
            dg.AssetSpec(
                IDENTITIES,
                deps=[dg.AssetKey(["intermediate", "int_customers__link_values"])],
                description="One row per record of a person in a system, with the durable customer it belongs to.",
                group_name="identity",
                owners=[deployment.owner],
                kinds={"python", "duckdb"},
            ),
            dg.AssetSpec(
                MERGES,
                deps=[dg.AssetKey(["intermediate", "int_customers__link_values"])],
                description="One row per customer id that a later night found to be another customer's.",
                group_name="identity",
                owners=[deployment.owner],
                kinds={"python", "duckdb"},
            ),
        ],
    )
    def linked(warehouse: dg.ResourceParam[Warehouse], run_lock: RunLock) -> Iterator[dg.MaterializeResult]:
        with step("identity") as progress, warehouse.connect() as connection:
            links = connection.sql(
                """
                select
                    system, source_id, link_type, link_value, ignored_reason,
                    cast(first_load_date as timestamp) as first_load_date
                from intermediate.int_customers__link_values
                """
            ).df()
            clusters = cluster(links)
            connection.execute("create schema if not exists identity")
            for key, answer in ((IDENTITIES, clusters.identities), (MERGES, clusters.merges)):
                columns = _COLUMNS[key.path[-1]]
                selected = ", ".join(f"cast({name} as {sql_type}) as {name}" for name, sql_type in columns.items())
                connection.register("answer", answer)
                connection.execute(f"create or replace table identity.{key.path[-1]} as select {selected} from answer")
                connection.unregister("answer")
                schema = dg.TableSchema(columns=[dg.TableColumn(*column) for column in columns.items()])
                yield dg.MaterializeResult(
                    asset_key=key, metadata={"dagster/row_count": len(answer), "dagster/column_schema": schema}
                )
            customers = clusters.identities["customer_id"].nunique()
            progress.detail(f"{len(clusters.identities):,} records are {customers:,} customers")

    return linked
