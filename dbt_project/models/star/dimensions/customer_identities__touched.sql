with

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

fingerprints as (

    select * from {{ ref('int_people__fingerprinted') }}

),

people as (

    select
        coalesce(identities.system, fingerprints.system) as system,
        coalesce(identities.source_id, fingerprints.source_id) as source_id,
        identities.customer_id,
        {{ row_fingerprint(['identities', 'fingerprints']) }} as fingerprint
    from identities
    full join fingerprints
        on identities.system = fingerprints.system
        and identities.source_id = fingerprints.source_id

),

-- as the last build knew them; who had vanished before it is nobody any more
before as (

    {% if is_incremental() -%}
        select * from {{ this }}
        where fingerprint is not null
    {%- else -%}
        select * from people
        where false
    {%- endif %}

),

compared as (

    select
        coalesce(people.system, before.system) as system,
        coalesce(people.source_id, before.source_id) as source_id,
        people.customer_id,
        before.customer_id as previous_customer_id,
        people.fingerprint,
        people.fingerprint is distinct from before.fingerprint as is_changed
    from people
    full join before
        on people.system = before.system
        and people.source_id = before.source_id

),

touched as (

    select customer_id
    from compared
    where is_changed

    union distinct

    select previous_customer_id as customer_id
    from compared
    where is_changed

),

final as (

    select
        -- ids
        compared.system,
        compared.source_id,
        compared.customer_id,
        compared.previous_customer_id,

        -- attributes
        compared.is_changed or touched.customer_id is not null as is_touched,
        compared.fingerprint

    from compared
    left join touched
        on compared.customer_id = touched.customer_id

)

select * from final
