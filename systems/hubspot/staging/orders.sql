with

deal as (

    select * from {{ landed('deal') }}

),

deal_contact as (

    select * from {{ landed('deal_contact') }}

),

deal_pipeline_stage as (

    select * from {{ landed('deal_pipeline_stage') }}

),

merged_deal as (

    select * from {{ landed('merged_deal') }}

),

ranked_contacts as (

    select
        {{ record_id('deal_id') }} as deal_id,
        {{ record_id('contact_id') }} as contact_id,
        coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted,
        row_number() over (
            partition by {{ record_id('deal_id') }}, {{ record_id('contact_id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from deal_contact

),

-- HubSpot knows no primary contact of a deal: the first that was created, as ids rise
placed_contacts as (

    select
        deal_id,
        contact_id,
        row_number() over (
            partition by deal_id
            order by length(contact_id), contact_id
        ) as place
    from ranked_contacts
    where
        recency = 1
        and not is_deleted

),

ranked_stages as (

    select
        {{ record_id('stage_id') }} as stage_id,
        cast(cast(closed_won as varchar) as boolean) as is_won,
        cast(cast(is_closed as varchar) as boolean) as is_closed,
        row_number() over (
            partition by {{ record_key('deal_pipeline_stage') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from deal_pipeline_stage

),

-- the id of a stage is unique over all pipelines of an account
stages as (

    select
        stage_id,
        bool_or(is_won) as is_won,
        bool_or(is_closed) as is_closed
    from ranked_stages
    where recency = 1
    group by stage_id

),

merged as (

    select {{ record_id('merged_deal_id') }} as deal_id
    from merged_deal
    group by {{ record_id('merged_deal_id') }}

),

deals as (

    select
        -- ids
        {{ record_key('deal') }} as source_id,
        {{ record_id('deal_pipeline_stage_id') }} as stage_id,

        -- attributes
        upper(trim(cast(property_deal_currency_code as varchar))) as currency,
        cast(cast(property_hs_is_closed_won as varchar) as boolean) as is_won,
        coalesce(cast(cast(is_deleted as varchar) as boolean), false)
        or coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted,

        -- measures
        cast(property_amount as decimal(18, 2)) as amount,

        -- times
        {{ moment('property_closedate') }} as ordered_at,
        coalesce(
            {{ moment('property_hs_lastmodifieddate') }},
            {{ moment('_fivetran_synced') }}
        ) as updated_at,
        coalesce(
            {{ moment('_fivetran_synced') }}, {{ start_of_day('_load_date') }}
        ) as seen_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from deal

),

judged as (

    select
        deals.*,
        placed_contacts.contact_id,
        coalesce(
            deals.is_won, stages.is_won, deals.stage_id = 'closedwon', false
        ) as is_order,
        coalesce(stages.is_closed, deals.stage_id = 'closedlost', false) as is_closed,
        merged.deal_id is not null as is_merged
    from deals
    left join placed_contacts
        on deals.source_id = placed_contacts.deal_id
        and placed_contacts.place = 1
    left join stages
        on deals.stage_id = stages.stage_id
    left join merged
        on deals.source_id = merged.deal_id

),

final as (

    select
        -- ids
        source_id,
        contact_id as customer_source_id,

        -- attributes
        'won' as order_status,
        currency,
        -- only a deal that is won is an order
        case
            when is_merged then 'merged into another deal'
            when not is_order and is_closed then 'lost deal'
            when not is_order then 'open deal'
            when amount is null then 'won deal without an amount'
            when ordered_at is null then 'won deal without a close date'
        end as excluded_reason,

        -- times
        ordered_at,
        updated_at,
        case when is_deleted then seen_at end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from judged

)

select * from final
