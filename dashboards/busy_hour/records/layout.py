"""What the planner says about a file and its series."""

import math
from dataclasses import dataclass, field
from typing import Literal

from dashboards.busy_hour.measures.quantities import Kind
from dashboards.busy_hour.measures.series import Calendar, slot_width
from dashboards.busy_hour.records.table import CsvError, Form, Stamps


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read the file; None is detected."""

    time_column: str | None
    value_column: str | None
    kind: Kind
    step: int
    calendar: Calendar
    phase: int = 0
    scale: float | None = None  # None: nobody said one
    quantity: str = ""  # whose unit the values must have
    where: tuple[str, str] | None = None  # only rows with this value in this column
    any_order: Literal["refuse", "sort"] = "refuse"
    repeated_hour: Literal["refuse", "skip"] = "refuse"
    form: Form = field(default_factory=Form)
    decimal: str | None = None
    thousands: str | None = None
    time_format: str | None = None
    stamps: Stamps | None = None  # None: as the program that wrote the file does, otherwise the start

    def __post_init__(self) -> None:
        slot_width(self.step)
        if not 0 <= self.phase < self.step:
            raise CsvError(f"the phase must be shorter than the step of {self.step} s")
        # A factor below zero is for values that are written so to be drawn below an axis.
        least = 0.0 if self.kind == "counter" else -math.inf
        if self.scale is not None and not (math.isfinite(self.scale) and self.scale != 0 and self.scale > least):
            raise ValueError(f"--scale {self.scale:g}: a factor is finite and not zero, of a counter greater than zero")
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(f'"{self.decimal}" cannot be both the decimal sign and the mark of thousands')
