{{ unioned('orders') }}
