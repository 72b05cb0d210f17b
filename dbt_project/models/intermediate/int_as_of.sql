with

profiles as (

    select * from {{ source('landing', 'profiles') }}

),

final as (

    select cast(max(load_date) + interval 1 day as date) as as_of_date
    from profiles

)

select * from final
