{{ unioned('products', keep_deleted=true) }}
