with

customers as (

    select * from {{ ref('dim_customers') }}

),

customer_values as (

    select * from {{ ref('mart_customer_lifetime_value') }}

),

contacts as (

    select * from {{ ref('customer_360__contacts') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

feedback as (

    select * from {{ ref('customer_360__feedback') }}

),

identities as (

    select * from {{ ref('map_customer_identities') }}

),

counted_cases as (

    select
        customer_id,
        count(*) as case_count,
        count(*) filter (where is_open) as open_case_count,
        max(opened_date) as last_case_date

    from cases
    group by customer_id

),

counted_records as (

    select
        customer_id,
        -- a person may have several records in one system
        count(distinct system) as system_count,
        count(*) as record_count,
        min(confidence) as lowest_link_confidence

    from identities
    group by customer_id

),

final as (

    select
        -- ids
        customers.customer_id,
        customers.customer_key,

        -- profile
        customers.segment,
        customers.region,
        customers.country,
        customers.language,

        -- lifecycle
        customer_values.lifecycle_stage,
        customer_values.rfm_recency_tier as recency_tier,
        customer_values.rfm_frequency_tier as frequency_tier,
        customer_values.rfm_monetary_tier as monetary_tier,
        least(
            {{ local_date('customers.registered_at') }},
            customer_values.first_order_date,
            contacts.first_contact_date
        ) as customer_since_date,

        -- value
        customer_values.order_count,
        customer_values.revenue_amount,
        customer_values.historic_value_amount,
        customer_values.is_margin_assumed,
        customer_values.no_value_reason,
        customer_values.value_tier,
        customer_values.residual_value_amount,
        customer_values.no_order_probability,
        customer_values.contract_renewal_status,
        customer_values.contract_loss_probability,
        customer_values.customer_loss_probability,
        customer_values.no_forecast_reason,
        customer_values.first_order_date,
        customer_values.last_order_date,
        customer_values.days_since_last_order,

        -- contacts
        coalesce(contacts.contact_count, 0) as contact_count,
        coalesce(contacts.contact_count_90_days, 0) as contact_count_90_days,
        contacts.last_contact_at,
        coalesce(contacts.last_contact_channel, 'not_applicable')
            as last_contact_channel,
        coalesce(contacts.last_contact_touchpoint, 'not_applicable')
            as last_contact_touchpoint,
        coalesce(contacts.last_contact_journey_stage, 'not_applicable')
            as last_contact_journey_stage,

        -- cases
        coalesce(counted_cases.case_count, 0) as case_count,
        coalesce(counted_cases.open_case_count, 0) as open_case_count,
        counted_cases.last_case_date,

        -- satisfaction
        feedback.latest_nps_answer,
        feedback.latest_nps_band,
        feedback.latest_nps_survey_type,
        feedback.latest_nps_date,
        feedback.latest_csat_answer,
        feedback.latest_csat_scale_max,
        feedback.latest_csat_date,

        -- identity
        coalesce(counted_records.system_count, 0) as system_count,
        coalesce(counted_records.record_count, 0) as record_count,
        counted_records.lowest_link_confidence,

        -- times
        customer_values.as_of_date

    from customers
    inner join customer_values
        on customers.customer_id = customer_values.customer_id
    left join contacts
        on customers.customer_id = contacts.customer_id
    left join counted_cases
        on customers.customer_id = counted_cases.customer_id
    left join feedback
        on customers.customer_id = feedback.customer_id
    left join counted_records
        on customers.customer_id = counted_records.customer_id
    where customers.is_current

)

select * from final
