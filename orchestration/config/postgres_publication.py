"""The settings of the publication to PostgreSQL.

Keep out how tables are written there (``publication/postgres/``).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from orchestration.config.settings import Secret, Strict


class PostgresPublication(Strict):
    """A database that receives the published tables after every night."""

    url: Secret = Field(description="Environment variable with the URL, including the password.")
    schema_prefix: str = Field(
        "cx360_",
        pattern=r"^([a-z_][a-z0-9_]{0,29})?$",
        description="Comes before star, marts and quality in the names of the schemas; may be empty.",
    )
    replace: Literal["rows", "tables"] = Field(
        "rows", description="What every night replaces: rows keeps the views of users, new tables are faster."
    )
    readers: tuple[str, ...] = Field((), description="Roles that may read every table; they must exist.")
    wait_seconds: int = Field(60, ge=1, description="Longest wait for a lock: another publication, open readers.")

    @field_validator("readers")
    @classmethod
    def _are_names_of_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for role in value:
            if not role.strip() or "\0" in role or len(role.encode()) > 63:
                raise ValueError(f"{role!r} cannot be the name of a role: 1 to 63 bytes")
        return value
