{# The registry of number columns (quality_metrics). What a name says of unit and additivity stands in docs/naming.md. #}

{#
    One entry per number column of every published mart and fact, from the yml of its table.

    Of the column's meta, each key optional: `metric` (its name), `formula` (else its description), `unit`, `additivity`,
    `window`, `exclusions`, and `source`: the table, sum and condition (`where`) that a plain sum of the column equals. The
    table's meta has defaults for its columns: `window`, `exclusions`, and `unit` and `additivity` where the name says none
    or something that adds up.
#}
{% macro registered_metrics() -%}
    {%- set metrics = [] -%}
    {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | sort(attribute='name')
        if modules.re.match('(mart|fct)_', node.name) -%}
        {%- set facts = [node.name] if node.name.startswith('fct_') else facts_behind(node, []) | sort -%}
        {%- for column in node.columns.values()
            if modules.re.match('(big|small)?int|double|decimal', column.data_type | lower) -%}
            {%- set meta = column.config.meta or column.meta -%}
            {%- set table = node.config.meta -%}
            {%- set by_name = column_nature(column.name) -%}
            {%- set adds_up = by_name.additivity in ['additive', 'semi_additive', none] -%}
            {%- set additivity = table.additivity if table.additivity and adds_up else by_name.additivity -%}
            {%- do metrics.append({
                'table_name': node.name,
                'column_name': column.name,
                'metric_name': meta.metric or column.name | replace('_', ' ') | capitalize,
                'formula': meta.formula or modules.re.sub('\\s+', ' ', column.description | trim),
                'unit': meta.unit or by_name.unit or table.unit or none,
                'time_window': meta.window or table.window or grain_window(node),
                'exclusions': meta.exclusions or table.exclusions or none,
                'additivity': meta.additivity or additivity or none,
                'source_columns': described_source(node, column.name, facts, meta.source),
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(metrics) }}
{%- endmacro %}

{# Unit and additivity that the name of a column says; null where it says neither. #}
{% macro column_nature(name) -%}
    {%- set limit = modules.re.fullmatch('(.+)_(low|high)', name) -%}
    {%- set statistic = modules.re.fullmatch('(?:mean|median|lowest|highest)_(.+)', name) -%}
    {%- if limit or statistic -%}
        {{ return({'unit': column_nature((limit or statistic).group(1)).unit, 'additivity': 'not_additive'}) }}
    {%- endif -%}
    {%- for pattern, unit, additivity in [
        ('previous_.*_(count|sum)', 'count', 'semi_additive'),
        ('(.*_)?customer_count', 'count', 'semi_additive'),
        ('.*_count', 'count', 'additive'),
        ('(.*_)?amount', 'currency', 'additive'),
        ('.*_sum', 'number', 'additive'),
        ('.*_orders', 'orders', 'additive'),
        ('.*_(rate|probability)|(.*_)?p_value', 'share', 'not_additive'),
        ('.*_ratio', 'ratio', 'not_additive'),
        ('(.*_)?nps(_shrunk)?|.*_change', 'points', 'not_additive'),
        ('(.*_)?(mean|score|weight|index|slope|answers)|.*_per_.*|.*_standard_error', 'number', 'not_additive'),
        ('(hours|minutes|days|weeks)_.*', none, 'not_additive'),
        ('.*_(hours|minutes|days|weeks|months)', none, 'not_additive'),
        ('.*_(number|tier)|decile', 'rank', 'not_additive'),
    ] -%}
        {%- set match = modules.re.fullmatch(pattern, name) -%}
        {%- if match -%}
            {{ return({'unit': unit or match.group(1), 'additivity': additivity}) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'unit': none, 'additivity': none}) }}
{%- endmacro %}

{# The window of a table's figures, by its grain. #}
{% macro grain_window(node) -%}
    {%- for column, window in {
        'month_start_date': 'calendar month',
        'quarter_start_date': 'calendar quarter',
        'year_start_date': 'calendar year',
    }.items() -%}
        {%- if column in node.columns -%}
            {{ return(window) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('one event' if node.name.startswith('fct_') else 'up to the as-of date') }}
{%- endmacro %}

{# The declared source of a column; of a fact the column itself, else the facts that the mart is built from. #}
{% macro described_source(node, name, facts, source) -%}
    {%- if source -%}
        {{ return(source.table ~ ': ' ~ source.sum ~ (' where ' ~ source.where if source.where else '')) }}
    {%- elif node.name.startswith('fct_') -%}
        {{ return(node.name ~ '.' ~ name) }}
    {%- endif -%}
    {{ return(facts | join(', ')) }}
{%- endmacro %}

{# The facts that a model is built from, by way of any number of others; `seen` has the models passed so far. #}
{% macro facts_behind(node, seen) -%}
    {%- set found = [] -%}
    {%- for parent in node.depends_on.nodes if parent in graph.nodes and parent not in seen -%}
        {%- do seen.append(parent) -%}
        {%- set parent = graph.nodes[parent] -%}
        {%- if parent.name.startswith('fct_') -%}
            {%- do found.append(parent.name) -%}
        {%- elif parent.resource_type == 'model' -%}
            {%- do found.extend(facts_behind(parent, seen)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
