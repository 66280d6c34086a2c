"""Vendors as data: how a server's status page becomes metrics, and what to ask a middleware's database.

A preset is a TOML file in this folder, or one of the operator's own given by its path. A new vendor needs no code.
"""

from pathlib import Path
from typing import TypeVar

from cattrs import Converter

from service.settings import Fault, SettingsError, load

T = TypeVar("T")


def load_preset(kind: type[T], folder: str, name: str, converter: Converter | None = None) -> T:
    """Return the preset `name` of our `folder`, or the file when `name` is a path; raise SettingsError."""
    if "/" in name:
        return load(Path(name), kind, converter)
    place = Path(__file__).parent / folder
    file = place / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(other.stem for other in place.glob("*.toml")))
        raise SettingsError([Fault(Path(name), "", f"there is no such preset; there are: {known}; or give a path")])
    return load(file, kind, converter)
