-- One row per reference with records that refer to unknown ones, over all loads.
select
    system,
    entity,
    reference,
    target_entity,
    sum(row_count) as row_count,
    sum(unresolved_row_count) as unresolved_row_count,
    sum(unresolved_row_count) / nullif(sum(row_count), 0) as unresolved_rate
from quality.quality_references
group by all
having sum(unresolved_row_count) > 0
order by unresolved_rate desc, system, entity, reference
limit 30
