"""Vendors as data: how a server's status page becomes metrics, and what to ask a middleware's database.

A preset is a TOML file in the folder `presets` of its source, or one of the operator's own given by its path. A new
vendor needs no code.
"""

from pathlib import Path
from typing import TypeVar

from cattrs import Converter

from service.settings import Fault, SettingsError, load

T = TypeVar("T")


def folder(source: str) -> Path:
    """Return the folder with the shipped presets of a source."""
    return Path(__file__).parent / source / "presets"


def names(source: str) -> list[str]:
    """Return the sorted names of the shipped presets of a source."""
    return sorted(file.stem for file in folder(source).glob("*.toml"))


def load_preset(kind: type[T], source: str, name: str, converter: Converter | None = None) -> T:
    """Return the shipped preset `name` of a source, or the file when `name` is a path; raise SettingsError."""
    if "/" in name:
        return load(Path(name), kind, converter)
    file = folder(source) / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(names(source))
        raise SettingsError([Fault(Path(name), "", f"there is no such preset; there are: {known}; or give a path")])
    return load(file, kind, converter)
