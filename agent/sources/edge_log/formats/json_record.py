"""What a JSON line holds of the wanted values, decoded by msgspec, which builds nothing else of the line."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

Path = tuple[str, ...]
Values = Sequence[Sequence[Any]]
"""A column for each wanted path."""


class RecordDecoder:
    """Decodes lines to records, and takes columns from them."""

    def __init__(self, paths: Sequence[Path], *, flat_keys: bool = False) -> None:
        """Raise ValueError where one path leads through the value of another."""
        tree: dict[str, Any] = {}
        flat = [(".".join(path),) if flat_keys and len(path) > 1 else None for path in paths]
        for path in [*paths, *filter(None, flat)]:
            node = tree
            for key in path[:-1]:
                node = node.setdefault(key, {})
                if node is None:
                    raise ValueError(f"columns: {'.'.join(path)} lies within a value that columns name, too")
            if node.setdefault(path[-1], None) is not None:
                raise ValueError(f"columns: {'.'.join(path)} is an object; name a value within it")
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_struct(tree))
        self.decode: Callable[[bytes], Any] = decoder.decode
        self.decode_lines: Callable[[bytes], list[Any]] = decoder.decode_lines
        # Where no object lies within the object, a record is a row.
        names = list(tree)
        self._places = [names.index(path[0]) for path in paths] if all(len(path) == 1 for path in paths) else None
        self._getters = [attrgetter(_attribute(tree, path)) for path in paths]
        self._flat = [attrgetter(_attribute(tree, path)) if path else None for path in flat]

    def columns(self, records: Sequence[Any]) -> list[list[Any]]:
        """Return the values of each path; of a list its first one (Caddy's headers)."""
        if self._places is not None and records:
            columns = list(zip(*map(msgspec.structs.astuple, records), strict=True))
            return [_firsts(list(columns[place])) for place in self._places]
        pairs = zip(self._getters, self._flat, strict=True)
        return [_firsts(_column(records, getter, flat)) for getter, flat in pairs]

    def row(self, record: Any) -> list[Any]:
        """Return the values of one record."""
        pairs = zip(self._getters, self._flat, strict=True)
        return [first_of(flat(record) if flat and getter(record) is None else getter(record)) for getter, flat in pairs]


def _column(records: Sequence[Any], getter: Callable[[Any], Any], flat: Callable[[Any], Any] | None) -> list[Any]:
    values = list(map(getter, records))
    if flat is None or None not in values:
        return values
    return [flat(record) if value is None else value for value, record in zip(values, records, strict=True)]


def values_at(record: Any, paths: Sequence[Path], *, flat_keys: bool = False) -> list[Any]:
    """Return the values of an object that was decoded otherwise, None where there is none."""
    values = [_at(record, path) for path in paths]
    if flat_keys:
        values = [
            record.get(".".join(path)) if value is None else value for value, path in zip(values, paths, strict=True)
        ]
    return list(map(first_of, values))


def _at(record: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record


def first_of(value: Any) -> Any:
    """Return the first value of a list."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _firsts(values: list[Any]) -> list[Any]:
    # What is a list in some lines only is found by whoever reads the column.
    return list(map(first_of, values)) if values and type(values[0]) is list else values


def _struct(tree: Mapping[str, Any]) -> type:
    """Return a type with what is below a node; keys of JSON are no names of Python."""
    fields: list[tuple[str, Any, Any]] = []
    for number, below in enumerate(tree.values()):
        if below is None:
            fields.append((f"f{number}", Any, None))
        else:
            node = _struct(below)
            fields.append((f"f{number}", node, msgspec.field(default_factory=node)))
    names = {f"f{number}": key for number, key in enumerate(tree)}
    return msgspec.defstruct("Record", fields, rename=names, gc=False)


def _attribute(tree: Mapping[str, Any], path: Path) -> str:
    names = []
    for key in path:
        names.append(f"f{list(tree).index(key)}")
        tree = tree[key] or {}
    return ".".join(names)
