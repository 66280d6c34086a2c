"""Events of appeals as JSON, for the database."""

from datetime import datetime
from typing import get_args

from cattrs import Converter

from alerts.desk.appeals.events import Body

_KINDS: dict[str, type[Body]] = {kind.__name__: kind for kind in get_args(Body)}
_converter = Converter(forbid_extra_keys=True)
_converter.register_unstructure_hook(datetime, datetime.isoformat)
_converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))


def kind_of(body: Body) -> str:
    """Return the name under which a body is stored."""
    return type(body).__name__


def to_json(body: Body) -> dict[str, object]:
    """Return what is stored of a body."""
    result: dict[str, object] = _converter.unstructure(body)
    return result


def from_json(kind: str, data: dict[str, object]) -> Body:
    """Return the body that was stored."""
    found: Body = _converter.structure(data, _KINDS[kind])
    return found
