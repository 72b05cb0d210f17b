"""Reads a YAML file that people write: what YAML would settle in silence is refused with its line.

A key that stands twice would lose its first value, and an anchor that contains itself has no end. Messages name lines
and keys, never values, which may be secrets.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

MOST_VALUES = 100_000
"""Aliases repeat values: a short file may stand for billions of them."""


class FileProblemError(Exception):
    """Why a file cannot be read, with the line."""


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file.

    Raises:
        FileProblemError: it is not YAML, has a key twice, or an anchor contains itself.
    """
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        try:
            root = loader.get_single_node()
            if root is None:
                return None
            _check(loader, root)
            return loader.construct_document(root)
        finally:
            loader.dispose()
    except OSError as error:
        raise FileProblemError(f"it cannot be opened ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise FileProblemError(f"it is not UTF-8 (byte {error.start + 1})") from error
    except yaml.YAMLError as error:
        raise FileProblemError(_explained(error)) from error
    except RecursionError as error:
        raise FileProblemError("it is nested too deeply") from error
    except ValueError as error:
        raise FileProblemError("a date or a number does not exist") from error


def _check(loader: yaml.SafeLoader, root: yaml.Node) -> None:
    """Refuse keys that stand twice, anchors that contain themselves, and aliases that repeat too much."""
    count = 0
    open_nodes: list[yaml.Node] = []
    waiting: list[Iterator[yaml.Node]] = [iter([root])]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
            if open_nodes:
                open_nodes.pop()
            continue
        count += 1
        if count > MOST_VALUES:
            raise FileProblemError(f"its aliases stand for more than {MOST_VALUES:,} values")
        if any(node is each for each in open_nodes):
            raise FileProblemError(f"{_line(node)}: the anchor contains itself")
        children = _children(loader, node)
        if children:
            open_nodes.append(node)
            waiting.append(iter(children))


def _children(loader: yaml.SafeLoader, node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if not isinstance(node, yaml.MappingNode):
        return []
    first_lines: dict[Hashable, str] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise FileProblemError(f"{_line(key)}: a key must be a plain word")
        name = key.value if key.tag == "tag:yaml.org,2002:merge" else loader.construct_object(key)
        if name in first_lines:
            raise FileProblemError(
                f"{_line(key)}: the key '{key.value}' stands twice, first in {first_lines[name]}. Keep one of them"
            )
        first_lines[name] = _line(key)
    return [value for _, value in node.value]


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def _explained(error: yaml.YAMLError) -> str:
    """Position and reason of a YAML error, without the text there, which may be a secret."""
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + str(getattr(error, "problem", None) or "it cannot be read")
