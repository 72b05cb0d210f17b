"""The semantic layer of a version: its metrics, the names they can be grouped by, and the SQL that MetricFlow makes.

Metrics are declared in ``dbt_project/models/semantic``. Add here how names are found and SQL is made; keep out how a
filter is read (``semantic_filter.py``) and how an answer is put together and shown (``cli/query.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantic_interfaces.references import MetricReference
from metricflow_semantics.errors.error_classes import MetricFlowException
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.linkable_element_property import GroupByItemProperty
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from metricflow_semantics.model.semantics.element_filter import GroupByItemSetFilter
from metricflow_semantics.model.semantics.linkable_element import LinkableElementType

from orchestration.base.errors import PipelineError

GRAINS = ("day", "week", "month", "quarter", "year")
TIME = "metric_time"
_LOCAL_KEY = {GroupByItemProperty.ENTITY, GroupByItemProperty.LOCAL}


class _Renderer:
    """What MetricFlow needs to write SQL: it opens no connection, because the caller runs the SQL."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@dataclass(frozen=True)
class Metric:
    """A metric: its name and definition, its bases, and the names that it is always grouped by."""

    name: str
    description: str
    base: tuple[str, ...]
    keep_apart: tuple[str, ...]


@dataclass(frozen=True)
class GroupBy:
    """A dimension or key that a metric can be grouped by: the path of keys to it, and its own name."""

    path: tuple[str, ...]
    element: str
    is_key: bool = False
    grain: str | None = None
    is_finest: bool = False

    @property
    def name(self) -> str:
        """The name by which MetricFlow knows it, and the column of its SQL."""
        return "__".join((*self.path, self.element, *([self.grain] if self.grain else [])))

    @property
    def template(self) -> str:
        """How a filter of MetricFlow refers to it."""
        if self.grain:
            return f"{{{{ TimeDimension('{'__'.join((*self.path, self.element))}', '{self.grain}') }}}}"
        if self.is_key:
            return f"{{{{ Entity('{self.element}', entity_path={list(self.path)}) }}}}"
        return f"{{{{ Dimension('{self.path[-1]}__{self.element}', entity_path={list(self.path[:-1])}) }}}}"


class Semantics:
    """The semantic layer, from the text of a ``semantic_manifest.json`` that dbt wrote."""

    def __init__(self, manifest: str) -> None:
        self._lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(manifest))
        self._engine = MetricFlowEngine(self._lookup, _Renderer())  # type: ignore[arg-type] # it runs nothing

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Every metric by its name, in alphabetical order."""
        found = {}
        for metric in self._engine.list_metrics(include_dimensions=False):
            meta = metric.config.meta if metric.config else {}
            if not meta.get("is_part"):
                bases, apart = tuple(meta.get("base", ())), tuple(meta.get("keep_apart", ()))
                found[metric.name] = Metric(metric.name, metric.description or "", bases, apart)
        return dict(sorted(found.items()))

    def metric(self, name: str) -> Metric:
        """Return a metric.

        Raises:
            PipelineError: there is no metric of this name.
        """
        if name not in self.metrics:
            raise PipelineError(
                f"There is no metric '{name}'. {_nearest(name, self.metrics)}"
                f"All {len(self.metrics)} metrics with their dimensions: cx360 query --list"
            )
        return self.metrics[name]

    def group_bys(self, metric: str) -> list[GroupBy]:
        """Return everything that a metric can be grouped by."""
        items = self._lookup.metric_lookup.get_common_group_by_items(
            metric_references=(MetricReference(element_name=metric),),
            set_filter=GroupByItemSetFilter.create(
                any_properties_denylist={GroupByItemProperty.METRIC, GroupByItemProperty.DATE_PART}
            ),
        )
        return [
            GroupBy(
                item.entity_link_names,
                item.element_name,
                is_key=item.element_type is LinkableElementType.ENTITY,
                grain=item.time_grain.name if item.time_grain else None,
                is_finest=GroupByItemProperty.DERIVED_TIME_GRANULARITY not in item.element_properties,
            )
            for item in items.annotated_specs
            # a key of the metric's own table also has a second name, with that of the table before it
            if not (item.entity_link_names and set(item.element_properties) >= _LOCAL_KEY)
        ]

    def group_by(self, metric: str, name: str) -> GroupBy:
        """Return what a metric is grouped by under a short name, or the full one.

        Args:
            name: ``segment``, ``month``, or a name of MetricFlow such as ``customer__segment``.

        Raises:
            PipelineError: the metric has nothing of this name, or several things.
        """
        known = self.group_bys(metric)
        full = f"{TIME}__{name}" if name in GRAINS else name
        exact = [item for item in known if item.name == full]
        found = exact or [item for item in known if item.element == name and (not item.grain or item.is_finest)]
        if not found and name in (*GRAINS, TIME):
            raise PipelineError(
                f"'{metric}' has no {name}: its finest time is the {next(iter(self._grains(known)), 'version')}. "
                f"Ask for one of: {', '.join(self._grains(known)) or 'none'}."
            )
        if not found:
            names = self.names(metric)
            raise PipelineError(
                f"'{metric}' has no dimension '{name}'. {_nearest(name, names)}It has: {', '.join(names)}."
            )
        if len(found) > 1:
            raise PipelineError(
                f"'{name}' is ambiguous for '{metric}'. Name one of: {', '.join(sorted(item.name for item in found))}."
            )
        return found[0]

    def names(self, metric: str) -> list[str]:
        """Return the shortest name of everything that a metric can be grouped by, times first."""
        known = self.group_bys(metric)
        plain = [item for item in known if not self._is_hidden(item)]
        elements = [item.element for item in plain]
        names = {item.element if elements.count(item.element) == 1 else item.name for item in plain}
        return [*self._grains(known), *sorted(names)]

    def sql(self, metrics: Sequence[str], group_bys: Iterable[GroupBy], filters: Sequence[str]) -> str:
        """Return the SQL of MetricFlow for some metrics: a column per group and one per metric.

        Args:
            filters: filters with the templates of ``GroupBy``.

        Raises:
            PipelineError: MetricFlow refuses the query.
        """
        request = MetricFlowQueryRequest.create(
            metric_names=metrics,
            group_by_names=[item.name for item in group_bys],
            where_constraints=filters or None,
        )
        try:
            return self._engine.explain(request).sql_statement.without_descriptions.sql
        except MetricFlowException as error:
            raise PipelineError(f"MetricFlow refuses the query of {', '.join(metrics)}: {error}") from error

    def _grains(self, known: Sequence[GroupBy]) -> list[str]:
        """The grains at which a metric has its time, the finest first."""
        own = {item.grain for item in known if item.element == TIME}
        return [grain for grain in GRAINS if grain in own]

    def _is_hidden(self, item: GroupBy) -> bool:
        """Whether a list leaves it out: a hash or the key of a row, or a time at another than its own grain."""
        if item.grain:
            return not item.is_finest or item.element == TIME
        return item.is_key and item.element not in self._codes

    @cached_property
    def _codes(self) -> set[str]:
        """The keys that are codes in words: their column has the name of the key."""
        return {
            entity.name
            for model in self._lookup.semantic_manifest.semantic_models
            for entity in model.entities
            if entity.expr in (None, entity.name) and not entity.name.endswith("_key")
        }


def _nearest(name: str, names: Iterable[str]) -> str:
    found = get_close_matches(name, list(names), n=4, cutoff=0.5)
    return f"Nearest: {', '.join(found)}. " if found else ""
