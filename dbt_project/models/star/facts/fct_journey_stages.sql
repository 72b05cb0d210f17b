with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

journey_stages as (

    select
        *,
        max(stage_order) over (partition by is_post_purchase) as last_stage_order
    from {{ ref('dim_journey_stages') }}
    where stage_order is not null

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

-- an order enters `purchase` of its journey, also without a contact
entries as (

    select
        customer_id,
        journey_id,
        journey_stage_key,
        channel_key,
        occurred_at as entered_at,
        true as is_contact
    from interactions
    where journey_id is not null

    union all

    select
        customer_id,
        order_key as journey_id,
        {{ surrogate_key(["'purchase'"]) }} as journey_stage_key,
        null as channel_key,
        ordered_at as entered_at,
        false as is_contact
    from orders
    where
        not is_return
        and customer_id <> {{ unknown_key() }}

),

-- a contact at an unknown touchpoint enters no stage
entered as (

    select
        entries.customer_id,
        entries.journey_id,
        entries.journey_stage_key,
        journey_stages.stage_order,
        journey_stages.is_post_purchase,
        journey_stages.last_stage_order,
        min(entries.entered_at) as entered_at,
        max(entries.entered_at) filter (where entries.is_contact) as last_contact_at,
        count(*) filter (where entries.is_contact) as contact_count,
        count(distinct entries.channel_key) filter (
            where entries.channel_key <> {{ unknown_key() }}
        ) as channel_count
    from entries
    inner join journey_stages
        on entries.journey_stage_key = journey_stages.journey_stage_key
    group by
        entries.customer_id,
        entries.journey_id,
        entries.journey_stage_key,
        journey_stages.stage_order,
        journey_stages.is_post_purchase,
        journey_stages.last_stage_order

),

-- stages before and after the purchase are two families: neither leads to the other
exits as (

    select
        entered.customer_id,
        entered.journey_id,
        entered.journey_stage_key,
        min(later.entered_at) as exited_at
    from entered
    inner join entered as later
        on entered.customer_id = later.customer_id
        and entered.journey_id = later.journey_id
        and entered.is_post_purchase = later.is_post_purchase
        and entered.stage_order < later.stage_order
        and entered.entered_at <= later.entered_at
    group by entered.customer_id, entered.journey_id, entered.journey_stage_key

),

aged as (

    select
        entered.*,
        {{ local_date('entered.entered_at') }} as entered_date,
        exits.exited_at,
        {{ days_between(local_date('entered.entered_at'), 'as_of.as_of_date') }}
        > {{ var('journey_days') }} as is_mature
    from entered
    cross join as_of
    left join exits
        on entered.customer_id = exits.customer_id
        and entered.journey_id = exits.journey_id
        and entered.journey_stage_key = exits.journey_stage_key

),

final as (

    select
        -- ids
        {{ surrogate_key([
            'aged.customer_id', 'aged.journey_id', 'aged.journey_stage_key'
        ]) }} as journey_stage_entry_key,
        aged.journey_stage_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        aged.customer_id,
        aged.journey_id,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        aged.entered_date,

        -- attributes
        aged.stage_order,
        aged.is_post_purchase,
        aged.is_mature,
        case
            when aged.exited_at is not null then 'converted'
            when aged.stage_order = aged.last_stage_order then 'completed'
            when aged.is_mature then 'dropped'
            else 'open'
        end as stage_outcome,

        -- measures
        aged.contact_count,
        aged.channel_count,

        -- times
        aged.entered_at,
        aged.last_contact_at,
        aged.exited_at

    from aged
    left join customers
        on aged.customer_id = customers.customer_id
        and aged.entered_at >= customers.valid_from
        and aged.entered_at < customers.valid_to
    left join orders
        on aged.journey_id = orders.order_key

)

select * from final
