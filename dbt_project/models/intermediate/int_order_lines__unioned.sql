{{ unioned('order_lines') }}
