"""The ``cx360`` command: what a person types and what the terminal shows. No rule lives here."""
