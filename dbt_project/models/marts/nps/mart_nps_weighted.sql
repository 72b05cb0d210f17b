with

strata as (

    select * from {{ ref('mart_nps_strata') }}

),

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

-- exact decimals: the order of the rows does not change the sums
added as (

    select
        month_start_date,
        survey_type,
        is_complete,
        sum(answer_count) as answer_count,
        sum(promoter_count) as promoter_count,
        sum(detractor_count) as detractor_count,
        sum(nps_sum) as nps_sum,
        sum(customer_count) as active_customer_count,
        sum(weight * answer_count) as weight_sum,
        sum(cast(weight * weight as decimal(28, 10)) * answer_count)
            as weight_square_sum,
        sum(weight * promoter_count) as weighted_promoter_sum,
        sum(weight * detractor_count) as weighted_detractor_sum,
        max(weight) filter (where answer_count > 0) as largest_weight,
        count(*) filter (where is_collapsed) as collapsed_stratum_count,
        {{ listed('stratum') }} filter (where is_collapsed) as collapsed_strata

    from strata
    group by month_start_date, survey_type, is_complete

),

inactive as (

    select
        period_start_date as month_start_date,
        survey_type,
        count(*) filter (
            where is_counted and not {{ is_active_stage('lifecycle_stage') }}
        ) as outside_count

    from answers
    where
        period_type = 'month'
        and metric = 'nps'
    group by period_start_date, survey_type

),

-- Kish's effective sample size: as many answers of equal weight are as precise
effective as (

    select
        added.*,
        inactive.outside_count,
        power(cast(added.weight_sum as double), 2)
        / nullif(cast(added.weight_square_sum as double), 0) as effective_count,
        added.weighted_promoter_sum / nullif(cast(added.weight_sum as double), 0)
            as promoter_share,
        added.weighted_detractor_sum / nullif(cast(added.weight_sum as double), 0)
            as detractor_share

    from added
    left join inactive
        on added.month_start_date = inactive.month_start_date
        and added.survey_type = inactive.survey_type

),

with_base_status as (

    select
        *,
        promoter_share * effective_count as effective_promoters,
        detractor_share * effective_count as effective_detractors,
        {{ base_status('coalesce(effective_count, 0)') }} as base_status

    from effective

),

final as (

    select
        -- grain
        month_start_date,
        survey_type,

        -- attributes
        is_complete,
        base_status,
        collapsed_strata,

        -- measures
        cast(active_customer_count as bigint) as active_customer_count,
        cast(answer_count as bigint) as answer_count,
        cast(outside_count as bigint) as outside_count,
        cast(collapsed_stratum_count as bigint) as collapsed_stratum_count,
        cast(nps_sum as bigint) as nps_sum,
        cast(weighted_promoter_sum - weighted_detractor_sum as decimal(18, 6))
            as weighted_nps_sum,
        cast(weight_sum as decimal(18, 6)) as weight_sum,
        cast(largest_weight as decimal(18, 6)) as largest_weight,
        cast(coalesce(effective_count, 0) as decimal(18, 6)) as effective_answers,
        {{ where_shown(
            nps('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as unweighted_nps,
        {{ where_shown(
            nps('promoter_share', 'detractor_share', '1'), 'decimal(7, 4)'
        ) }} as nps,
        {{ where_shown(
            nps_low('effective_promoters', 'effective_detractors', 'effective_count'),
            'decimal(7, 4)'
        ) }} as nps_low,
        {{ where_shown(
            nps_high('effective_promoters', 'effective_detractors', 'effective_count'),
            'decimal(7, 4)'
        ) }} as nps_high

    from with_base_status

)

select * from final
