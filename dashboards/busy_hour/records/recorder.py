"""From the server's samples to records: a day at a time, a day entirely or not at all."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dashboards.busy_hour.measures.counters import counter_rates
from dashboards.busy_hour.measures.quantities import Source
from dashboards.busy_hour.measures.series import (
    FIVE_MINUTES,
    MINUTE,
    QUARTER,
    SETTLED,
    Calendar,
    DaySeries,
    Floats,
    LocalDay,
    coarsen,
    combine,
    fine_width,
    slot_means,
    utc_text,
)
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records import replicas, succession
from dashboards.busy_hour.records.faults import SourceError
from dashboards.busy_hour.records.record import Record, make_record
from dashboards.busy_hour.records.store import Store

if TYPE_CHECKING:  # the HTTP client is not loaded for a report from records
    from dashboards.busy_hour.records.query import RawSeries, Server

LOG = logging.getLogger(__name__)

SOURCE = "prometheus"
TOLD = 0.05  # of a day's averages that one series lacks and another has
MOST_NAMED = 5  # series in a line of the log
MAX_GAP = 300.0  # a counter's increase across a longer gap has no known time


@dataclass(slots=True)
class _Minutes:
    """Minute means of one series, filled chunk after chunk."""

    means: Floats
    parts: list[tuple[Floats, Floats]] = field(default_factory=list)  # raw, for counters only


def day_of_source(
    server: "Server", source: Source, span: LocalDay, replica_labels: Sequence[str] = replicas.LABELS
) -> dict[str, DaySeries]:
    """Return the day of each scope that has samples."""
    found: dict[tuple[str, ...], _Minutes] = {}
    labels_of: dict[tuple[str, ...], dict[str, str]] = {}
    margin = int(MAX_GAP) if source.kind == "counter" else 0
    for chunk in server.samples(source.selector, span.start - margin, span.end + margin):
        for series in chunk:
            key = tuple(sorted(f"{name}={value}" for name, value in series.labels.items()))
            labels_of[key] = series.labels
            if key not in found:
                found[key] = _Minutes(np.full((span.end - span.start) // MINUTE, np.nan))
            if source.kind == "counter":
                found[key].parts.append((series.times, series.values))
            else:
                means = slot_means(span, *_measured(series, source), MINUTE)
                np.copyto(found[key].means, means, where=~np.isnan(means))
    nameless = sum(source.scope_of(labels) is None for labels in labels_of.values())
    if nameless:
        LOG.warning(
            "series without the label that names their scope are left out",
            extra={"quantity": source.quantity, "label": source.level, "number": nameless},
        )
    scopes: dict[str, list[tuple[Mapping[str, str], Floats]]] = {}
    for key in sorted(found):  # the order of addition must not depend on the order of the answer
        scope = source.scope_of(labels_of[key])
        minutes = _finished(found[key], span) * source.scale
        if scope is not None and not np.isnan(minutes).all():
            scopes.setdefault(scope, []).append((labels_of[key], minutes))
    return {
        scope: _combined(span, scope, _without_replicas(scope, members, source, replica_labels), source)
        for scope, members in sorted(scopes.items())
    }


def _measured(series: "RawSeries", source: Source) -> tuple[Floats, Floats]:
    """Return times and values of a gauge without those below zero: programs write -1 where they have no reading."""
    below = series.values < 0
    if below.any():
        LOG.warning(
            "values below zero are left out",
            extra={"quantity": source.quantity, "series": dict(series.labels), "values": int(below.sum())},
        )
    return series.times[~below], series.values[~below]


def _without_replicas(
    scope: str, members: Sequence[tuple[Mapping[str, str], Floats]], source: Source, labels: Sequence[str]
) -> list[succession.Member]:
    try:
        series, found = replicas.merged(members, labels)
    except replicas.ReplicaError as error:
        raise SourceError(f"{source.quantity} of {scope}: {error}") from None
    if found:
        LOG.info("replicas count once", extra={"scope": scope, "quantity": source.quantity, "labels": found})
    series, gone_on = succession.joined(series)
    for before, after in gone_on[:MOST_NAMED]:
        LOG.info(
            "a series goes on under other labels",
            extra={"scope": scope, "quantity": source.quantity, "before": dict(before), "after": dict(after)},
        )
    return series


def _finished(minutes: _Minutes, span: LocalDay) -> Floats:
    if not minutes.parts:
        return minutes.means
    times = np.concatenate([part[0] for part in minutes.parts])
    values = np.concatenate([part[1] for part in minutes.parts])
    at, rates, remarks = counter_rates(times, values, MAX_GAP)
    for moment, text in remarks:
        LOG.warning("counter", extra={"at": utc_text(moment), "remark": text})
    return slot_means(span, at, rates, MINUTE)


def _combined(span: LocalDay, scope: str, members: Sequence[succession.Member], source: Source) -> DaySeries:
    step = max(sampling_step(minutes) for _, minutes in members)
    parts = [_from_minutes(span, minutes, step) for _, minutes in members]
    made = combine(parts, mean=source.combine == "mean")
    best = max(part.coverage for part in parts)
    short = [place for place, part in enumerate(parts) if best - part.coverage > TOLD]
    if short and best - made.coverage > TOLD:
        LOG.warning(
            "series that were there for a part of the day take the rest of it from the sum; "
            "if they do not belong to it, narrow the selector of the source",
            extra={
                "scope": scope,
                "quantity": source.quantity,
                "coverage": round(made.coverage, 3),
                "series": [dict(members[place][0]) for place in short[:MOST_NAMED]],
                "number": len(short),
            },
        )
    return made


def sampling_step(minutes: Floats) -> int:
    """Return 60, 300 or 900: the coarsest interval that samples this far apart still fill.

    A minute without a sample is missing when samples come every 15 s, and normal when they come every four minutes.
    """
    present = np.flatnonzero(~np.isnan(minutes))
    gap = float(np.median(np.diff(present))) if len(present) > 1 else 1.0
    return next((step for step in (MINUTE, FIVE_MINUTES) if gap * MINUTE <= step), QUARTER)


def _from_minutes(span: LocalDay, minutes: Floats, step: int) -> DaySeries:
    base = minutes
    if step > MINUTE:
        groups = minutes.reshape(-1, step // MINUTE)
        present = np.count_nonzero(~np.isnan(groups), axis=1)
        base = np.full(len(groups), np.nan)
        np.divide(np.nansum(groups, axis=1), present, out=base, where=present > 0)
    fine = fine_width(step)
    return DaySeries(span, QUARTER, coarsen(base, QUARTER // step), fine, coarsen(base, fine // step))


def is_over(span: LocalDay, now: float) -> bool:
    """Return whether the day has ended and its last samples have settled."""
    return now >= span.end + SETTLED


@dataclass(frozen=True, slots=True)
class Recorder:
    """What turns a server's days into records."""

    server: "Server"
    store: Store
    sources: Sequence[Source]
    calendar: Calendar
    replica_labels: Sequence[str] = replicas.LABELS

    def record(self, days: Iterable[LocalDay], now: float) -> int:
        """Record each finished day that has no record yet; return how many records were written.

        Every day is one transaction. After a failure of the server the days before it stand, and the next run begins
        where it stopped.

        Raises:
            SourceError: a source cannot be made one figure; everything else has been recorded.
        """
        written = 0
        problems: list[str] = []
        for span in days:
            if not is_over(span, now):
                LOG.info("the day is not over", extra={"day": span.day.isoformat()})
                continue
            records, faulty = self._missing(span, now)
            problems += [f"{span.day}: {problem}" for problem in faulty]
            self.store.save(records)
            written += len(records)
            if records:
                LOG.info("recorded", extra={"day": span.day.isoformat(), "records": len(records)})
        if problems:
            raise SourceError("; ".join(problems[:MOST_NAMED]))
        return written

    def _missing(self, span: LocalDay, now: float) -> tuple[list[Record], list[str]]:
        """Return the day's new records, and what is wrong with sources that have none."""
        known = self.store.sources_of(span.day, span.day)
        done = {(scope.split(":")[0], quantity) for (scope, quantity, _), source in known.items() if source == SOURCE}
        records: list[Record] = []
        problems = []
        for source in self.sources:
            if (source.level, source.quantity) in done:
                continue
            try:
                found = day_of_source(self.server, source, span, self.replica_labels)
            except SourceError as error:
                problems.append(str(error))
                continue
            records.extend(
                make_record(scope, source.quantity, Day(series, self.calendar.zone, kind=source.kind), SOURCE, int(now))
                for scope, series in found.items()
                if (scope, source.quantity, span.day) not in known  # imported history stands
            )
        return records, problems
