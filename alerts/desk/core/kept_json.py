"""JSON that the database keeps, as dataclasses and back. Moments are ISO 8601; a key that a class lacks is refused."""

from datetime import datetime
from typing import TypeVar

from cattrs import Converter

T = TypeVar("T")

converter = Converter(forbid_extra_keys=True)
converter.register_unstructure_hook(datetime, datetime.isoformat)
converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)  # JSON of any shape


def to_json(value: object) -> dict[str, object]:
    """Return what is kept of a dataclass."""
    result: dict[str, object] = converter.unstructure(value)
    return result


def from_json(kept: object, kind: type[T]) -> T:
    """Return the dataclass of what was kept; raise cattrs.ClassValidationError where the two do not fit."""
    return converter.structure(kept, kind)
