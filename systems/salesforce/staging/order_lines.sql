{%- set columns = [
    'id', 'amount', 'is_deleted', 'last_modified_date', 'system_modstamp', '_fivetran_active', '_fivetran_start',
    '_fivetran_end', '_fivetran_synced'
] -%}

with

{% for table in ['opportunity', 'opportunity_history'] %}
    {{ table }} as (

        select * from {{ landed(table) }}

    ),

{% endfor %}
-- every column as text, as a file has it
delivered as (

    {% for table in ['opportunity', 'opportunity_history'] %}
        select
            {% for column in columns %}
                cast({{ column }} as varchar) as {{ column }},
            {% endfor %}
            _load_date,
            _source_file,
            _source_row
        from {{ table }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

versions as (

    select
        -- ids: 15 characters that tell upper and lower case apart; 3 more only check them
        nullif(substr({{ record_id('id') }}, 1, 15), '') as source_id,

        -- attributes
        coalesce(cast(is_deleted as boolean), false) as is_deleted,
        coalesce(cast(_fivetran_active as boolean), true) as is_active,

        -- measures
        cast(amount as decimal(18, 2)) as amount,

        -- times
        coalesce(
            {{ moment('_fivetran_start') }},
            {{ moment('system_modstamp') }},
            {{ moment('last_modified_date') }},
            {{ moment('_fivetran_synced') }},
            {{ start_of_day('_load_date') }}
        ) as updated_at,
        cast(_fivetran_end as timestamp) as ended_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from delivered

),

ranked as (

    select
        *,
        row_number() over (
            partition by source_id
            order by
                updated_at desc,
                _load_date desc,
                is_active desc,
                _source_file desc,
                _source_row desc
        ) as recency
    from versions

),

-- an opportunity is an order with one line, which is left out with it
final as (

    select
        -- ids
        source_id,
        source_id as order_source_id,

        -- attributes
        1 as line_number,

        -- measures
        1 as quantity,
        amount as net_amount,

        -- times
        updated_at,
        case
            when is_deleted then updated_at
            when recency = 1 and not is_active then coalesce(ended_at, updated_at)
        end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from ranked

)

select * from final
