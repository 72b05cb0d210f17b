"""No deployment's file holds a secret: whatever looks like one is refused, and never shown.

Add here how a secret is known; keep out how a file is read (``deployment.py``) and where secrets do stand
(``settings.Secret``).
"""

from __future__ import annotations

import re

from orchestration.base.errors import PipelineError

_SECRET_KEY = re.compile(r"(password|passwd|secret|token|api_?key|credential|private_key)s?$", re.IGNORECASE)
_SECRET_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")


def refuse_secrets(name: str, settings: object, *where: str) -> None:
    """Refuse a value that looks like a secret; a secret is named by its environment variable, ``{env: NAME}``.

    Raises:
        PipelineError: the message names the key, never the value.
    """
    if isinstance(settings, dict):
        for key, value in settings.items():
            refuse_secrets(name, value, *where, str(key))
    elif isinstance(settings, list):
        for place, value in enumerate(settings):
            refuse_secrets(name, value, *where, str(place))
    elif settings is not None and where:
        is_secret = _SECRET_KEY.search(where[-1]) or (isinstance(settings, str) and _SECRET_IN_URL.search(settings))
        if is_secret:
            raise PipelineError(
                f"deployments/{name}.yml cannot be used:\n  {'.'.join(where)}: looks like a secret, and no file holds"
                " one. Put it into an environment variable and name that: {env: NAME_OF_THE_VARIABLE}."
            )
