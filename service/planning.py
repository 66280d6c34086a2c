"""What ott-busyhour answers over HTTP: the service makes these records, the desk reads them.

Instants are local, with their offset; days are local days. A figure that is not known is null, never zero.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

Moment = Annotated[dt.datetime, PlainSerializer(lambda moment: moment.isoformat(timespec="minutes"), str, "json")]
Texts = dict[str, str]
"""A sentence in every language: "en", "ru"."""


class Answer(BaseModel):
    """A part of an answer; fields that a reader does not know are left out, an infinite number is refused."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, populate_by_name=True)


class Problem(Answer):
    """What is wrong, and what to write."""

    error: str


class Recorded(Answer):
    """A series that is recorded, with its first and last day."""

    scope: str
    quantity: str
    first: dt.date = Field(validation_alias="from", serialization_alias="from")
    last: dt.date = Field(validation_alias="to", serialization_alias="to")
    days: int


class RecordedSeries(Answer):
    """Every recorded series; `left_off` counts those that one answer has no room for."""

    zone: str
    day_begins: str
    series: tuple[Recorded, ...]
    left_off: int


class Exceptional(Answer):
    """Why a day is exceptional: the calendar says so, or its distance `z` from the median proposes it."""

    status: Literal["confirmed", "proposed"]
    z: float | None
    reason: str


class Day(Answer):
    """A recorded day; its busy hour is null where no hour was complete enough."""

    date: dt.date
    value: float | None
    start: Moment | None
    coverage: float
    flags: tuple[str, ...]
    counted: bool
    exceptional: Exceptional | None


class Peak(Answer):
    """The highest busy hour of some days."""

    date: dt.date
    start: Moment
    value: float


class Capacity(Answer):
    """Capacity before and after the loss of the largest node."""

    total: float
    surviving: float
    lost_node: str | None
    redundant: bool


class Level(Answer):
    """A share of the surviving capacity and the value that it stands for."""

    share: float
    value: float


class Days(Answer):
    """The recorded days of a period and what they come to."""

    scope: str
    quantity: str
    zone: str
    day_begins: str
    first: dt.date = Field(validation_alias="from", serialization_alias="from")
    last: dt.date = Field(validation_alias="to", serialization_alias="to")
    min_coverage: float
    days_counted: int
    adpqh: float | None
    peak: Peak | None
    capacity: Capacity | None
    thresholds: tuple[Level, ...]
    days: tuple[Day, ...]

    @property
    def surviving(self) -> float | None:
        """Return the surviving capacity, None where none is stated."""
        return self.capacity.surviving if self.capacity else None


class AddedNode(Answer):
    """A node that a scenario adds."""

    site: str
    amount: float


class Scenario(Answer):
    """What is assumed."""

    growth_per_month: float | None
    nodes: tuple[AddedNode, ...]
    lost: str | None
    event: float
    words: Texts


class Score(Answer):
    """How a method did on the past that it had not seen; `share` is its part in the forecast."""

    method: str
    mape: float
    forecasts: int
    share: float


class BackTest(Answer):
    """The errors of the forecast and of the plain one, in per cent; null where nothing could be tested."""

    mape: float | None
    baseline: str
    baseline_mape: float | None
    methods: tuple[Score, ...]


class Step(Answer):
    """A day on which the level changed for good, and by which share."""

    date: dt.date
    share: float


class ChangeOfGrowth(Answer):
    """A day on which the growth changed; shares a month."""

    date: dt.date
    before_per_month: float
    after_per_month: float


class Season(Answer):
    """The month (1 to 12) in which a year's season is highest, and how far it goes above its mean."""

    highest_month: int
    share: float


class Gap(Answer):
    """Days without a record, both ends included."""

    first: dt.date = Field(validation_alias="from", serialization_alias="from")
    last: dt.date = Field(validation_alias="to", serialization_alias="to")


class Pattern(Answer):
    """What was seen in the series."""

    steps: tuple[Step, ...]
    changes_of_growth: tuple[ChangeOfGrowth, ...]
    season: Season | None
    days_left_out: tuple[dt.date, ...]
    gaps: tuple[Gap, ...]
    words: Texts


class Measured(Answer):
    """A value of the past."""

    date: dt.date
    value: float


class Point(Answer):
    """A value to come with its range."""

    date: dt.date
    value: float
    low: float
    high: float


class Exhaustion(Answer):
    """When a share of the surviving capacity is reached."""

    threshold: float
    level: float
    answer: str
    likely: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    days_reached: int | None = None  # of the last year; None from a busy hour that does not tell
    words: Texts


class Trend(Answer):
    """A forecast, as in the JSON of a report."""

    basis: Literal["month", "day"]
    method: str
    growth_per_month: float
    back_test: BackTest
    pattern: Pattern
    history: tuple[Measured, ...]
    horizon: dt.date
    points: tuple[Point, ...]
    exhaustion: tuple[Exhaustion, ...]


class Outlook(Answer):
    """The forecast of a series in words and numbers; `trend` is null, and there are only words, with too few days."""

    scope: str
    quantity: str
    scenario: Scenario | None
    last: dt.date = Field(validation_alias="to", serialization_alias="to")
    words: Texts
    capacity_words: Texts
    trend: Trend | None
