{{ unioned('subscriptions') }}
