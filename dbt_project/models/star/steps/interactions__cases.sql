with

interactions as (

    select * from {{ ref('interactions__placed') }}
    where case_key <> {{ unknown_key() }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

about_cases as (

    select
        interactions.interaction_key,
        interactions.case_key,
        interactions.customer_id,
        interactions.occurred_at,
        cases.reason,
        cases.resolved_at,
        cases.reopened_at,
        interactions.customer_id <> {{ unknown_key() }}
        and cases.reason <> 'unknown' as is_comparable,
        coalesce(
            not cases.is_open and interactions.occurred_at <= cases.resolved_at, false
        ) as is_before_resolution
    from interactions
    inner join cases
        on interactions.case_key = cases.case_key

),

followed as (

    select
        *,
        lag(case_key) over issues as previous_case_key,
        lag(occurred_at) over issues as previous_occurred_at,
        row_number() over (
            partition by case_key, is_before_resolution
            order by occurred_at desc, interaction_key desc
        ) as number_from_last
    from about_cases
    window issues as (
        partition by customer_id, reason
        order by occurred_at, interaction_key
    )

),

final as (

    select
        -- ids
        interaction_key,

        -- attributes
        case
            when is_comparable
                then coalesce(
                    occurred_at
                    <= previous_occurred_at
                    + interval {{ var('first_contact_days') }} day
                    and (
                        case_key <> previous_case_key
                        or occurred_at > resolved_at
                        or occurred_at >= reopened_at
                    ),
                    false
                )
        end as is_same_issue_repeat,
        is_before_resolution and number_from_last = 1 as is_resolved

    from followed

)

select * from final
