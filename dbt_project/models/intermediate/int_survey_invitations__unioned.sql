{{ unioned('survey_invitations') }}
