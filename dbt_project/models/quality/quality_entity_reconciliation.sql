{#-
    The star table of each entity, and the amount that must agree to the cent. A door has one row per record, except
    that of customers, which keeps every version.
-#}
{%- set outcomes = {
    'acquisitions': {'star': 'fct_acquisitions'},
    'cases': {'star': 'fct_cases'},
    'customers': {
        'star': 'map_customer_identities', 'door_count': 'count(distinct source_id)',
    },
    'interactions': {'star': 'fct_interactions'},
    'order_lines': {
        'star': 'fct_order_lines', 'door_amount': 'net_amount', 'star_amount': 'net_amount',
    },
    'orders': {
        'star': 'fct_orders', 'door_amount': 'tax_amount', 'star_amount': 'tax_amount',
    },
    'payments': {
        'star': 'fct_orders', 'door_amount': 'payment_amount', 'star_amount': 'paid_amount',
    },
    'products': {'star': 'dim_products'},
    'refunds': {
        'star': 'fct_refunds', 'door_amount': 'refund_amount', 'star_amount': returned_apart('refund_amount'),
        'star_count': 'count(' ~ returned_apart('1') ~ ')',
    },
    'subscriptions': {
        'star': 'fct_subscriptions', 'door_amount': 'period_amount', 'star_amount': 'period_amount',
    },
    'survey_answers': {'star': 'fct_survey_answers'},
    'survey_invitations': {'star': 'fct_survey_invitations'},
    'surveys': {'star': 'dim_surveys'},
} -%}

with

{{ as_of_moment() }},

orders as (

    select * from {{ ref('fct_orders') }}

),

payments as (

    select * from {{ ref('int_payments__unioned') }}

),

refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

customers as (

    select * from {{ ref('int_customers__unioned') }}

),

staged as (
    {{ staged_records() }}
),

replaced_rows as (
    {{ replaced_rows(outcomes) }}
),

-- rows that another row of one delivery replaces, though neither dates a change
replaced as (

    select
        entity,
        system,
        count(*) as row_count,
        sum(amount) as amount
    from replaced_rows
    where recency > 1
    group by entity, system

),

deleted_records as (
    {{ deleted_records(outcomes) }}
),

-- deleted records are not behind the door
deleted as (

    select
        entity,
        system,
        count(*) as record_count,
        sum(amount) as amount
    from deleted_records
    group by entity, system

),

exclusion_amounts as (
    {{ exclusion_amounts(outcomes) }}
),

-- nor are records that are left out, on purpose
on_purpose as (

    select
        entity,
        system,
        sum(record_count) as record_count,
        sum(amount) as amount,
        {{ listed("excluded_reason || ' ' || record_count") }} as reasons
    from exclusion_amounts
    group by entity, system

),

left_out_records as (
    {{ left_out_records(outcomes) }}
),

-- nor are records that are left out
left_out as (

    select
        entity,
        system,
        count(*) filter (where reason = 'dated_ahead') as dated_ahead_count,
        count(*) filter (where reason = 'incomplete') as incomplete_count,
        count(*) filter (where reason = 'other_currency') as other_currency_count,
        sum(amount) filter (where reason = 'dated_ahead') as dated_ahead_amount,
        sum(amount) filter (where reason = 'incomplete') as incomplete_amount,
        sum(amount) filter (where reason = 'other_currency') as other_currency_amount
    from left_out_records
    group by entity, system

),

doors as (
    {{ door_records(outcomes) }}
),

star as (
    {{ star_records(outcomes) }}
),

-- money that names an unknown order is not in the orders; a placeholder record does not
-- become a customer
excluded as (

    select
        'payments' as entity,
        payments.system,
        count(*) as record_count,
        sum(payments.payment_amount) as amount

    from payments
    left join orders
        on payments.system = orders.system
        and payments.order_source_id = orders.source_id
    where orders.order_key is null
    group by payments.system

    union all

    select
        'refunds' as entity,
        refunds.system,
        count(*) as record_count,
        sum(refunds.refund_amount) as amount

    from refunds
    left join orders
        on refunds.system = orders.system
        and refunds.order_source_id = orders.source_id
    where
        orders.order_key is null
        and refunds.order_source_id is not null
    group by refunds.system

    union all

    select
        'customers' as entity,
        system,
        count(distinct source_id) as record_count,
        null as amount

    from customers
    where {{ identifies_nobody() }}
    group by system

),

counted as (

    select
        staged.entity,
        staged.system,
        staged.row_count as staged_row_count,
        staged.row_count - staged.record_count as deduplicated_row_count,
        coalesce(replaced.row_count, 0) as replaced_row_count,
        coalesce(deleted.record_count, 0) as deleted_record_count,
        coalesce(on_purpose.record_count, 0) as on_purpose_record_count,
        on_purpose.reasons as on_purpose_reasons,
        coalesce(left_out.dated_ahead_count, 0) as dated_ahead_record_count,
        coalesce(left_out.incomplete_count, 0) as incomplete_record_count,
        coalesce(left_out.other_currency_count, 0) as other_currency_record_count,
        coalesce(doors.record_count, 0) as door_record_count,
        coalesce(excluded.record_count, 0) as excluded_record_count,
        -- payments have no row of their own: they add to their order
        case
            when staged.entity <> 'payments'
                then coalesce(star.record_count, 0)
        end as star_record_count,
        case
            when replaced.amount is not null or doors.amount is not null
                then coalesce(replaced.amount, 0)
        end as replaced_amount,
        case
            when deleted.amount is not null or doors.amount is not null
                then coalesce(deleted.amount, 0)
        end as deleted_amount,
        case
            when on_purpose.amount is not null or doors.amount is not null
                then coalesce(on_purpose.amount, 0)
        end as on_purpose_amount,
        case
            when doors.amount is not null
                then coalesce(left_out.dated_ahead_amount, 0)
        end as dated_ahead_amount,
        case
            when doors.amount is not null
                then coalesce(left_out.incomplete_amount, 0)
        end as incomplete_amount,
        case
            when doors.amount is not null
                then coalesce(left_out.other_currency_amount, 0)
        end as other_currency_amount,
        doors.amount as door_amount,
        case when doors.amount is not null then coalesce(excluded.amount, 0) end
            as excluded_amount,
        case when doors.amount is not null then coalesce(star.amount, 0) end
            as star_amount

    from staged
    left join replaced
        on staged.entity = replaced.entity
        and staged.system = replaced.system
    left join deleted
        on staged.entity = deleted.entity
        and staged.system = deleted.system
    left join on_purpose
        on staged.entity = on_purpose.entity
        and staged.system = on_purpose.system
    left join left_out
        on staged.entity = left_out.entity
        and staged.system = left_out.system
    left join doors
        on staged.entity = doors.entity
        and staged.system = doors.system
    left join star
        on staged.entity = star.entity
        and staged.system = star.system
    left join excluded
        on staged.entity = excluded.entity
        and staged.system = excluded.system

),

compared as (

    select
        *,
        staged_row_count
        - deduplicated_row_count
        - deleted_record_count
        - on_purpose_record_count
        - dated_ahead_record_count
        - incomplete_record_count
        - other_currency_record_count
        - door_record_count as unstored_record_count,
        door_record_count - excluded_record_count - star_record_count
            as unaccounted_record_count,
        door_amount - excluded_amount - star_amount as unaccounted_amount

    from counted

),

final as (

    select
        -- grain
        entity,
        system,

        -- attributes
        (
            unstored_record_count = 0
            and coalesce(unaccounted_record_count, 0) = 0
            and coalesce(unaccounted_amount, 0) = 0
        ) as is_reconciled,
        on_purpose_reasons,

        -- measures
        cast(staged_row_count as bigint) as staged_row_count,
        cast(deduplicated_row_count as bigint) as deduplicated_row_count,
        cast(replaced_row_count as bigint) as replaced_row_count,
        cast(deleted_record_count as bigint) as deleted_record_count,
        cast(on_purpose_record_count as bigint) as on_purpose_record_count,
        cast(dated_ahead_record_count as bigint) as dated_ahead_record_count,
        cast(incomplete_record_count as bigint) as incomplete_record_count,
        cast(other_currency_record_count as bigint) as other_currency_record_count,
        cast(door_record_count as bigint) as door_record_count,
        cast(excluded_record_count as bigint) as excluded_record_count,
        cast(star_record_count as bigint) as star_record_count,
        cast(replaced_amount as decimal(18, 2)) as replaced_amount,
        cast(deleted_amount as decimal(18, 2)) as deleted_amount,
        cast(on_purpose_amount as decimal(18, 2)) as on_purpose_amount,
        cast(dated_ahead_amount as decimal(18, 2)) as dated_ahead_amount,
        cast(incomplete_amount as decimal(18, 2)) as incomplete_amount,
        cast(other_currency_amount as decimal(18, 2)) as other_currency_amount,
        cast(door_amount as decimal(18, 2)) as door_amount,
        cast(excluded_amount as decimal(18, 2)) as excluded_amount,
        cast(star_amount as decimal(18, 2)) as star_amount

    from compared

)

select * from final
