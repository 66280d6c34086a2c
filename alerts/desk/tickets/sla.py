"""The contract's clocks as pure functions of a ticket's event log.

Nothing is counted and stored: intervals are read from the log each time, so a restart, a second desk or a corrected
policy gives the same answer as if it had always been so. The rules:

- acknowledge: runs from the opening until someone takes the ticket; nothing pauses it;
- restore: runs while the ticket is acknowledged, inProgress or held; `pending` pauses it, `held` pauses it only with
  the reason "vendor" and only where the agreement says so, or with the reason "cause", while another ticket explains
  it; `resolved` and final states stop it; a reopened ticket goes on with the used time kept;
- both start with the first effect where the ticket explains alarms that had tickets, or waited, before it;
- both by the target of the priority; after a change of it, see `urgency`;
- accept: from the latest hand-over until the vendor accepts or the ticket comes back;
- vendor: the vendor's own clock, while the ticket is with it: from its acceptance, or from the hand-over as long as
  it has not accepted; time from several hand-overs to one vendor adds up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.desk.tickets.clock import Clock, State, clock_of
from alerts.desk.tickets.events import (
    Accepted,
    CountedFrom,
    Event,
    HandedOver,
    Opened,
    Returned,
    StatusChanged,
    Taken,
)
from alerts.desk.tickets.policy import Policy, Vendor
from alerts.desk.tickets.spans import Span, common
from alerts.desk.tickets.states import CAUSE, TERMINAL, VENDOR, Status
from alerts.desk.tickets.urgency import binding


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a ticket's life in one state; `end` is None for the present one."""

    start: datetime
    end: datetime | None
    status: Status
    reason: str


def intervals(events: Iterable[Event]) -> list[Interval]:
    """Return the ticket's life as stretches, oldest first, without gaps.

    An event dated before its predecessor (two desks, two machine clocks) counts as happening at the predecessor's
    moment: time is never negative and never counted twice.
    """
    result: list[Interval] = []
    for event in events:
        if isinstance(event.body, Opened):
            result.append(Interval(event.at, None, Status.ACKNOWLEDGED, ""))
        elif isinstance(event.body, StatusChanged) and result:
            last = result[-1]
            at = max(event.at, last.start)
            result[-1] = Interval(last.start, at, last.status, last.reason)
            result.append(Interval(at, None, event.body.new, event.body.reason))
    return result


def read(
    events: Sequence[Event], priority: str, policy: Policy, now: datetime, ticket_type: str = ""
) -> dict[str, Clock]:  # fmt: skip
    """Return the clocks as of `now` by name: acknowledge and restore, and accept and vendor after a hand-over.

    A type of ticket that brings its own clocks has those, and no others.
    """
    if own := policy.clocks.get(ticket_type):
        return dict(own(events, policy, now))
    result = of_ncc(events, priority, policy, now)
    last = next((event.body for event in reversed(events) if isinstance(event.body, HandedOver)), None)
    vendor = policy.vendors.get(last.vendor) if last else None
    return result | of_vendor(events, vendor, now) if vendor else result


def of_ncc(events: Sequence[Event], priority: str, policy: Policy, now: datetime) -> dict[str, Clock]:
    """Return the clocks of the control centre itself: acknowledge and restore."""
    events = _from_first_effect(events)
    life = intervals(events)
    if not life:
        return {}
    waiting = life[-1].status in (Status.PENDING, Status.HELD)
    acknowledge, restore = [], []
    seen, worked = unseen(life, events), down(life, events, policy)
    for each, counted in binding(events, priority).items():
        target, calendar = policy.targets[each], policy.targets[each].calendar
        spans = list(common(seen, counted))
        acknowledge.append(clock_of("acknowledge", spans, (target.acknowledge, calendar), events, now, priority=each))
        spans = list(common(worked, counted))
        restore.append(
            clock_of("restore", spans, (target.restore, calendar), events, now, priority=each, waiting=waiting)
        )
    return {"acknowledge": _nearest(acknowledge), "restore": _nearest(restore)}


def _from_first_effect(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events with the opening as early, and as urgent, as the first effects of the ticket's alarms."""
    effects = [event.body for event in events if isinstance(event.body, CountedFrom)]
    if not effects:
        return events
    since = min(effect.since for effect in effects)

    def opened(event: Event, body: Opened) -> Event:
        known = [one for one in (body.priority, *(effect.priority for effect in effects)) if one]
        return replace(event, at=min(event.at, since), body=replace(body, priority=min(known, default="")))

    return [opened(event, event.body) if isinstance(event.body, Opened) else event for event in events]


def _nearest(clocks: Sequence[Clock]) -> Clock:
    """Return the clock that counts: the one that ends first."""
    # One that had stopped before the priority was raised is measured by the target that it had then.
    begun = [each for each in clocks if each.spans or each.state is not State.STOPPED] or clocks
    return min(begun, key=lambda each: (each.deadline.timestamp() if each.deadline else 0.0, each.left))


def of_vendor(events: Sequence[Event], vendor: Vendor, now: datetime) -> dict[str, Clock]:
    """Return the clocks of one vendor that the ticket was handed to, whether or not another had it later."""
    accept, work = at_vendor(events, vendor)
    return {
        "accept": clock_of("accept", accept, (vendor.accept, vendor.calendar), events, now),
        "vendor": clock_of("vendor", work, (vendor.restore, vendor.calendar), events, now, vendor=vendor.name),
    }


def unseen(life: Sequence[Interval], events: Sequence[Event]) -> list[Span]:
    """Return the span of the acknowledge clock."""
    opened = life[0].start
    ends = [event.at for event in events if isinstance(event.body, (Taken, HandedOver))]
    # Recovery ends the emergency: a ticket that recovers before anybody took it waits for nobody.
    ends += [stretch.start for stretch in life if stretch.status in TERMINAL or stretch.status is Status.RESOLVED]
    # What another ticket explains is dealt with there.
    ends += [stretch.start for stretch in life if stretch.status is Status.HELD and stretch.reason == CAUSE]
    return [(opened, max(min(ends), opened) if ends else None)]


def down(life: Sequence[Interval], events: Sequence[Event], policy: Policy) -> list[Span]:
    """Return the spans of the restore clock."""
    spans: list[Span] = []
    for stretch in life:
        if not _runs(stretch, events, policy):
            continue
        if spans and spans[-1][1] == stretch.start:
            spans[-1] = (spans[-1][0], stretch.end)
        else:
            spans.append((stretch.start, stretch.end))
    return spans


def _runs(stretch: Interval, events: Sequence[Event], policy: Policy) -> bool:
    if stretch.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS):
        return True
    if stretch.status is not Status.HELD:
        return False
    if stretch.reason == CAUSE:
        return False
    if stretch.reason != VENDOR:
        return True
    handed = [event.body for event in events if isinstance(event.body, HandedOver) and event.at <= stretch.start]
    vendor = policy.vendors.get(handed[-1].vendor) if handed else None
    return vendor is None or not vendor.pauses_restore


def at_vendor(events: Sequence[Event], vendor: Vendor) -> tuple[list[Span], list[Span]]:
    """Return the span of the latest request for acceptance and all spans of the vendor's work."""
    accept: Span | None = None
    work: list[Span] = []
    start: datetime | None = None
    for event in events:
        body = event.body
        leaves = isinstance(body, Returned) or (isinstance(body, StatusChanged) and body.new is not Status.HELD)
        if start is not None and (leaves or isinstance(body, HandedOver)):
            work.append((start, max(event.at, start)))
            accept = _ended(accept, event.at)
            start = None
        if isinstance(body, HandedOver) and body.vendor == vendor.name:
            # A later stretch never starts before an earlier one ended, whatever the machine clocks say.
            start = max(event.at, work[-1][1] or event.at) if work else event.at
            accept = (start, None)
        elif isinstance(body, Accepted) and start is not None and accept and accept[1] is None:
            accept = _ended(accept, event.at)
            start = max(event.at, start)
    if start is not None:
        work.append((start, None))
    return ([accept] if accept else []), work


def _ended(span: Span | None, at: datetime) -> Span | None:
    return span if span is None or span[1] is not None else (span[0], max(at, span[0]))
