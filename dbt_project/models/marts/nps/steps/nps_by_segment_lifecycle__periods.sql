with

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

priors as (

    select * from {{ ref('nps_shrinkage__priors') }}

),

counted as (

    select
        period_type,
        period_start_date,
        is_complete,
        segment,
        lifecycle_stage,
        count(*) filter (where is_counted) as answer_count,
        count(*) filter (where is_counted and nps_band = 'promoter') as promoter_count,
        count(*) filter (where is_counted and nps_band = 'passive') as passive_count,
        count(*) filter (where is_counted and nps_band = 'detractor')
            as detractor_count,
        count(*) filter (where not is_valid) as invalid_count,
        count(*) filter (where is_valid and not is_counted) as superseded_count,
        coalesce(sum(nps_value) filter (where is_counted), 0) as nps_sum

    from answers
    where
        metric = 'nps'
        and survey_type = 'relational'
    group by
        period_type,
        period_start_date,
        is_complete,
        segment,
        lifecycle_stage

),

with_prior as (

    select
        counted.*,
        priors.prior_answer_count,
        priors.prior_mean,
        priors.answer_variance,
        priors.cell_variance,
        priors.upper_cell_variance,
        priors.concentration,
        {{ base_status('counted.answer_count') }} as base_status

    from counted
    left join priors
        on counted.period_type = priors.period_type
        and counted.period_start_date = priors.period_start_date
        and priors.survey_type = 'relational'
        and priors.stage_kind = 'lifecycle_stage'

),

with_shrunk as (

    select
        *,
        {{ own_weight('answer_count', 'cell_variance') }} as own_weight,
        {{ nps_shrunk('nps_sum', 'answer_count') }} as shrunk,
        {{ z_95() }} * {{ nps_shrunk_error('answer_count') }} as shrunk_margin

    from with_prior

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        segment,
        lifecycle_stage,

        -- attributes
        is_complete,
        base_status,

        -- measures
        answer_count,
        promoter_count,
        passive_count,
        detractor_count,
        invalid_count,
        superseded_count,
        cast(nps_sum as bigint) as nps_sum,
        {{ where_shown(
            nps('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps,
        {{ where_shown(
            nps_low('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps_low,
        {{ where_shown(
            nps_high('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps_high,
        {{ where_shrunk('shrunk', 'decimal(7, 4)') }} as nps_shrunk,
        {{ where_shrunk('greatest(shrunk - shrunk_margin, -100)', 'decimal(7, 4)') }}
            as nps_shrunk_low,
        {{ where_shrunk('least(shrunk + shrunk_margin, 100)', 'decimal(7, 4)') }}
            as nps_shrunk_high,
        {{ where_shrunk('own_weight', 'decimal(7, 6)') }} as own_answers_weight

    from with_shrunk

)

select * from final
