{{ unioned('acquisitions') }}
