"""How a mistake in a file of settings or rules is told.

Keep out what is a mistake (``settings.py``, ``systems.py``, ``table_rules.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from orchestration.config.settings import Strict


def explain(problem: Any, models: Iterable[type[Strict]] | None = None, also: Iterable[str] = ()) -> str:
    """One of pydantic's errors as a line: where it is, what is wrong, and the known key that an unknown one resembles.

    Args:
        models: the models whose keys are known; default: all.
        also: further keys that are known.
    """
    where = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg'].removeprefix('Value error, ')}"
    key = str(problem["loc"][-1])
    fields = (field for model in models or Strict.__subclasses__() for field in model.model_fields.items())
    known = {*also, *(field.alias or name for name, field in fields)}
    longer = sorted((name for name in known if name.startswith(key)), key=lambda name: (len(name), name))
    guess = longer or difflib.get_close_matches(key, sorted(known), n=1)
    return f"{where}: unknown key" + (f", did you mean '{guess[0]}'?" if guess else "")
