{#- Every day on which a record behind a door happened is in the calendar. -#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customers as (

    select * from {{ ref('int_customers__versioned') }}

),

extents as (

    select
        as_of_date as first_date,
        as_of_date as last_date
    from as_of

    union all

    select
        cast(min(_load_date) as date) as first_date,
        cast(max(_load_date) as date) as last_date
    from customers

    union all

    select
        {{ local_date('min(registered_at)') }} as first_date,
        {{ local_date('max(registered_at)') }} as last_date
    from customers

    {% for entity, time in happened_at().items() if entity != 'payments' -%}
        union all

        select
            {{ local_date('min(' ~ time ~ ')') }} as first_date,
            {{ local_date('max(' ~ time ~ ')') }} as last_date
        from {{ ref('int_' ~ entity ~ '__unioned') }}

    {% endfor %}

),

whole_years as (

    select
        date_trunc('year', min(first_date)) as first_day,
        date_trunc('year', max(last_date))
        + interval 1 year - interval 1 day as last_day
    from extents

),

days as (

    select {{ day_series('first_day', 'last_day') }} as date_day
    from whole_years

),

final as (

    select
        -- ids
        days.date_day,

        -- attributes
        {{ month_start('days.date_day') }} as month_start_date,
        cast(date_trunc('quarter', days.date_day) as date) as quarter_start_date,
        cast(date_trunc('year', days.date_day) as date) as year_start_date,
        cast(date_trunc('week', days.date_day) as date) as week_start_date,
        cast(extract(year from days.date_day) as integer) as year_number,
        cast(extract(quarter from days.date_day) as integer) as quarter_number,
        cast(extract(month from days.date_day) as integer) as month_number,
        cast(extract(day from days.date_day) as integer) as day_of_month,
        cast(extract(isoyear from days.date_day) as integer) as iso_year_number,
        cast(extract(week from days.date_day) as integer) as iso_week_number,
        cast(extract(isodow from days.date_day) as integer) as iso_day_of_week,
        {{ month_name('days.date_day') }} as month_name,
        extract(year from days.date_day) || ' Q' || extract(quarter from days.date_day)
            as quarter_name,
        {{ weekday_name('days.date_day') }} as weekday_name,
        extract(isodow from days.date_day) in (6, 7) as is_weekend,
        as_of.as_of_date is not null as is_as_of

    from days
    left join as_of
        on days.date_day = as_of.as_of_date

)

select * from final
