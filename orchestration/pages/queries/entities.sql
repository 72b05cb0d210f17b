-- One row per entity and system: from staged rows to the star.
select
    entity,
    system,
    is_reconciled,
    staged_row_count,
    deduplicated_row_count,
    replaced_row_count,
    deleted_record_count,
    on_purpose_record_count + dated_ahead_record_count + incomplete_record_count + other_currency_record_count
        as left_out_record_count,
    door_record_count,
    excluded_record_count,
    star_record_count
from quality.quality_entity_reconciliation
order by entity, system
limit 60
