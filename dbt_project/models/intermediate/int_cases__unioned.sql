{{ unioned('cases') }}
