"""Errors with a message for the person who fixes them."""


class PipelineError(Exception):
    """An error that a person must fix: the message says what happened, where, why and what to do."""


class InfrastructureError(PipelineError):
    """The pipeline or its machine failed, independent of the data: a retry may succeed."""
