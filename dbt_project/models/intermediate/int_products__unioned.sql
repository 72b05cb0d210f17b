{{ unioned('products') }}
