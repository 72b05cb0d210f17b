{{ unioned('interactions') }}
