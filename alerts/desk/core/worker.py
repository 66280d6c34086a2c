"""A job that runs beside the requests, round after round."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Worker:
    """A job and its period in seconds."""

    name: str
    period: float
    job: Callable[[], object]
