with

source as (

    select * from {{ landed('replies') }}

),

-- a reply has a column per question, empty if the study does not ask it
answers as (

    select
        *,
        'recommendation' as question,
        'nps' as metric,
        0 as scale_min,
        10 as scale_max,
        recommendation as answer_value
    from source

    union all

    select
        *,
        'satisfaction' as question,
        'csat' as metric,
        1 as scale_min,
        5 as scale_max,
        satisfaction as answer_value
    from source

    union all

    select
        *,
        'effort' as question,
        'ces' as metric,
        1 as scale_min,
        7 as scale_max,
        effort as answer_value
    from source

),

final as (

    select
        -- ids
        {{ record_key('replies') }} || '-' || question as source_id,
        request as response_source_id,
        request as invitation_source_id,
        study as survey_source_id,
        panelist as customer_source_id,
        case when purchase_no is not null then 'outlet' end as order_system,
        purchase_no as order_source_id,

        -- attributes
        via as channel,
        question,
        metric,

        -- measures
        scale_min,
        scale_max,
        cast(answer_value as integer) as answer_value,

        -- times
        {{ utc('replied') }} as answered_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from answers
    where answer_value is not null

)

select * from final
