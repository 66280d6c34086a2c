"""Our parts in YAML files that others wrote: inserted as marked lines; every other byte stays as it is.

What the file says is read with ruamel.yaml, which knows the line of every key. The result is read again and compared
with what it should say, so a file that is written in a way this does not understand is refused, never changed.
"""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from center.refused import RefusedError

BEGIN, END = "# >>> ottwatch: written by ott-center setup, which also replaces it", "# <<< ottwatch"


def read(text: str) -> CommentedMap:
    """Return the content of a file; raise RefusedError when it is no YAML mapping."""
    try:
        data = YAML(typ="rt").load(text)
    except YAMLError as error:
        raise RefusedError(f"it is not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise RefusedError("it is nested too deeply") from None
    if data is None:
        return CommentedMap()
    if not isinstance(data, CommentedMap):
        raise RefusedError("it is not a mapping at its top")
    return data


def plain(value: Any) -> Any:
    """Return the content without comments and places; raise RefusedError where a key is not written back as it was."""
    try:
        return YAML(typ="safe", pure=True).load(_dumped(value))
    except YAMLError:
        raise RefusedError("a key in it is a mapping or a list itself; write it as a word") from None


def mappings(value: Any, name: str) -> list[dict[str, Any]]:
    """Return a list of mappings, empty where there is none; raise RefusedError for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise RefusedError(f"{name} is no list of mappings; write each one as “- name: value”")
    return value


def without_ours(text: str) -> str:
    """Return the file without our parts."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        mark = line.strip()
        if mark == BEGIN:
            inside = True
        elif mark == END and inside:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise RefusedError(f"a line {BEGIN!r} has no line {END!r} after it; remove our part by hand")
    return "".join(kept)


def insert(text: str, path: Sequence[str], items: Sequence[Mapping[str, Any] | str]) -> str:
    """Return `text` with `items` in front of the list at `path`; the list is made if it is not there."""
    data = read(text)
    wanted = _expected(plain(data), path, items)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    where, block = _block(data, lines, path, items)
    result = "".join([*lines[:where], *block, *lines[where:]])
    try:
        understood = plain(read(result)) == wanted
    except RefusedError:
        understood = False
    if not understood:
        raise RefusedError(
            f"{'.'.join(path)} is written in a way that ott-center does not understand; {_by_hand(items)}"
        )
    return result


def _expected(data: dict[str, Any] | None, path: Sequence[str], items: Sequence[Any]) -> dict[str, Any]:
    result = data or {}
    place = result
    for key in path[:-1]:
        if place[key] is None:
            place[key] = {}
        place = place[key]
    place[path[-1]] = [*items, *(place.get(path[-1]) or [])]
    return result


def _block(
    data: CommentedMap, lines: Sequence[str], path: Sequence[str], items: Sequence[Any]
) -> tuple[int, list[str]]:
    """Return the number of the line to insert at, and the lines."""
    parent: Any = data
    for key in path[:-1]:
        if parent[key] is None:  # as where all below it is commented out
            line, column = parent.lc.key(key)
            return line + 1, _lines([f"{path[-1]}:"], items, " " * (column + 2), "  ")
        parent = parent[key]
        if not isinstance(parent, CommentedMap) or parent.fa.flow_style() or not parent:
            raise RefusedError(f"{key} is not written as lines of its own; {_by_hand(items)}")
    key = path[-1]
    if key not in parent:
        if parent is data:
            return len(lines), _lines([f"{key}:"], items, "", "  ")
        line, column = parent.lc.key(next(iter(parent)))
        return line, _lines([f"{key}:"], items, " " * column, "  ")
    value = parent[key]
    line, column = parent.lc.key(key)
    if value is None:
        return line + 1, _lines([], items, " " * (column + 2), "")
    if not isinstance(value, CommentedSeq) or value.fa.flow_style() or not value:
        raise RefusedError(f"{'.'.join(path)} is not written as one item to a line; {_by_hand(items)}")
    first = value.lc.item(0)[0]
    dash = re.match(r"( *)-", lines[first])
    if dash is None:
        raise RefusedError(f"{'.'.join(path)} is not written as one item to a line; {_by_hand(items)}")
    return first, _lines([], items, dash[1], "")


def _lines(head: list[str], items: Sequence[Any], indent: str, more: str) -> list[str]:
    body = [f"{more}{line}" for line in _dumped(list(items)).splitlines()]
    return [f"{indent}{line}\n" for line in (BEGIN, *head, *body, END)]


def _dumped(value: Any) -> str:
    writer = YAML(typ="rt", pure=True)
    writer.width = 10_000
    writer.indent(mapping=2, sequence=4, offset=2) if isinstance(value, dict) else writer.indent(2, 2, offset=0)
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue()


def _by_hand(items: Sequence[Any]) -> str:
    return "write the list as “- item” lines, or add by hand:\n" + _dumped(list(items))
