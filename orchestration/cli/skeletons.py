"""Skeletons for a new system, to be pasted and completed: a suite, and staging models.

Keep out which files are missing (``completeness.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import yaml

from expectations import rules
from expectations.suite import RowRule
from orchestration.config.deployment import Table
from orchestration.gates.judge import broken_row_rules
from orchestration.landing.columns import suggested
from orchestration.warehouse.completeness import MODELS

# strictest first: the first kind that every value meets is proposed
KINDS = ("boolean", "whole_number", "amount", "instant", "wall_clock")
READ_AS = {"instant": "{{{{ utc('{0}') }}}}", "wall_clock": "{{{{ utc_from_local('{0}') }}}}"}


def suite_of(table: Table, columns: Sequence[str], kinds: Mapping[str, str]) -> str:
    """Return a suite that accepts the table as it is delivered.

    Args:
        kinds: per column, the rule that all of its values meet (``kinds_of``).
    """
    name = table.table_name.upper()
    judged = "".join(f'        *{kind}("{column}"),\n' for column, kind in kinds.items())
    return (
        f"{name} = RawSuite(\n"
        f'    table="{table.name}",\n'
        f"    required={_listed(columns)},\n"
        f"    rows=(\n        *required({', '.join(_text(column) for column in table.settings.key)}),\n{judged}    ),\n"
        "    batch=STANDARD,\n)\n"
    )


def staging_of(table: Table, entity: str, columns: Sequence[str], kinds: Mapping[str, str]) -> str:
    """Return a staging model with the entity's columns that the table seems to deliver; the others are comments."""
    lines = list(_canonical(table, entity, columns, kinds))
    return (
        f"with\n\nsource as (\n\n    select * from {{{{ source('{table.system_name}', '{table.name}') }}}}\n\n),\n\n"
        "final as (\n\n    select\n" + "\n".join(lines) + "\n\n        -- landing\n        _load_date,\n"
        "        _source_file,\n        _source_row\n\n    from source\n\n)\n\nselect * from final\n"
    )


def kinds_of(table: Table, rows: pa.Table) -> dict[str, str]:
    """Return the strictest rule of ``expectations.rules`` that all values of a column meet, except for plain text."""
    made: dict[tuple[str, str], tuple[RowRule, ...]] = {
        (column, kind): getattr(rules, kind)(column) for column in rows.column_names for kind in KINDS
    }
    broken = broken_row_rules(table.name, [rule for found in made.values() for rule in found], rows)
    refused = {reason.rule for reasons in broken.values() for reason in reasons}
    met = {pair: not any(rule.name in refused for rule in found) for pair, found in made.items()}
    kinds: dict[str, str] = {}
    for column in rows.column_names:
        kind = next((kind for kind in KINDS if met[column, kind]), None)
        if kind and rows[column].null_count < rows.num_rows and column not in table.settings.key:
            kinds[column] = kind
    return kinds


def _canonical(table: Table, entity: str, columns: Sequence[str], kinds: Mapping[str, str]) -> Iterator[str]:
    door = yaml.safe_load((MODELS / "intermediate" / f"int_{entity}__unioned.yml").read_text(encoding="utf-8"))
    wanted = {
        column["name"]: column
        for column in door["models"][0]["columns"]
        if column["name"] not in {"system", "source_id"} and not column["name"].startswith("_")
    }
    delivered = {ours: name for name, ours in suggested(list(wanted), columns).items()}
    yield f"        {{{{ record_key('{table.system_name}', '{table.table_name}') }}}} as source_id,"
    for name, column in wanted.items():
        must = any(constraint["type"] == "not_null" for constraint in column.get("constraints", ()))
        if name in delivered:
            read = READ_AS.get(kinds.get(delivered[name], ""), "{0}").format(delivered[name])
            yield f"        {read} as {name},"
        elif must:
            yield f"        ??? as {name},  -- {column['data_type']}, required: {column['description']}"
        else:
            yield f"        -- {name} ({column['data_type']}): {column['description']}"


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(_text(name) for name in names)},)"


def _text(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
