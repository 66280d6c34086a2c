"""Every secret that the settings name, read by check-config: what is wrong with one shows before it is needed."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from service.settings import Fault, Secret


def unreadable(settings: object, path: Path) -> list[Fault]:
    """Return a fault, with key and remedy, for each secret in the settings that cannot be used."""
    return list(_faults(settings, "", path))


def _faults(value: object, key: str, path: Path) -> Iterator[Fault]:
    if isinstance(value, Secret):
        try:
            value.read()
        except OSError as error:
            yield Fault(path, key, str(error))
        return
    for name, inner in _parts(value, key):
        yield from _faults(inner, name, path)


def _parts(value: Any, key: str) -> Iterator[tuple[str, object]]:
    if is_dataclass(value):
        yield from ((f"{key}.{each.name}" if key else each.name, getattr(value, each.name)) for each in fields(value))
    elif isinstance(value, Mapping):
        yield from ((f"{key}.{name}", inner) for name, inner in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"{key}[{place}]", inner) for place, inner in enumerate(value, 1))
