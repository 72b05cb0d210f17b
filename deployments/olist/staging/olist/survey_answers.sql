with

source as (

    select * from {{ landed('order_reviews') }}

),

orders as (

    select * from {{ landed('orders') }}

),

-- A review names its order and no customer: take the customer of the order.
buyers as (

    select
        order_id,
        max(customer_id) as customer_id

    from orders
    group by order_id

),

final as (

    select
        -- ids
        {{ record_key('order_reviews', 'source') }} as source_id,
        {{ record_key('order_reviews', 'source') }} as response_source_id,
        'order_review' as survey_source_id,
        buyers.customer_id as customer_source_id,
        'olist' as order_system,
        source.order_id as order_source_id,

        -- attributes
        'web' as channel,
        'review_score' as question,
        'csat' as metric,

        -- measures
        1 as scale_min,
        5 as scale_max,
        cast(source.review_score as integer) as answer_value,

        -- times
        {{ utc_from_local('source.review_answer_timestamp') }} as answered_at,

        -- landing
        source._load_date,
        source._source_file,
        source._source_row

    from source
    left join buyers
        on source.order_id = buyers.order_id

)

select * from final
