{#- several attributes make one stratum, joined by a slash -#}
{%- set stratum = var('strata') | join(" || ' / ' || ") -%}
with

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

monthly_answers as (

    select
        *,
        period_start_date as month_start_date,
        {{ stratum }} as stratum

    from answers
    where
        period_type = 'month'
        and metric = 'nps'

),

scores as (

    select
        month_start_date,
        survey_type,
        is_complete

    from monthly_answers
    group by month_start_date, survey_type, is_complete

),

-- the population is the active customers: only their answers count
answered as (

    select
        month_start_date,
        survey_type,
        stratum,
        count(*) filter (where is_counted) as answer_count,
        count(*) filter (where is_counted and nps_band = 'promoter') as promoter_count,
        count(*) filter (where is_counted and nps_band = 'passive') as passive_count,
        count(*) filter (where is_counted and nps_band = 'detractor')
            as detractor_count,
        coalesce(sum(nps_value) filter (where is_counted), 0) as nps_sum

    from monthly_answers
    where {{ is_active_stage('lifecycle_stage') }}
    group by month_start_date, survey_type, stratum

),

population as (

    select
        month_start_date,
        {{ stratum }} as stratum,
        count(*) as customer_count

    from customer_months
    where is_active
    group by month_start_date, {{ stratum }}

),

-- keep strata without answers and strata without active customers
strata as (

    select
        scores.month_start_date,
        scores.survey_type,
        population.stratum

    from scores
    inner join population
        on scores.month_start_date = population.month_start_date

    union distinct

    select
        month_start_date,
        survey_type,
        stratum

    from answered

),

measured as (

    select
        strata.month_start_date,
        strata.survey_type,
        strata.stratum,
        scores.is_complete,
        coalesce(population.customer_count, 0) as customer_count,
        coalesce(answered.answer_count, 0) as answer_count,
        coalesce(answered.promoter_count, 0) as promoter_count,
        coalesce(answered.passive_count, 0) as passive_count,
        coalesce(answered.detractor_count, 0) as detractor_count,
        coalesce(answered.nps_sum, 0) as nps_sum,
        coalesce(answered.answer_count, 0) < {{ var('minimum_base') }} as is_collapsed

    from strata
    inner join scores
        on strata.month_start_date = scores.month_start_date
        and strata.survey_type = scores.survey_type
    left join population
        on strata.month_start_date = population.month_start_date
        and strata.stratum = population.stratum
    left join answered
        on strata.month_start_date = answered.month_start_date
        and strata.survey_type = answered.survey_type
        and strata.stratum = answered.stratum

),

totals as (

    select
        *,
        sum(customer_count) over score as total_customer_count,
        sum(answer_count) over score as total_answer_count,
        coalesce(
            sum(customer_count) filter (where not is_collapsed) over score, 0
        ) as weighed_customer_count

    from measured
    window score as (partition by month_start_date, survey_type)

),

shares as (

    select
        *,
        {{ rate('customer_count', 'total_customer_count') }} as population_rate,
        coalesce(
            customer_count / nullif(cast(total_customer_count as double), 0), 0
        ) as population_share,
        1 - coalesce(
            weighed_customer_count / nullif(cast(total_customer_count as double), 0), 0
        ) as collapsed_share

    from totals

),

-- all answers share the weight of the collapsed strata equally
weighted as (

    select
        *,
        case
            when is_collapsed then collapsed_share
            else
                population_share * total_answer_count / answer_count + collapsed_share
        end as weight

    from shares

),

final as (

    select
        -- grain
        month_start_date,
        survey_type,
        stratum,

        -- attributes
        is_complete,
        is_collapsed,

        -- measures
        cast(customer_count as bigint) as customer_count,
        cast(answer_count as bigint) as answer_count,
        cast(promoter_count as bigint) as promoter_count,
        cast(passive_count as bigint) as passive_count,
        cast(detractor_count as bigint) as detractor_count,
        cast(nps_sum as bigint) as nps_sum,
        population_rate,
        cast(weight as decimal(18, 10)) as weight

    from weighted

)

select * from final
