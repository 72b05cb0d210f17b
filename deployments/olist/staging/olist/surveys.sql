with

source as (

    select * from {{ landed('order_reviews') }}

),

-- No table lists the one survey: it exists from the first review that landed.
ranked as (

    select
        *,
        row_number() over (
            order by _load_date, _source_file, _source_row
        ) as landing_order

    from source

),

final as (

    select
        -- ids
        'order_review' as source_id,

        -- attributes
        'Order review' as survey_name,
        'transactional' as survey_type,
        'order_review' as touchpoint,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from ranked
    where landing_order = 1

)

select * from final
