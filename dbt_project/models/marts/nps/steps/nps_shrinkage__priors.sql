with

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

nps_answers as (

    select *
    from answers
    where
        metric = 'nps'
        and is_counted

),

cells as (

    select
        period_type,
        period_start_date,
        survey_type,
        'journey_stage' as stage_kind,
        segment,
        journey_stage as stage_name,
        count(*) as answer_count,
        count(*) filter (where nps_band = 'promoter') as promoter_count,
        count(*) filter (where nps_band = 'detractor') as detractor_count,
        sum(nps_value) as nps_sum

    from nps_answers
    group by period_type, period_start_date, survey_type, segment, journey_stage

    union all

    select
        period_type,
        period_start_date,
        survey_type,
        'lifecycle_stage' as stage_kind,
        segment,
        lifecycle_stage as stage_name,
        count(*) as answer_count,
        count(*) filter (where nps_band = 'promoter') as promoter_count,
        count(*) filter (where nps_band = 'detractor') as detractor_count,
        sum(nps_value) as nps_sum

    from nps_answers
    where survey_type = 'relational'
    group by period_type, period_start_date, survey_type, segment, lifecycle_stage

),

added as (

    select
        period_type,
        period_start_date,
        survey_type,
        stage_kind,
        count(*) as cell_count,
        cast(sum(answer_count) as double) as answer_count,
        cast(sum(nps_sum) as double) as nps_sum,
        sum(promoter_count) as promoter_count,
        sum(detractor_count) as detractor_count,
        sum(power(nps_sum, 2) / answer_count) as cell_square_sum,
        sum(power(answer_count, 2)) as answer_square_sum

    from cells
    group by period_type, period_start_date, survey_type, stage_kind

),

-- three further answers with the variance of all answers: cells of one answer, or
-- of equal answers, have a variance too
within_cells as (

    select
        *,
        (
            promoter_count + detractor_count - cell_square_sum
            + 3 * {{ nps_variance(
                '(promoter_count + 0.75)', '(detractor_count + 0.75)', '(answer_count + 3)'
            ) }}
        ) / (answer_count - cell_count + 3) as answer_variance,
        answer_count - answer_square_sum / answer_count as free_answers

    from added

),

-- the method of moments: what the scores of the cells differ more than by chance
between_cells as (

    select
        *,
        greatest(
            coalesce(
                (
                    cell_square_sum - power(nps_sum, 2) / answer_count
                    - (cell_count - 1) * answer_variance
                ) / nullif(free_answers, 0),
                0
            ),
            0
        ) as cell_variance

    from within_cells

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        survey_type,
        stage_kind,

        -- measures
        cast(answer_count as bigint) as prior_answer_count,
        nps_sum / answer_count as prior_mean,
        answer_variance,
        cell_variance,
        -- one standard error higher: an interval must allow for an estimate of 0
        cell_variance + coalesce(
            sqrt(2.0 / nullif(cell_count - 1, 0)) * (
                cell_variance
                + (cell_count - 1) * answer_variance / nullif(free_answers, 0)
            ),
            0
        ) as upper_cell_variance,
        answer_square_sum / power(answer_count, 2) as concentration

    from between_cells

)

select * from final
