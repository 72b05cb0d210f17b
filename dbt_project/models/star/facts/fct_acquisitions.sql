with

acquisitions as (

    select * from {{ ref('int_acquisitions__unioned') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['acquisitions.system', 'acquisitions.source_id']) }}
            as acquisition_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        case
            when
                acquisitions.acquired_by = 'referral'
                and referrers.customer_id is not null
                then referrers.customer_id
            else {{ unknown_key() }}
        end as referrer_customer_id,
        {{ local_date('acquisitions.acquired_at') }} as acquired_date,
        acquisitions.system,
        acquisitions.source_id,

        -- attributes
        case
            when acquisitions.acquired_by in ('referral', 'campaign')
                then acquisitions.acquired_by
            else 'unknown'
        end as acquired_by,
        acquisitions.campaign,

        -- times
        acquisitions.acquired_at

    from acquisitions
    left join identities
        on acquisitions.system = identities.system
        and acquisitions.customer_source_id = identities.source_id
    left join identities as referrers
        on acquisitions.system = referrers.system
        and acquisitions.referrer_source_id = referrers.source_id
    left join customers
        on identities.customer_id = customers.customer_id
        and acquisitions.acquired_at >= customers.valid_from
        and acquisitions.acquired_at < customers.valid_to

)

select * from final
