"""Reading files of the home that the pipeline wrote earlier: a damaged one ends in one message that says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from orchestration.base.errors import PipelineError

Content = TypeVar("Content")

RESTORE = "Copy it back from a backup (docs/runbook.md, Backup), or restore the whole home: cx360 restore"
"""The remedy for a file that cannot be derived from others."""


class DamagedStateError(PipelineError):
    """A file or folder of the home is not as the pipeline wrote it."""


def read_json(path: Path, kind: TypeAdapter[Content], holds: str, remedy: str = RESTORE) -> Content:
    """Return the content of a JSON file.

    Args:
        holds: what the file holds, for the message: "which versions are withdrawn".

    Raises:
        DamagedStateError: the file is not JSON, or has not the content that ``kind`` describes.
        OSError: the file cannot be read.
    """
    return parse_json(path.read_bytes(), kind, str(path), holds, remedy)


def parse_json(text: bytes | str, kind: TypeAdapter[Content], where: str, holds: str, remedy: str = RESTORE) -> Content:
    """Return the content of a JSON text; ``where`` names its file, and its line if it has several."""
    try:
        return kind.validate_json(text)
    except ValidationError as error:
        raise DamagedStateError(
            f"{where} is damaged: {reason_of(error)}. It holds {holds}. Nothing was changed.\n{remedy}"
        ) from error


def reason_of(error: ValidationError) -> str:
    """Return the first problem of a validation in one line, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def as_json(content: object) -> str:
    """Return content as the text of a JSON file that people may read."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
