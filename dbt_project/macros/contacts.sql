{#
    E-mail addresses and phone numbers in one notation, and the placeholders among them. Identity links records by
    what these macros return.
#}

{# An e-mail address as it is compared: composed Unicode, lower case, no invisible characters; null where it is none. #}
{% macro email_address(column) -%}
    {%- set visible = "regexp_replace(" ~ column ~ ", '[\\p{Cf}\\p{Cc}]', '', 'g')" -%}
    {%- set address = "lower(nfc_normalize(regexp_replace(" ~ visible ~ ", '^[\\p{Z}<]+|[\\p{Z}>;,.]+$', '', 'g')))" -%}
    nullif(
            regexp_extract({{ address }}, '^[^@\pZ]+@[^@\pZ]+\.[^@.\pZ]+$'), ''
        )
{%- endmacro %}

{# A phone number in E.164 (orchestration/identity/contacts.py); null where it identifies no line. In tables only. #}
{% macro phone_number(column) -%}
    phone_number({{ column }}, '{{ var("country_calling_code") }}')
{%- endmacro %}

{#
    Whether a customer record is a placeholder: its id is the hash of its e-mail address, and that is a placeholder or no
    address; or the deployment lists the id as a placeholder (`till:9999`). Such a record is no customer: what refers to it
    belongs to the unknown customer, or all who paid at one till would become one customer.
#}
{% macro identifies_nobody() -%}
    coalesce(
            (
                source_id = md5(lower(trim(email)))
                and (
                    {{ email_address('email') }} is null
                    or {{ is_placeholder_email(email_address('email')) }}
                )
            )
            or lower(system || ':' || source_id) in ('{{ var('placeholders') | map('replace', "'", "''") | join("', '") }}'),
            false
        )
{%- endmacro %}

{# Whether a normalised address is a placeholder: the address itself, its mailbox (`noreply@`) or its domain (`@till.example`). #}
{% macro is_placeholder_email(address) -%}
    {%- set listed = "'" ~ placeholders() | join("', '") ~ "'" -%}
    (
                {{ address }} in ({{ listed }})
                or split_part({{ address }}, '@', 1) || '@' in ({{ listed }})
                or '@' || split_part({{ address }}, '@', 2) in ({{ listed }})
            )
{%- endmacro %}

{# Whether the id after the system's name (crm:NULL) stands for no id. #}
{% macro is_placeholder_id(column) -%}
    (
                lower({{ column }}) in ('{{ placeholders() | join("', '") }}')
                or lower(split_part({{ column }}, ':', -1)) in (
                    'null', 'none', 'nil', 'nan', 'n/a', 'na', '#n/a', 'undefined', 'unknown', '-', '?', '0', '-1'
                )
            )
{%- endmacro %}

{# The phone numbers among the placeholders of the deployment, one row each. #}
{% macro placeholder_phones() -%}
{%- for value in var('placeholders') if '@' not in value %}
    select {{ phone_number("'" ~ value | replace("'", "''") ~ "'") }} as link_value

    union
{% endfor %}
    select cast(null as varchar) as link_value
    where false
{%- endmacro %}

{# The placeholders of the deployment (`identity: placeholders`) and those of all deployments, as SQL text. #}
{% macro placeholders() -%}
    {%- set own = [] -%}
    {%- for value in var('placeholders') -%}
        {%- do own.append(value | lower | replace("'", "''")) -%}
    {%- endfor -%}
    {{ return(own + [
        'noreply@', 'no-reply@', 'no_reply@', 'no.reply@', 'donotreply@', 'do-not-reply@',
        'noemail@', 'no-email@', 'no_email@', 'no.email@', 'nomail@', 'no-mail@', 'keinemail@', 'keine-email@', 'keine@',
        'none@', 'null@', 'unknown@', 'unbekannt@', 'undefined@', 'anonymous@', 'anonym@', 'nobody@',
        'guest@', 'gast@', 'walkin@', 'walk-in@', 'walk.in@', 'laufkunde@', 'laufkundschaft@', 'barverkauf@',
        'till@', 'pos@', 'kasse@', 'cashier@', 'cashdesk@', 'checkout@',
        'test@test.com', 'test@test.de', 'test@example.com', 'a@a.com', 'a@a.de', 'aa@aa.com', 'x@x.com', 'x@x.de',
        'abc@abc.com', 'asdf@asdf.com', 'xxx@xxx.com', 'email@email.com', 'mail@mail.com', 'name@domain.com',
        'user@example.com', 'you@example.com', 'email@example.com', 'name@example.com',
    ]) }}
{%- endmacro %}
