{{ unioned('refunds') }}
