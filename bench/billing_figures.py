"""Figures of a measurement with their bounds."""

import os
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

_Result = TypeVar("_Result")


class Figures:
    """Prints each figure as it comes, and remembers whether one was past its bound."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def tell(self, what: str, value: str) -> None:
        """Print what has no bound."""
        print(f"  {what}: {value}", flush=True)

    def most(self, what: str, value: float | None, bound: float, unit: str) -> None:
        """Print a figure that may be so much at most; None: it never came."""
        fine = value is not None and value <= bound
        shown = "never" if value is None else f"{value:.2f} {unit}"
        self._judge(what, f"{shown} (at most {bound:g})", fine=fine)

    def same(self, what: str, found: object, truth: object) -> None:
        """Print whether what was found is the truth."""
        fine = found == truth
        self._judge(what, "exact" if fine else f"found {found}, true is {truth}", fine=fine)

    def timed(self, what: str, work: Callable[[], _Result]) -> _Result:
        """Do something and print how long it took."""
        began = perf_counter()
        result = work()
        self.tell(what, f"{perf_counter() - began:.1f} s")
        return result

    def _judge(self, what: str, shown: str, *, fine: bool) -> None:
        print(f"{'  ' if fine else '! '}{what}: {shown}", flush=True)
        if not fine:
            self.missed.append(what)


def load() -> str:
    """Return how busy the machine is."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
