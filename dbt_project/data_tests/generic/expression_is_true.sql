-- A failing row is one for which the stated identity does not hold.
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, true)
{% endtest %}
