"""Transform: the three parts that dbt builds, in the order of the flow.

A model's folder decides its part. Here dbt's results become materializations and checks, and a skipped node becomes a
failure. Keep out what models compute (``dbt_project/``) and how dbt is called (``warehouse/dbt.py``).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from orchestration.assets.external import source_key
from orchestration.base.progress import Step, step
from orchestration.runs.resource import RunLock
from orchestration.warehouse.dbt import Dbt
from orchestration.warehouse.lineage import LineageStore
from orchestration.warehouse.warehouse import Warehouse

# failing rows that the error message shows of a test; a row of `rules` and `keys` is a broken rule
EXAMPLES = 5

# the dependencies between the parts come from dbt
PARTS = {
    # what the landing lost is found before anything is built on it
    "stage": "resource_type:seed fqn:cx360.staging fqn:cx360.intermediate fqn:cx360.quality.landing",
    # the fits read the purchase histories of science/, which are built with the star
    "star": "fqn:cx360.star fqn:cx360.science",
    "marts": "fqn:cx360.marts fqn:cx360.quality",
}
# rules of the reference data that all companies share: no night changes it, so they run with the project's tests
_SHARED = "tag:shared"
EXCLUDED = dict.fromkeys(PARTS, _SHARED) | {"marts": f"{_SHARED} fqn:cx360.quality.landing"}
FIRST = "stage"
STEPS = "steps"
"""The folder of tables that others are built from and that are not published."""


class _FolderIsGroup(DagsterDbtTranslator):
    """Groups models by their folder and sets the owner of the deployment."""

    def __init__(self, owner: str) -> None:
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))
        self.owner = owner

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return schema and name, for a source too: dbt reads the asset ``landing/<system>__<table>``."""
        if dbt_resource_props["resource_type"] == "source":
            return source_key(dbt_resource_props)
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the layer, for a mart its question; steps have a group of their own; ``reference`` for a seed."""
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        _, layer, *folders, _ = dbt_resource_props["fqn"]
        group = str(folders[0] if layer == "marts" else layer)
        return f"{group}_steps" if STEPS in folders else group

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """The check of a data test; what the test holds is its description."""
        check = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return check and dg.AssetCheckSpec(
            name=check.name,
            asset=check.asset_key,
            description=_described(manifest["nodes"][unique_id]) or check.description,
            additional_deps=check.additional_deps,
            blocking=check.blocking,
            metadata=check.metadata,
        )

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Return the owner of the deployment."""
        return [self.owner]


def _described(test: Mapping[str, Any]) -> str:
    """The rules of a data test, or the comment at the top of its SQL, which says what a failing row is."""
    if rules := rules_of(test):
        return "\n".join(f"- {rule}" for rule in rules)
    comment = re.match(r"(?:--.*\n)+", test["raw_code"])
    return re.sub(r"--\s*", "", comment[0]).replace("\n", " ").strip() if comment else ""


def rules_of(test: Mapping[str, Any]) -> list[str]:
    """The rules of a data test (``rules`` or ``keys``), as its failing rows name them; none for any other test."""
    arguments = (test.get("test_metadata") or {}).get("kwargs", {})
    references = [
        (reference["column"], re.findall(r"'(\w+)'", reference["to"])[-1], reference.get("field", reference["column"]))
        for reference in arguments.get("references", [])
    ]
    return [
        *(f"{column} is not null" for column in arguments.get("never_null", [])),
        *(
            f"{column} is one of {', '.join(map(str, values))}"
            for column, values in arguments.get("accepted", {}).items()
        ),
        *(rule if isinstance(rule, str) else rule["name"] for rule in arguments.get("expressions", [])),
        *(
            f"{', '.join(columns)} is unique{' and not null' if len(columns) == 1 else ''}"
            for columns in arguments.get("unique", [])
        ),
        *(f"{column} refers to {table}.{field}" for column, table, field in references),
    ]


def transform(part: str, manifest: Mapping[str, Any], owner: str) -> dg.AssetsDefinition:
    """Build the assets of one part: ``stage``, ``star`` or ``marts``."""

    @dbt_assets(
        name=part,
        manifest=manifest,
        select=PARTS[part],
        exclude=EXCLUDED[part],
        dagster_dbt_translator=_FolderIsGroup(owner),
    )
    def built(
        context: dg.AssetExecutionContext,
        dbt: dg.ResourceParam[Dbt],
        warehouse: dg.ResourceParam[Warehouse],
        run_lock: RunLock,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        nodes = _nodes(context.assets_def)
        with step(part) as progress:
            if part == FIRST:
                warehouse.start_empty()
            results = dbt.build(PARTS[part], EXCLUDED[part], _counter(progress, len(nodes)))
            progress.detail(f"{len(results)} of {len(nodes)}  recording the results")
            lineages = LineageStore(dbt.home.dbt / "lineage.json")
            if part == FIRST:
                lineages.start_night()
            yield from _reported(results, nodes, warehouse, dbt.manifest(), lineages)
            lineages.save()
            problems = _problems(results, nodes, warehouse)
            if problems:
                headline = f"{len(nodes)} nodes of '{part}' were to be built and checked; nothing is published:"
                raise dg.Failure(description="\n".join([headline, *problems[:20]]), allow_retries=False)
            progress.detail(
                f"{sum(isinstance(key, dg.AssetKey) for key in nodes.values())} tables, {_tests(nodes)} tests"
            )

    return built


Nodes = dict[str, dg.AssetKey | dg.AssetCheckKey]


def _nodes(assets: dg.AssetsDefinition) -> Nodes:
    """Return the nodes of the part by dbt's unique id, each with its asset or check key."""
    nodes: Nodes = {spec.metadata["dagster_dbt/unique_id"]: spec.key for spec in assets.specs}
    return nodes | {
        check.metadata["dagster_dbt/unique_id"]: check.key for check in assets.check_specs if check.metadata
    }


def _tests(nodes: Nodes) -> int:
    return sum(isinstance(key, dg.AssetCheckKey) for key in nodes.values())


def _counter(progress: Step, total: int) -> Any:
    """Return a callback for dbt's log that counts finished nodes."""
    done = 0

    def count(event: Any) -> None:
        nonlocal done
        if event.info.name == "NodeFinished":
            done += 1
            progress.detail(f"{done} of {total}  {event.data.node_info.node_name}")

    return count


def _reported(
    results: list[Any],
    nodes: Nodes,
    warehouse: Warehouse,
    manifest: Mapping[str, Any],
    lineages: LineageStore,
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    with warehouse.connect() as connection:
        tables: dict[str, dict[str, str]] = {}
        for schema, table, column, sql_type in connection.execute(
            """
            select schema_name, table_name, column_name, data_type
            from duckdb_columns() where not internal order by column_index
            """
        ).fetchall():
            tables.setdefault(f"{schema}.{table}", {})[column] = sql_type
        for result in results:
            key = nodes.get(result.node.unique_id)
            if isinstance(key, dg.AssetKey) and str(result.status) == "success":
                relation = f"{result.node.schema}.{result.node.identifier}"
                row_count = connection.execute(f"select count(*) from {result.node.relation_name}").fetchall()[0][0]
                metadata = _metadata(result, row_count, tables[relation])
                compiled = getattr(result.node, "compiled_code", None)
                traced = (
                    lineages.trace(compiled, list(tables[relation]), _parents(result.node, tables, manifest))
                    if compiled
                    else None
                )
                lineages.keep(key.to_user_string().replace("/", "."), list(tables[relation]), traced)
                if traced:
                    metadata["dagster/column_lineage"] = traced
                yield dg.MaterializeResult(asset_key=key, metadata=metadata)
            elif isinstance(key, dg.AssetCheckKey) and str(result.status) in {"pass", "warn", "fail", "error"}:
                # a test may warn below the limit of its error
                is_warning = "warn" in {str(result.status), str(result.node.config.severity).lower()}
                found = [] if str(result.status) == "pass" else _examples(result, connection)
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=str(result.status) == "pass",
                    severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
                    metadata={
                        "failing_rows": result.failures or 0,
                        "message": "\n".join([result.message or "none", *found]),
                        "seconds": round(result.execution_time, 3),
                    },
                )


def _metadata(result: Any, row_count: int, columns: Mapping[str, str]) -> dict[str, Any]:
    described = {name: column.description for name, column in result.node.columns.items()}
    return {
        "dagster/row_count": row_count,
        "dagster/column_schema": dg.TableSchema(
            columns=[dg.TableColumn(name, sql_type, described.get(name)) for name, sql_type in columns.items()]
        ),
        "seconds": round(result.execution_time, 3),
    }


def _parents(
    node: Any, tables: Mapping[str, dict[str, str]], manifest: Mapping[str, Any]
) -> dict[str, tuple[dg.AssetKey, dict[str, str]]]:
    parents = {}
    for unique_id in node.depends_on.nodes:
        parent = manifest["nodes"].get(unique_id) or manifest["sources"].get(unique_id)
        if parent and parent["resource_type"] != "source":
            relation = f"{parent['schema']}.{parent['alias']}"
            parents[relation] = (dg.AssetKey([parent["schema"], parent["name"]]), tables[relation])
    return parents


def _examples(result: Any, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The first failing rows of a data test."""
    failing = connection.sql(result.node.compiled_code).limit(EXAMPLES)
    return [
        "    " + ", ".join(f"{name}: {value}" for name, value in zip(failing.columns, row, strict=True))
        for row in failing.fetchall()
    ]


def _problems(results: list[Any], nodes: Nodes, warehouse: Warehouse) -> list[str]:
    """Nodes that failed, with their first failing rows; that were skipped; that did not run."""
    ran = {result.node.unique_id: str(result.status) for result in results}
    failed = [result for result in results if str(result.status) in {"error", "fail", "runtime error"}]
    problems = [
        f"  {result.node.name} ({result.node.original_file_path}): {result.message or result.status}"
        for result in failed
    ]
    with warehouse.connect() as connection:
        for result in failed:
            if str(result.status) == "fail":
                problems += _examples(result, connection)
    problems += [f"  {uid.split('.')[2]}: skipped" for uid, status in ran.items() if status == "skipped"]
    return problems + [
        f"  {uid.split('.')[2]}: was not run: dbt returned no result for it" for uid in nodes if uid not in ran
    ]
