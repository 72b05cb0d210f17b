"""Errors for the person who must fix them."""


class PipelineError(Exception):
    """Something a person must mend: the message says what, where, why and what to do."""


class InfrastructureError(PipelineError):
    """The pipeline or its machine failed, and nothing was learned of the data: the same again may succeed."""
