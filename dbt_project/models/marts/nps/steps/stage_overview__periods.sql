with

scores as (

    select * from {{ ref('stage_overview__scores') }}

),

responses as (

    select * from {{ ref('stage_overview__responses') }}

),

contacts as (

    select * from {{ ref('stage_overview__contacts') }}

),

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

-- a group with contacts and no answers is a row too, and the other way round
groups as (

    select
        period_type,
        period_start_date,
        segment,
        journey_stage
    from scores

    union

    select
        period_type,
        period_start_date,
        segment,
        journey_stage
    from responses

    union

    select
        period_type,
        period_start_date,
        segment,
        journey_stage
    from contacts

),

joined as (

    select
        groups.*,
        periods.is_complete,
        periods.is_complete
        and {{ days_between('periods.period_end_date', 'as_of.as_of_date') }}
        > {{ var('value_horizon_days') }} as is_observed,
        coalesce(contacts.contact_count, 0) as contact_count,
        coalesce(contacts.contacted_customer_count, 0) as contacted_customer_count,
        coalesce(contacts.repurchased_customer_count, 0) as repurchased_customer_count,
        coalesce(responses.delivered_count, 0) as delivered_count,
        coalesce(responses.responded_count, 0) as responded_count,
        coalesce(scores.nps_answer_count, 0) as nps_answer_count,
        coalesce(scores.nps_sum, 0) as nps_sum,
        coalesce(scores.nps_square_sum, 0) as nps_square_sum,
        coalesce(scores.csat_answer_count, 0) as csat_answer_count,
        coalesce(scores.csat_sum, 0) as csat_sum,
        coalesce(scores.ces_answer_count, 0) as ces_answer_count,
        coalesce(scores.ces_sum, 0) as ces_sum,
        coalesce(scores.ces_square_sum, 0) as ces_square_sum
    from groups
    cross join as_of
    inner join periods
        on groups.period_type = periods.period_type
        and groups.period_start_date = periods.period_start_date
    left join scores
        on groups.period_type = scores.period_type
        and groups.period_start_date = scores.period_start_date
        and groups.segment = scores.segment
        and groups.journey_stage = scores.journey_stage
    left join responses
        on groups.period_type = responses.period_type
        and groups.period_start_date = responses.period_start_date
        and groups.segment = responses.segment
        and groups.journey_stage = responses.journey_stage
    left join contacts
        on groups.period_type = contacts.period_type
        and groups.period_start_date = contacts.period_start_date
        and groups.segment = contacts.segment
        and groups.journey_stage = contacts.journey_stage

),

-- whether customers ordered again is known once the horizon has passed
observed as (

    select
        *,
        case when is_observed then contacted_customer_count else 0 end
            as observed_customer_count
    from joined

),

with_base_status as (

    select
        *,
        {{ base_status('nps_answer_count') }} as nps_base_status,
        {{ base_status('csat_answer_count') }} as csat_base_status,
        {{ base_status('ces_answer_count') }} as ces_base_status,
        {{ base_status('observed_customer_count') }} as repurchase_base_status,
        {{ promoters('nps_sum', 'nps_square_sum') }} as promoter_count,
        {{ detractors('nps_sum', 'nps_square_sum') }} as detractor_count
    from observed

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        segment,
        journey_stage,

        -- attributes
        is_complete,
        nps_base_status,
        csat_base_status,
        ces_base_status,
        repurchase_base_status,

        -- measures
        contact_count,
        delivered_count,
        responded_count,
        {{ rate('responded_count', 'delivered_count') }} as response_rate,
        nps_answer_count,
        nps_sum,
        {{ where_shown(
            nps('promoter_count', 'detractor_count', 'nps_answer_count'),
            'decimal(7, 4)', 'nps_base_status'
        ) }} as nps,
        {{ where_shown(
            nps_low('promoter_count', 'detractor_count', 'nps_answer_count'),
            'decimal(7, 4)', 'nps_base_status'
        ) }} as nps_low,
        {{ where_shown(
            nps_high('promoter_count', 'detractor_count', 'nps_answer_count'),
            'decimal(7, 4)', 'nps_base_status'
        ) }} as nps_high,
        csat_answer_count,
        csat_sum,
        {{ where_shown(
            rate('csat_sum', 'csat_answer_count'), 'decimal(7, 6)', 'csat_base_status'
        ) }} as csat_rate,
        {{ where_shown(
            share_low('csat_sum', 'csat_answer_count'),
            'decimal(7, 6)', 'csat_base_status'
        ) }} as csat_rate_low,
        {{ where_shown(
            share_high('csat_sum', 'csat_answer_count'),
            'decimal(7, 6)', 'csat_base_status'
        ) }} as csat_rate_high,
        ces_answer_count,
        ces_sum,
        ces_square_sum,
        {{ where_shown(
            'ces_sum / cast(ces_answer_count as double)',
            'decimal(7, 4)', 'ces_base_status'
        ) }} as ces_mean,
        {{ where_shown(
            mean_low('ces_sum', 'ces_square_sum', 'ces_answer_count', 1, 7),
            'decimal(7, 4)', 'ces_base_status'
        ) }} as ces_mean_low,
        {{ where_shown(
            mean_high('ces_sum', 'ces_square_sum', 'ces_answer_count', 1, 7),
            'decimal(7, 4)', 'ces_base_status'
        ) }} as ces_mean_high,
        contacted_customer_count,
        observed_customer_count,
        repurchased_customer_count,
        {{ where_shown(
            rate('repurchased_customer_count', 'observed_customer_count'),
            'decimal(7, 6)', 'repurchase_base_status'
        ) }} as repurchase_rate,
        {{ where_shown(
            share_low('repurchased_customer_count', 'observed_customer_count'),
            'decimal(7, 6)', 'repurchase_base_status'
        ) }} as repurchase_rate_low,
        {{ where_shown(
            share_high('repurchased_customer_count', 'observed_customer_count'),
            'decimal(7, 6)', 'repurchase_base_status'
        ) }} as repurchase_rate_high

    from with_base_status

)

select * from final
