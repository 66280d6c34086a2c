"""Events of appeals as JSON, for the database."""

from typing import get_args

from alerts.desk.appeals.events import Body
from alerts.desk.core import kept_json

_KINDS: dict[str, type[Body]] = {kind.__name__: kind for kind in get_args(Body)}


def kind_of(body: Body) -> str:
    """Return the name under which a body is stored."""
    return type(body).__name__


def to_json(body: Body) -> dict[str, object]:
    """Return what is stored of a body."""
    return kept_json.to_json(body)


def from_json(kind: str, data: object) -> Body:
    """Return the body that was stored."""
    return kept_json.from_json(data, _KINDS[kind])
