"""The clocks of an appeal as pure functions of its event log.

- answer: from the appeal until the answer is delivered; waiting for the customer pauses it, an incident does not;
- vendor_answer: in place of `answer` once the fault is the vendor's, with its reference, before `answer` has run out;
  from the receipt of the request; together with the time before, it is bounded by the longest term;
- branch: from the arrival in the branch's queue until somebody takes or forwards the appeal;
- supplier_receipt: from a request until the supplier's server accepts it or the supplier replies;
- tell: from an answer that is ready until it is delivered;
- law: from a written claim until its written answer, in calendar days; nothing pauses it;
- free_month: from the proposal of a free month until it is credited and the customer told.

An answer that bounced was never delivered: its time counts. A reopened appeal goes on with the used time kept. An event
dated before its predecessor counts as happening at the predecessor's moment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.desk.appeals import events as ev
from alerts.desk.appeals.events import Body, Event
from alerts.desk.appeals.states import FINAL, AnswerBy, Queue, Status
from alerts.desk.appeals.terms import DAY, Calendars, Terms, calendar_days, end_of_day
from alerts.desk.tickets.calendars import Always, Calendar
from alerts.desk.tickets.clock import State
from alerts.desk.tickets.spans import Span, missed, running, used


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock as of an instant; times in seconds of its calendar."""

    name: str
    target: float
    used: float
    state: State
    late: bool
    deadline: datetime | None  # when the target is used up; None unless the clock runs
    late_at: datetime | None  # when it was or will be used up; None where the clock does not get there

    @property
    def left(self) -> float:
        """Return the time left; negative once the target is missed."""
        return self.target - self.used


def read(log: Sequence[Event], terms: Terms, calendars: Calendars, now: datetime) -> dict[str, Clock]:
    """Return the clocks that have begun, by name."""
    log = in_order(log)
    found = (
        _answer(log, terms, calendars, now),
        _branch(log, terms, calendars, now),
        _receipt(log, terms, now),
        _tell(log, terms, calendars, now),
        _law(log, terms, calendars, now),
        _free_month(log, terms, calendars, now),
    )
    return {clock.name: clock for clock in found if clock}


def in_order(log: Sequence[Event]) -> list[Event]:
    """Return the events with moments that never step back."""
    result: list[Event] = []
    for event in log:
        at = max(event.at, result[-1].at) if result else event.at
        result.append(event if at == event.at else Event(at, event.actor, event.body))
    return result


def delivered_at(log: Sequence[Event]) -> datetime | None:
    """Return since when the customer has the answer; None while they have not."""
    since: datetime | None = None
    for event in log:
        if isinstance(event.body, ev.AnswerDelivered):
            since = min(event.body.since, event.at)
        elif isinstance(event.body, ev.AnswerBounced) or reopens(event):
            since = None
    return since


def reopens(event: Event) -> bool:
    """Return whether an event takes an answered appeal up again."""
    return isinstance(event.body, ev.Moved) and event.body.new in (Status.IN_PROGRESS, Status.HELD, Status.PENDING)


def mail_settles(log: Sequence[Event], terms: Terms) -> datetime | None:
    """Return when mail that is under way counts as delivered; None where none is."""
    sent: datetime | None = None
    for event in log:
        if isinstance(event.body, ev.AnswerSent):
            sent = event.at if event.body.channel is AnswerBy.EMAIL else None
        elif isinstance(event.body, (ev.AnswerDelivered, ev.AnswerBounced)):
            sent = None
    return sent + timedelta(seconds=terms.bounce_window) if sent else None


# The time for the answer


def _answer(log: Sequence[Event], terms: Terms, calendars: Calendars, now: datetime) -> Clock | None:
    if not terms.has_answer_term or not (start := _answer_starts(log, terms)):
        return None
    spans = _unanswered(log, terms, start)
    plain = _clock("answer", spans, (terms.answer, Always()), now, waiting=_waits(log))
    begins = _vendor_begins(log, terms)
    if begins is None or (plain.late_at is not None and plain.late_at <= begins.decided):
        return plain
    calendar = calendars.of(terms.vendor_calendar)
    within = (_vendor_target(spans, terms, calendar, begins.since), calendar)
    return _clock("vendor_answer", _from(spans, begins.since), within, now, waiting=_waits(log))


def _vendor_target(spans: Sequence[Span], terms: Terms, calendar: Calendar, since: datetime) -> float:
    """Return the vendor's term, or less where all terms together would exceed the longest one."""
    end = _moment(spans, terms.longest, Always())
    if end is None or isinstance(calendar, Always):
        rest = terms.longest - used(_until(spans, since), Always(), since)
    else:
        rest = used(_until(_from(spans, since), end), calendar, end)
    return max(0.0, min(terms.vendor_answer, rest))


def _answer_starts(log: Sequence[Event], terms: Terms) -> datetime | None:
    for event in log:
        if isinstance(event.body, ev.Registered):
            if terms.answer_from == "appeal":
                return min(event.body.appealed_at, event.at)
            if terms.answer_from == "registration":
                return event.at
        elif isinstance(event.body, ev.RequestReceived) and terms.answer_from == "request_received":
            return event.at
    return None


def _unanswered(log: Sequence[Event], terms: Terms, start: datetime) -> list[Span]:
    """Return the time in which the customer had no answer and was not asked anything."""
    spans: list[Span] = [(start, None)]
    voidable: list[Span] | None = None  # how the spans would be had the answer not been delivered
    for event in log:
        at = max(event.at, start)
        match event.body:
            case ev.AnswerDelivered(since=since) if running(spans):
                voidable = list(spans)
                end = max(min(since, at), spans[-1][0])
                spans[-1] = (spans[-1][0], end)
            case ev.AnswerBounced() if voidable is not None:
                spans, voidable = voidable, None
            case ev.Moved(new=Status.PENDING) if terms.customer_pauses and running(spans):
                spans[-1] = (spans[-1][0], at)
                voidable = None
            case ev.Moved(new=new) if new in FINAL - {Status.CLOSED} and running(spans):
                spans[-1] = (spans[-1][0], at)
            case ev.Moved(new=Status.IN_PROGRESS | Status.HELD | Status.RESOLVED) if not running(spans):
                # Resolved follows pending only by inProgress; after a delivery it is no new beginning.
                if event.body.new is not Status.RESOLVED:
                    spans.append((max(at, spans[-1][1] or at), None))
                    voidable = None
            case _:
                pass
    return spans


def _waits(log: Sequence[Event]) -> bool:
    moves = [event.body for event in log if isinstance(event.body, ev.Moved)]
    return bool(moves) and moves[-1].new is Status.PENDING


@dataclass(frozen=True, slots=True)
class _Vendor:
    since: datetime  # from when the vendor's days count
    decided: datetime  # when both the fault and the receipt were known


def _vendor_begins(log: Sequence[Event], terms: Terms) -> _Vendor | None:
    needed = ev.RequestReceived if terms.vendor_from == "received" else ev.RequestSent
    since: datetime | None = None
    for event in log:
        if isinstance(event.body, needed):
            since = since or event.at
        elif isinstance(event.body, ev.RequestBounced):
            since = None
    if since is None:
        return None
    fault: datetime | None = None
    for event in log:
        if isinstance(event.body, ev.FaultFound):
            known = event.body.reference or terms.vendor_reference == "optional"
            fault = (fault or event.at) if event.body.fault == "vendor" and known else None
    return _Vendor(since, max(fault, since)) if fault else None


# The other clocks


def _branch(log: Sequence[Event], terms: Terms, calendars: Calendars, now: datetime) -> Clock | None:
    def begins(body: Body) -> bool:
        return isinstance(body, ev.Queued) and body.queue is Queue.BRANCH

    def ends(body: Body) -> bool:
        return isinstance(body, (ev.Taken, ev.Queued)) or (isinstance(body, ev.Moved) and body.new is not Status.HELD)

    spans = _between(log, begins, ends)
    return _clock("branch", spans, (terms.branch, calendars.of("business")), now) if spans else None


def _receipt(log: Sequence[Event], terms: Terms, now: datetime) -> Clock | None:
    def ends(body: Body) -> bool:
        return isinstance(body, (ev.RequestReceived, ev.SupplierReplied)) or _is_over(body)

    spans = _between(log, lambda body: isinstance(body, ev.RequestSent), ends)
    # Each request asks for its own receipt.
    return _clock("supplier_receipt", spans[-1:], (terms.supplier_receipt, Always()), now) if spans else None


def _tell(log: Sequence[Event], terms: Terms, calendars: Calendars, now: datetime) -> Clock | None:
    def begins(body: Body) -> bool:
        return isinstance(body, ev.Moved) and body.new is Status.RESOLVED

    def ends(body: Body) -> bool:
        return isinstance(body, ev.AnswerDelivered) or (isinstance(body, ev.Moved) and body.new is not Status.RESOLVED)

    spans = _between(log, begins, ends)
    channels = [event.body.channel for event in log if isinstance(event.body, ev.AnswerSent)]
    calls = bool(channels) and channels[-1] is not AnswerBy.EMAIL
    return _clock("tell", spans, (terms.tell, calendars.calls if calls else Always()), now) if spans else None


def _law(log: Sequence[Event], terms: Terms, calendars: Calendars, now: datetime) -> Clock | None:
    received = next((event.at for event in log if isinstance(event.body, ev.ClaimReceived)), None)
    if received is None:
        return None
    answered = next((event.at for event in log if isinstance(event.body, ev.ClaimAnswered)), None)
    deadline = end_of_day(received, terms.law_days, calendars.zone)
    end = answered if answered is not None else max(now, received)
    return Clock(
        name="law",
        target=terms.law_days * DAY,
        used=calendar_days(received, end, calendars.zone) * DAY,
        state=State.STOPPED if answered is not None else State.RUNNING,
        late=end >= deadline,
        deadline=None if answered is not None else deadline,
        late_at=deadline if answered is None or answered >= deadline else None,
    )


def _free_month(log: Sequence[Event], terms: Terms, calendars: Calendars, now: datetime) -> Clock | None:
    def begins(body: Body) -> bool:
        return isinstance(body, ev.CompensationMoved) and body.state == "proposed"

    def ends(body: Body) -> bool:
        return isinstance(body, ev.CompensationMoved) and body.state in ("told", "refused")

    spans = _between(log, begins, ends)
    return _clock("free_month", spans, (terms.free_month, calendars.of("business")), now) if spans else None


def _is_over(body: Body) -> bool:
    return isinstance(body, ev.Moved) and body.new in FINAL


# Spans


def _between(log: Sequence[Event], begins: Callable[[Body], bool], ends: Callable[[Body], bool]) -> list[Span]:
    spans: list[Span] = []
    for event in log:
        if running(spans) and ends(event.body):
            spans[-1] = (spans[-1][0], event.at)
        if begins(event.body) and not running(spans):
            spans.append((event.at, None))
    return spans


def _until(spans: Sequence[Span], moment: datetime) -> list[Span]:
    return [(start, min(end or moment, moment)) for start, end in spans if start < moment]


def _from(spans: Sequence[Span], moment: datetime) -> list[Span]:
    return [(max(start, moment), end) for start, end in spans if end is None or end > moment]


def _clock(
    name: str, spans: Sequence[Span], within: tuple[float, Calendar], now: datetime, *, waiting: bool = False
) -> Clock:
    target, calendar = within
    seconds = used(spans, calendar, now)
    runs = running(spans)
    end = _moment(spans, target, calendar)
    late = missed(seconds, target, running=runs)
    state = State.RUNNING if runs else State.PAUSED if waiting else State.STOPPED
    return Clock(name, target, seconds, state, late, end if runs else None, end if runs or late else None)


def _moment(spans: Sequence[Span], seconds: float, calendar: Calendar) -> datetime | None:
    left = seconds
    for start, end in spans:
        if end is None:
            return calendar.after(start, left)
        length = calendar.working(start, end)
        if left < length:
            return calendar.after(start, left)
        left -= length
    return None
