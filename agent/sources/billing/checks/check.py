"""What every check has: a name, the lane it asks in, and samples."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.sources.billing.reading import Asking
from service.metric import Sample


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one billing; `collect` may keep what it has counted."""

    name: str
    collect: Callable[[Asking], Iterable[Sample]]
    slow: bool = False  # whether it may read days of rows, and so waits for others of its kind
    interval: float = 0.0  # seconds, where it is rarer than the settings say
