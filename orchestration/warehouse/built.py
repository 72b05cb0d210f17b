"""What the warehouse was built by last, so that a night knows whether it may go on from there.

An incremental build keeps the rows of what has not changed since the build before it. That is right only where that
build ended well, was of the same project and the same deployment, and where nothing was built in between. Add here how
this is remembered; keep out what is built (``assets/transform.py``) and how (``dbt_project/``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from orchestration.base import durable
from orchestration.base.paths import Home


@dataclass(frozen=True)
class Built:
    """The last part of a build that ended well, and what it was built by."""

    home: Home

    def begin(self, after: str, stamp: str) -> bool:
        """Note that a part begins: until it has ended, no other part may go on from what is there.

        Args:
            after: the part that must have ended last.
            stamp: what the part is built by: the project, its settings, its engine.

        Returns:
            Whether the part may keep what is there; else it must be built whole.
        """
        known: dict[str, Any] = json.loads(self.home.built.read_text(encoding="utf-8")) if self._is_known else {}
        self.forget()
        return bool(known) and known["part"] == after and known["stamp"] == stamp

    def end(self, part: str, stamp: str) -> None:
        """Note that a part has ended well."""
        durable.write_text(self.home.built, json.dumps({"part": part, "stamp": stamp}))

    def forget(self) -> None:
        """Have the next build start anew: somebody else has written to the warehouse, or removed it."""
        if not self.home.built.exists():
            return
        self.home.built.unlink()
        # a machine that loses its power must not find it again beside tables that were written since
        durable.settle(self.home.built.parent)

    @property
    def _is_known(self) -> bool:
        return self.home.built.exists() and self.home.work_db.exists() and self.home.star_db.exists()
