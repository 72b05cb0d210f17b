with

subscriptions as (

    select * from {{ landed('subscription') }}

),

subscription_versions as (

    select * from {{ landed('subscription_history') }}

),

items as (

    select * from {{ landed('subscription_item') }}

),

invoices as (

    select * from {{ landed('invoice') }}

),

landed_lines as (

    select * from {{ landed('invoice_line_item') }}

),

prices as (

    select * from {{ landed('price') }}

),

plans as (

    select * from {{ landed('plan') }}

),

products as (

    select * from {{ landed('product') }}

),

product_names as (

    select
        {{ record_key('product') }} as product_id,
        cast(name as varchar) as product_name
    from products
    qualify row_number() over (
        partition by {{ record_key('product') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

every_price as (

    select
        {{ record_key('price') }} as price_id,
        {{ record_id('product_id') }} as product_id,
        cast(nickname as varchar) as nickname,
        cast(currency as varchar) as currency,
        coalesce(
            cast(unit_amount_decimal as decimal(24, 6)),
            cast(unit_amount as decimal(24, 6))
        ) as unit_amount,
        cast(recurring_interval as varchar) as interval_name,
        cast(cast(recurring_interval_count as double) as integer) as interval_count,
        1 as priority,
        _load_date,
        _source_file,
        _source_row
    from prices

    union all

    select
        {{ record_key('plan') }} as price_id,
        {{ record_id('product_id') }} as product_id,
        cast(nickname as varchar) as nickname,
        cast(currency as varchar) as currency,
        cast(amount as decimal(24, 6)) as unit_amount,
        cast(interval as varchar) as interval_name,
        cast(cast(interval_count as double) as integer) as interval_count,
        2 as priority,
        _load_date,
        _source_file,
        _source_row
    from plans

),

latest_prices as (

    select *
    from every_price
    qualify row_number() over (
        partition by price_id
        order by priority asc, _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

-- a monthly and a yearly price of one product are two plans: their renewals do not compare
named_prices as (

    select
        latest_prices.price_id,
        latest_prices.currency,
        {{ major_units('latest_prices.unit_amount', 'latest_prices.currency') }}
            as unit_amount,
        coalesce(
            latest_prices.nickname, product_names.product_name, latest_prices.price_id
        ) || case
            when latest_prices.interval_name is null then ''
            when latest_prices.interval_count > 1
                then
                    ' (' || latest_prices.interval_count
                    || ' ' || latest_prices.interval_name || 's)'
            else ' (' || latest_prices.interval_name || ')'
        end as plan
    from latest_prices
    left join product_names
        on latest_prices.product_id = product_names.product_id

),

every_item as (

    select
        {{ record_key('subscription_item') }} as item_id,
        {{ record_id('subscription_id') }} as subscription_id,
        coalesce({{ record_id('price_id') }}, {{ record_id('plan_id') }}) as price_id,
        coalesce(cast(quantity as double), 1) as quantity,
        {{ moment('current_period_start') }} as started_at,
        {{ moment('current_period_end') }} as ends_at,
        _load_date,
        _source_file,
        _source_row
    from items

),

-- Stripe's API of 2025 has the current period in the items only
periods_of_items as (

    select
        subscription_id,
        min(started_at) as started_at,
        max(ends_at) as ends_at
    from every_item
    group by subscription_id, _load_date
    qualify row_number() over (
        partition by subscription_id
        order by _load_date desc
    ) = 1

),

every_state as (

    select
        {{ record_key('subscription') }} as subscription_id,
        cast(customer_id as varchar) as customer_id,
        lower(status) as status,
        {{ moment('current_period_start') }} as started_at,
        {{ moment('current_period_end') }} as ends_at,
        {{ moment('start_date') }} as first_started_at,
        {{ moment('trial_end') }} as trial_ends_at,
        {{ moment('ended_at') }} as ended_at,
        pause_collection_behavior is not null as is_paused,
        cast(cast(livemode as varchar) as boolean) as is_live,
        {{ moment('_fivetran_synced') }} as synced_at,
        _load_date,
        _source_file,
        _source_row
    from subscriptions

    union all

    select
        {{ record_id('id') }} as subscription_id,
        cast(customer_id as varchar) as customer_id,
        lower(status) as status,
        {{ moment('current_period_start') }} as started_at,
        {{ moment('current_period_end') }} as ends_at,
        {{ moment('start_date') }} as first_started_at,
        {{ moment('trial_end') }} as trial_ends_at,
        {{ moment('ended_at') }} as ended_at,
        pause_collection_behavior is not null as is_paused,
        cast(cast(livemode as varchar) as boolean) as is_live,
        {{ moment('_fivetran_synced') }} as synced_at,
        _load_date,
        _source_file,
        _source_row
    from subscription_versions

),

states as (

    select
        every_state.* exclude (started_at, ends_at),
        coalesce(every_state.started_at, periods_of_items.started_at) as started_at,
        case
            when every_state.started_at is null then periods_of_items.ends_at
            else every_state.ends_at
        end as ends_at
    from every_state
    left join periods_of_items
        on every_state.subscription_id = periods_of_items.subscription_id

),

latest_states as (

    select *
    from states
    qualify row_number() over (
        partition by subscription_id
        order by
            synced_at desc nulls last,
            _load_date desc,
            _source_file desc,
            _source_row desc
    ) = 1

),

period_states as (

    select *
    from states
    where started_at is not null
    qualify row_number() over (
        partition by subscription_id, started_at
        order by
            synced_at desc nulls last,
            _load_date desc,
            _source_file desc,
            _source_row desc
    ) = 1

),

-- the items as they were when the period was last delivered: a change of plan within a
-- period counts from the next one on
items_of_periods as (

    select
        period_states.subscription_id,
        period_states.started_at,
        every_item.price_id,
        every_item.quantity
    from period_states
    inner join every_item
        on period_states.subscription_id = every_item.subscription_id
        and period_states._load_date >= every_item._load_date
    where
        every_item.ends_at is null
        or every_item.ends_at > period_states.started_at
    qualify row_number() over (
        partition by
            period_states.subscription_id,
            period_states.started_at,
            every_item.item_id
        order by
            every_item._load_date desc,
            every_item._source_file desc,
            every_item._source_row desc
    ) = 1

),

-- a price without an amount, such as one in tiers, is known from invoices only
listed as (

    select
        items_of_periods.subscription_id,
        items_of_periods.started_at,
        string_agg(
            distinct coalesce(named_prices.plan, items_of_periods.price_id),
            ' + ' order by coalesce(named_prices.plan, items_of_periods.price_id)
        ) as plan,
        max(named_prices.currency) as currency,
        case
            when count(named_prices.unit_amount) = count(*)
                then sum(named_prices.unit_amount * items_of_periods.quantity)
        end as period_amount
    from items_of_periods
    left join named_prices
        on items_of_periods.price_id = named_prices.price_id
    group by items_of_periods.subscription_id, items_of_periods.started_at

),

latest_invoices as (

    select
        {{ record_key('invoice') }} as invoice_id,
        cast(customer_id as varchar) as customer_id,
        lower(status) as status,
        coalesce(
            cast(cast(is_deleted as varchar) as boolean), false
        ) as is_deleted,
        cast(cast(livemode as varchar) as boolean) as is_live,
        coalesce(
            {{ major_units('total_excluding_tax', 'currency') }},
            {{ major_units('total', 'currency') }}
            - coalesce({{ major_units('tax', 'currency') }}, 0)
        ) as net_amount
    from invoices
    qualify row_number() over (
        partition by {{ record_key('invoice') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

-- distinct: an item has landed once for every change
subscriptions_of_items as (

    select distinct
        item_id,
        subscription_id
    from every_item

),

invoice_lines as (

    select
        *,
        {{ record_id('subscription_item_id') }} as item_code
    from landed_lines

),

every_line as (

    select
        {{ record_key('invoice_line_item', 'invoice_lines') }} as line_id,
        {{ record_id('invoice_lines.invoice_id') }} as invoice_id,
        coalesce(
            {{ record_id('invoice_lines.subscription_id') }},
            subscriptions_of_items.subscription_id
        ) as subscription_id,
        coalesce(
            {{ record_id('invoice_lines.price_id') }},
            {{ record_id('invoice_lines.plan_id') }}
        ) as price_id,
        cast(invoice_lines.currency as varchar) as currency,
        {{ major_units('invoice_lines.amount', 'invoice_lines.currency') }} as amount,
        {{ moment('invoice_lines.period_start') }} as started_at,
        {{ moment('invoice_lines.period_end') }} as ends_at,
        coalesce(
            cast(cast(invoice_lines.proration as varchar) as boolean), false
        ) as is_proration,
        coalesce(lower(cast(invoice_lines.type as varchar)), 'subscription')
            as line_type,
        invoice_lines._load_date,
        invoice_lines._source_file,
        invoice_lines._source_row
    from invoice_lines
    left join subscriptions_of_items
        on invoice_lines.item_code = subscriptions_of_items.item_id

),

latest_lines as (

    select *
    from every_line
    qualify row_number() over (
        partition by line_id
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

-- net of coupons and taxes, as in order_lines
rated_lines as (

    select
        latest_lines.*,
        latest_invoices.customer_id,
        latest_invoices.status,
        latest_invoices.is_live,
        coalesce(latest_invoices.is_deleted, false) as is_deleted,
        coalesce(cast(latest_invoices.net_amount as double) / nullif(
            sum(latest_lines.amount) over (partition by latest_lines.invoice_id), 0
        ), 1) as net_rate
    from latest_lines
    left join latest_invoices
        on latest_lines.invoice_id = latest_invoices.invoice_id

),

-- prorations settle a change within a period and are no period of their own; an invoice
-- that is given up, as during a pause of collection, is a period at no price
billed as (

    select
        rated_lines.subscription_id,
        rated_lines.started_at,
        max(rated_lines.ends_at) as ends_at,
        max(rated_lines.customer_id) as customer_id,
        bool_and(rated_lines.is_live) as is_live,
        bool_or(rated_lines.status = 'paid') as is_paid,
        max(rated_lines.currency) as currency,
        string_agg(
            distinct coalesce(named_prices.plan, rated_lines.price_id),
            ' + ' order by coalesce(named_prices.plan, rated_lines.price_id)
        ) as plan,
        sum(
            case
                when rated_lines.status in ('void', 'uncollectible') then 0
                else rated_lines.amount * rated_lines.net_rate
            end
        ) as period_amount
    from rated_lines
    left join named_prices
        on rated_lines.price_id = named_prices.price_id
    where
        rated_lines.subscription_id is not null
        and rated_lines.started_at is not null
        and rated_lines.line_type = 'subscription'
        and not rated_lines.is_proration
        and not rated_lines.is_deleted
    group by rated_lines.subscription_id, rated_lines.started_at

),

-- every period that an invoice or a version of the subscription names
known_periods as (

    select
        coalesce(period_states.subscription_id, billed.subscription_id)
            as subscription_id,
        coalesce(period_states.started_at, billed.started_at) as started_at,
        coalesce(billed.ends_at, period_states.ends_at) as ends_at,
        coalesce(period_states.customer_id, billed.customer_id) as customer_id,
        coalesce(billed.is_live, period_states.is_live) as is_live,
        billed.currency,
        billed.plan,
        billed.period_amount,
        billed.subscription_id is not null as is_billed,
        coalesce(billed.is_paid, false) as is_paid,
        coalesce(
            period_states.is_paused or period_states.status = 'paused', false
        ) as is_paused,
        coalesce(
            period_states.status = 'trialing'
            or period_states.ends_at <= period_states.trial_ends_at, false
        ) as is_trial
    from period_states
    full outer join billed
        on period_states.subscription_id = billed.subscription_id
        and period_states.started_at = billed.started_at

),

priced as (

    select
        known_periods.subscription_id,
        known_periods.started_at,
        known_periods.ends_at as full_ends_at,
        latest_states.ended_at,
        latest_states.first_started_at,
        latest_states.status,
        known_periods.is_live,
        coalesce(latest_states.customer_id, known_periods.customer_id) as customer_id,
        coalesce(known_periods.plan, listed.plan) as plan,
        coalesce(known_periods.currency, listed.currency) as currency,
        case
            when known_periods.is_paused and not known_periods.is_paid then 0
            when known_periods.is_billed then known_periods.period_amount
            when known_periods.is_trial then 0
            else listed.period_amount
        end as full_amount
    from known_periods
    left join latest_states
        on known_periods.subscription_id = latest_states.subscription_id
    left join listed
        on known_periods.subscription_id = listed.subscription_id
        and known_periods.started_at = listed.started_at

),

-- a subscription that ends within a period ends the period, and keeps its monthly price
shortened as (

    select
        *,
        least(full_ends_at, coalesce(ended_at, full_ends_at)) as ends_at,
        case
            when status in ('incomplete', 'incomplete_expired')
                then 'subscription_never_started'
            when not is_live then 'test_mode'
            when ended_at <= started_at then 'period_after_the_end'
        end as excluded_reason,
        case
            when ended_at < full_ends_at and ended_at > started_at
                then
                    full_amount * date_diff('second', started_at, ended_at)
                    / nullif(date_diff('second', started_at, full_ends_at), 0)
            else full_amount
        end as period_amount
    from priced

),

-- periods before the first delivered one, by its length
numbered as (

    select
        *,
        row_number() over (
            partition by subscription_id, excluded_reason is null
            order by started_at
        ) + greatest(
            coalesce(cast(round(
                date_diff(
                    'second',
                    first_started_at,
                    first_value(started_at) over (
                        partition by subscription_id
                        order by started_at
                    )
                ) / nullif(cast(date_diff(
                    'second',
                    first_value(started_at) over (
                        partition by subscription_id
                        order by started_at
                    ),
                    first_value(full_ends_at) over (
                        partition by subscription_id
                        order by started_at
                    )
                ) as double), 0)
            ) as integer), 0), 0
        ) as period_number
    from shortened

),

-- one row per landed row of the subscription tables, and per invoice line of a period
sources as (

    select
        subscription_id,
        started_at,
        _load_date,
        _source_file,
        _source_row
    from states

    union all

    select
        subscription_id,
        started_at,
        _load_date,
        _source_file,
        _source_row
    from every_line
    where
        subscription_id is not null
        and started_at is not null
        and line_type = 'subscription'
        and not is_proration

),

final as (

    select
        -- ids
        sources.subscription_id || coalesce(
            '-' || cast(cast(epoch(sources.started_at) as bigint) as varchar), ''
        ) as source_id,
        sources.subscription_id as subscription_source_id,
        numbered.customer_id as customer_source_id,

        -- attributes
        numbered.plan,
        upper(trim(numbered.currency)) as currency,
        case
            when numbered.subscription_id is null then 'period_not_known'
            else numbered.excluded_reason
        end as excluded_reason,

        -- measures
        cast(numbered.period_number as integer) as period_number,
        cast(round(numbered.period_amount, 2) as decimal(18, 2)) as period_amount,

        -- times
        numbered.started_at,
        numbered.ends_at,

        -- landing
        sources._load_date,
        sources._source_file,
        sources._source_row

    from sources
    left join numbered
        on sources.subscription_id = numbered.subscription_id
        and sources.started_at = numbered.started_at

)

select * from final
