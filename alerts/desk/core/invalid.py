"""What pydantic finds wrong, in one line."""

from collections.abc import Iterable

from pydantic_core import ErrorDetails

LONGEST = 2000


def faults(errors: Iterable[ErrorDetails]) -> str:
    """Return each fault with its place, as in `name: Field required; priority: …`."""
    return "; ".join(_fault(error) for error in errors)[:LONGEST]


def _fault(error: ErrorDetails) -> str:
    place, sentence = ".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")
    return f"{place}: {sentence}" if place else sentence
