with

source as (

    select * from {{ landed('responses') }}

),

answers as (

    select
        *,
        {{ json_elements('answers') }} as answer

    from source

),

final as (

    select
        -- ids
        {{ record_key('responses') }}
        || '-' || {{ json_text('answer', 'question') }} as source_id,
        response_id as response_source_id,
        invitation_id as invitation_source_id,
        survey_id as survey_source_id,
        contact_id as customer_source_id,
        case when order_number is not null then 'shop' end as order_system,
        order_number as order_source_id,

        -- attributes
        channel,
        {{ json_text('answer', 'question') }} as question,
        {{ json_text('answer', 'metric') }} as metric,

        -- measures
        cast({{ json_text('answer', 'scale_min') }} as integer) as scale_min,
        cast({{ json_text('answer', 'scale_max') }} as integer) as scale_max,
        cast({{ json_text('answer', 'value') }} as integer) as answer_value,

        -- times
        {{ utc('submitted_at') }} as answered_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from answers

)

select * from final
