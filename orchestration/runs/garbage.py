"""How rarely a process that runs a night looks for garbage.

Add here what Python's collector is told; keep out who runs a night.
"""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Look for garbage rarely: a night is short and makes millions of small objects that live as long as it does."""
    gc.set_threshold(200_000, 50, 50)
