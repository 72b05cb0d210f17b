"""Refuses secrets in a deployment's file: values that look like one, by key or URL.

Keep out how a secret is named (``settings.Secret``).
"""

from __future__ import annotations

import re

from orchestration.base.errors import PipelineError

_SECRET_KEY = re.compile(r"(password|passwd|secret|token|api_?key|credential|private_key)s?$", re.IGNORECASE)
_SECRET_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")


def refuse_secrets(name: str, settings: object, *where: str) -> None:
    """Refuse values that look like secrets; a file names the environment variable instead: ``{env: NAME}``.

    Raises:
        PipelineError: the message names the key, never the value.
    """
    if isinstance(settings, dict):
        for key, value in settings.items():
            refuse_secrets(name, value, *where, str(key))
    elif isinstance(settings, list):
        for position, value in enumerate(settings):
            refuse_secrets(name, value, *where, str(position))
    elif settings is not None and where:
        is_secret = _SECRET_KEY.search(where[-1]) or (isinstance(settings, str) and _SECRET_IN_URL.search(settings))
        if is_secret:
            raise PipelineError(
                f"{name} has invalid settings:\n  {'.'.join(where)}: the value looks like a secret, and"
                " secrets are not allowed in files. Put it into an environment variable and set"
                f" {where[-1]}: {{env: NAME_OF_THE_VARIABLE}}."
            )
