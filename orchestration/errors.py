"""Errors for the person who must fix them."""


class PipelineError(Exception):
    """Something a person must mend: the message says what, where, why and what to do."""
