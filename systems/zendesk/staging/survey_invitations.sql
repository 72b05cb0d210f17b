with

ratings as (

    select * from {{ landed('satisfaction_rating') }}

),

typed as (

    select
        {{ record_id('ticket_id') }} as source_id,
        {{ record_id('requester_id') }} as customer_source_id,
        lower(trim(cast(score as varchar))) as rating,
        {{ moment('created_at') }} as offered_at,
        {{ moment('updated_at') }} as changed_at,
        _load_date,
        _source_file,
        _source_row

    from ratings

),

-- an offer and the answer to it may be two ratings of a ticket; they are one invitation
first_offers as (

    select
        source_id,
        min(offered_at) as sent_at

    from typed
    where rating <> 'unoffered'
    group by source_id

),

final as (

    select
        -- ids
        typed.source_id,
        'satisfaction' as survey_source_id,
        typed.customer_source_id,

        -- attributes
        case when first_offers.source_id is null then 'not offered' end
            as excluded_reason,

        -- times
        coalesce(first_offers.sent_at, typed.offered_at) as sent_at,
        -- Zendesk reports no bounce: what was offered counts as delivered
        first_offers.sent_at as delivered_at,
        typed.changed_at as updated_at,

        -- landing
        typed._load_date,
        typed._source_file,
        typed._source_row

    from typed
    left join first_offers
        on typed.source_id = first_offers.source_id

)

select * from final
