{{ unioned('surveys', keep_deleted=true) }}
