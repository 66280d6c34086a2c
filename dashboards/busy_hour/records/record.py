"""One recorded day, and the measured day that it was made of."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from dashboards.busy_hour.measures.quantities import Kind
from dashboards.busy_hour.measures.series import DEFINITION, HOUR, DaySeries, local_offset
from dashboards.busy_hour.measures.traffic import Candidates, Day, Peak


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One stored day."""

    scope: str
    quantity: str
    day: date
    zone: str
    value: float | None
    start: int | None
    full_value: float | None
    full_start: int | None
    coverage: float
    flags: frozenset[str]
    definition: int
    source: str
    recorded: int
    kind: Kind
    phase: int
    series: DaySeries


def make_record(scope: str, quantity: str, day: Day, source: str, recorded: int) -> Record:
    """Return the record of a measured day."""
    quarter, full = day.peak("quarter"), day.peak("full")
    flags = {
        "partial": quarter is not None and quarter.partial,
        "full_partial": full is not None and full.partial,
        "offset_change": day.offset_change,
        "no_busy_hour": quarter is None,
    }
    return Record(
        scope=scope,
        quantity=quantity,
        day=day.date,
        zone=day.zone.key,
        value=quarter.value if quarter else None,
        start=quarter.start if quarter else None,
        full_value=full.value if full else None,
        full_start=full.start if full else None,
        coverage=day.coverage,
        flags=frozenset(name for name, holds in flags.items() if holds),
        definition=DEFINITION,
        source=source,
        recorded=recorded,
        kind=day.kind,
        phase=day.phase,
        series=day.series,
    )


def measured(record: Record) -> Day:
    """Return the day of a record, ready for traffic mathematics; its peaks need not be searched again."""
    zone = ZoneInfo(record.zone)
    known: dict[Candidates, Peak | None] = {
        "quarter": _peak(record.value, record.start, zone, partial="partial" in record.flags),
        "full": _peak(record.full_value, record.full_start, zone, partial="full_partial" in record.flags),
    }
    return Day(record.series, zone, record.phase, record.kind, known if record.definition == DEFINITION else {})


def _peak(value: float | None, start: int | None, zone: ZoneInfo, *, partial: bool) -> Peak | None:
    if value is None or start is None:
        return None
    return Peak(value, start, (start + local_offset(start, zone)) % (24 * HOUR), partial)
