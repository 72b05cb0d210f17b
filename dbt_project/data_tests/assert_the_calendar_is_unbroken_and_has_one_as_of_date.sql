-- A failing row is a calendar that lacks a day between its first and its last, or has
-- not exactly one as-of date.
{{ config(meta={'dagster': {'ref': {'name': 'dim_dates'}}}) }}
with

dates as (

    select * from {{ ref('dim_dates') }}

),

counted as (

    select
        count(*) as day_count,
        count(*) filter (where is_as_of) as as_of_count,
        min(date_day) as first_day,
        max(date_day) as last_day
    from dates

),

final as (

    select * from counted
    where
        as_of_count <> 1
        or day_count <> 1 + {{ days_between('first_day', 'last_day') }}

)

select * from final
