with

customers as (

    select * from {{ ref('int_customers__unioned') }}
    where not {{ identifies_nobody() }}

),

overrides as (

    select
        system,
        {{ record_id('source_id') }} as source_id,
        link_type
    from {{ ref('identity_overrides') }}

),

-- a distinct text is read once: materialized, or the filter would read it twice
phones as materialized (

    select
        phone,
        {{ phone_number('phone') }} as link_value
    from customers
    where phone is not null
    group by phone

),

placeholder_phones as (
    {{ placeholder_phones() }}
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
        external_id as link_value,
        _load_date
    from customers

    union all

    -- what cannot be an address identifies no person
    select
        system,
        source_id,
        'email' as link_type,
        {{ email_address('email') }} as link_value,
        _load_date
    from customers

    union all

    select
        customers.system,
        customers.source_id,
        'phone' as link_type,
        phones.link_value,
        customers._load_date
    from customers
    inner join phones
        on customers.phone = phones.phone

),

first_seen as (

    select
        system,
        source_id,
        link_type,
        link_value,
        min(_load_date) as first_load_date
    from delivered_values
    where link_value is not null
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

judged as (

    select
        shared.*,
        case shared.link_type
            when 'email' then {{ is_placeholder_email('shared.link_value') }}
            when 'phone' then placeholder_phones.link_value is not null
            else {{ is_placeholder_id('shared.link_value') }}
        end as is_placeholder
    from shared
    left join placeholder_phones
        on shared.link_value = placeholder_phones.link_value

),

final as (

    select
        -- ids
        judged.system,
        judged.source_id,

        -- attributes
        judged.link_type,
        judged.link_value,
        case
            when overrides.link_type is not null then 'override'
            when judged.is_placeholder then 'placeholder'
            when
                judged.link_type <> 'external_id'
                and judged.first_load_date >= judged.common_since_date
                then 'shared by too many people'
        end as ignored_reason,

        -- measures
        judged.people_count,

        -- times
        judged.first_load_date

    from judged
    left join overrides
        on judged.system = overrides.system
        and judged.source_id = overrides.source_id
        and judged.link_type = overrides.link_type

)

select * from final
