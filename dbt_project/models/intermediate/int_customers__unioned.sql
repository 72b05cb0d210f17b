{{ unioned('customers', keep_versions=true) }}
