{{ unioned('survey_answers') }}
