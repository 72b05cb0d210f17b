with

customers as (

    select * from {{ ref('int_customers__unioned') }}

),

overrides as (

    select * from {{ ref('identity_overrides') }}

),

phones as (

    select
        system,
        source_id,
        {{ digits('phone') }} as phone_digits,
        trim(phone) like '+%' as is_international,
        _load_date
    from customers

),

-- a record is its own external id, so that a record that names it shares a value with it
delivered_values as (

    select
        system,
        source_id,
        'external_id' as link_type,
        system || ':' || source_id as link_value,
        _load_date
    from customers

    union all

    select
        system,
        source_id,
        'external_id' as link_type,
        trim(external_id) as link_value,
        _load_date
    from customers

    union all

    select
        system,
        source_id,
        'email' as link_type,
        lower(trim(email)) as link_value,
        _load_date
    from customers
    -- what cannot be an address identifies no person
    where lower(trim(email)) like '%_@_%._%'

    union all

    select
        system,
        source_id,
        'phone' as link_type,
        case
            when is_international then '+' || phone_digits
            when phone_digits like '00%' then '+' || substr(phone_digits, 3)
            when phone_digits like '0%'
                then '+{{ var("country_calling_code") }}' || substr(phone_digits, 2)
            else '+{{ var("country_calling_code") }}' || phone_digits
        end as link_value,
        _load_date
    from phones
    -- extensions and placeholders identify no person
    where length(phone_digits) >= 8

),

first_seen as (

    select
        system,
        source_id,
        link_type,
        link_value,
        min(_load_date) as first_load_date
    from delivered_values
    where link_value is not null and link_value <> ''
    group by system, source_id, link_type, link_value

),

-- within one system every record is one person: the records with a value
-- up to a night are the people that share it
counted as (

    select
        *,
        count(*) over (
            partition by link_type, link_value, system
            order by first_load_date
            range between unbounded preceding and current row
        ) as people_count
    from first_seen

),

-- a value links until the night on which it becomes common; earlier links stay,
-- so that no night splits a customer
shared as (

    select
        *,
        min(
            case
                when people_count > {{ var('max_people_per_value') }}
                    then first_load_date
            end
        ) over (partition by link_type, link_value) as common_since_date
    from counted

),

final as (

    select
        -- ids
        shared.system,
        shared.source_id,

        -- attributes
        shared.link_type,
        shared.link_value,
        case
            when overrides.link_type is not null then 'override'
            when
                shared.link_type <> 'external_id'
                and shared.first_load_date >= shared.common_since_date
                then 'shared by too many people'
        end as ignored_reason,

        -- measures
        shared.people_count,

        -- times
        shared.first_load_date

    from shared
    left join overrides
        on shared.system = overrides.system
        and shared.source_id = overrides.source_id
        and shared.link_type = overrides.link_type

)

select * from final
