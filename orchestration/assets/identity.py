"""Identity: maps every (system, source id) to one durable customer.

Keep out the normalization of values (``int_customers__link_values``) and the clustering (``orchestration/identity``).
"""

from collections.abc import Iterator

import dagster as dg
import duckdb

from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.identity.clusters import Clusters, cluster
from orchestration.runs.resource import RunLock
from orchestration.warehouse.warehouse import Warehouse

IDENTITIES = dg.AssetKey(["identity", "customer_identities"])
MERGES = dg.AssetKey(["identity", "customer_merges"])

# translate record numbers of the clustering back to ids
_NAMED = {
    IDENTITIES: """
        select
            records.system, records.source_id, earliest.record_key as customer_id,
            cast(answer.link_rule as varchar) as link_rule, cast(answer.confidence as double) as confidence,
            records.first_load_date, cast(answer.linked_load_date as date) as linked_load_date
        from answer
        inner join intermediate.int_customers__records as records on answer.record = records.record_number
        inner join intermediate.int_customers__records as earliest on answer.customer = earliest.record_number
        """,
    MERGES: """
        select
            cast(answer.merged_load_date as date) as merged_load_date, retired.record_key as retired_customer_id,
            survivor.record_key as surviving_customer_id, cast(answer.link_rule as varchar) as link_rule,
            records.system, records.source_id
        from answer
        inner join intermediate.int_customers__records as records on answer.record = records.record_number
        inner join intermediate.int_customers__records as retired on answer.retired = retired.record_number
        inner join intermediate.int_customers__records as survivor on answer.survivor = survivor.record_number
        """,
}


def customer_identities(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the asset that links the records of all systems."""
    deps = [dg.AssetKey(["intermediate", f"int_customers__{name}"]) for name in ("records", "links")]

    @dg.multi_asset(
        name="customer_identities",
        specs=[
            dg.AssetSpec(
                IDENTITIES,
                deps=deps,
                description="One row per record of a person in a system, with the durable customer it belongs to.",
                group_name="identity",
                owners=[deployment.owner],
                kinds={"python", "duckdb"},
            ),
            dg.AssetSpec(
                MERGES,
                deps=deps,
                description="One row per customer id that a later night merged into another customer.",
                group_name="identity",
                owners=[deployment.owner],
                kinds={"python", "duckdb"},
            ),
        ],
    )
    def linked(warehouse: dg.ResourceParam[Warehouse], run_lock: RunLock) -> Iterator[dg.MaterializeResult]:
        with step("identity") as progress, warehouse.connect() as connection:
            clusters = cluster_records(connection)
            for key, answer in ((IDENTITIES, clusters.identities), (MERGES, clusters.merges)):
                table = connection.table(".".join(key.path))
                types = zip(table.columns, table.types, strict=True)
                columns = [dg.TableColumn(name, str(sql_type)) for name, sql_type in types]
                yield dg.MaterializeResult(
                    asset_key=key,
                    metadata={"dagster/row_count": len(answer), "dagster/column_schema": dg.TableSchema(columns)},
                )
            customers = clusters.identities["customer"].nunique()
            progress.detail(f"{len(clusters.identities):,} records are {customers:,} customers")

    return linked


def cluster_records(connection: duckdb.DuckDBPyConnection) -> Clusters:
    """Cluster the records of the work warehouse, and write the identity tables."""
    ages = connection.sql("select first_load_date from intermediate.int_customers__records order by record_number")
    links = connection.sql(
        """
        select
            record_number as record, first_record_number as first_record, link_type,
            cast(first_load_date as timestamp) as first_load_date
        from intermediate.int_customers__links
        """
    )
    clusters = cluster(ages.df()["first_load_date"].to_numpy("datetime64[us]"), links.df())
    connection.execute("create schema if not exists identity")
    for key, answer in ((IDENTITIES, clusters.identities), (MERGES, clusters.merges)):
        connection.register("answer", answer)
        connection.execute(f"create or replace table {'.'.join(key.path)} as {_NAMED[key]}")
        connection.unregister("answer")
    return clusters
