"""The worked cases of the clocks, to the second, and what the open questions change in them."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.desk.appeals import events as ev
from alerts.desk.appeals.clocks import delivered_at, mail_settles, read
from alerts.desk.appeals.events import Body, Event
from alerts.desk.appeals.states import AnswerBy, Queue, Status
from alerts.desk.appeals.terms import DAY, Terms, accounting_period
from alerts.desk.tickets.clock import State
from tests.unit.desk.appeals.clock_cases import ALMATY, CALENDARS, at, log, seconds

TERMS = Terms()
REGISTERED = ("10:00", ev.Registered(at("10:00")))
RECEIVED = ("12:00", ev.RequestReceived())
VENDOR = ev.FaultFound("vendor", "CASE-7")


def delivered(moment: str) -> tuple[str, Body]:
    return moment, ev.AnswerDelivered(at(moment))


# Name: the log, the moment of the question, the clock, time used and left, whether it is late.
CASES: dict[str, tuple[list[Event], str, str, str, str, bool]] = {
    "plain": (log(REGISTERED, delivered("15:00")), "16:00", "answer", "5:00", "19:00", False),
    "one second late": (
        log(REGISTERED, delivered("+1 10:00:01")),
        *("+1 11:00", "answer", "24:00:01", "-0:00:01", True),
    ),
    "customer asked": (
        log(
            REGISTERED,
            ("12:00", ev.Moved(Status.PENDING)),
            ("+1 12:00", ev.Moved(Status.IN_PROGRESS)),
            delivered("+1 20:00"),
        ),
        *("+2 00:00", "answer", "10:00", "14:00", False),
    ),
    "vendor": (
        log(REGISTERED, RECEIVED, ("16:00", VENDOR), delivered("+3 11:00")),
        *("+4 00:00", "vendor_answer", "71:00", "1:00", False),
    ),
    "vendor without reference": (
        log(REGISTERED, RECEIVED, ("16:00", ev.FaultFound("vendor")), delivered("+1 10:30")),
        *("+2 00:00", "answer", "24:30", "-0:30", True),
    ),
    "attributed to the vendor late": (
        log(REGISTERED, RECEIVED, ("+1 11:00", VENDOR)),
        *("+1 12:00", "answer", "26:00", "-2:00", True),
    ),
    "bounced": (
        log(
            REGISTERED,
            ("15:00", ev.AnswerSent(AnswerBy.EMAIL)),
            ("15:05", ev.AnswerBounced()),
            delivered("18:00"),
        ),
        *("19:00", "answer", "8:00", "16:00", False),
    ),
    "duplicate mail": (log(REGISTERED, ("10:01", ev.Repeated())), "10:02", "answer", "0:02", "23:58", False),
    "cabinet stamp": (
        log(("+1 06:00", ev.Registered(at("23:50"))), delivered("+1 23:49")),
        *("+2 00:00", "answer", "23:59", "0:01", False),
    ),
    "child of an incident": (
        log(
            REGISTERED,
            ("10:05", ev.Moved(Status.HELD, "incident")),
            ("14:00", ev.Moved(Status.RESOLVED)),
            delivered("16:00"),
        ),
        *("17:00", "answer", "6:00", "18:00", False),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_worked_case(name: str) -> None:
    events, asked, clock, used, left, late = CASES[name]
    found = read(events, TERMS, CALENDARS, at(asked))[clock]
    assert (found.used, found.left, found.late) == (seconds(used), seconds(left), late)
    assert ("answer" in read(events, TERMS, CALENDARS, at(asked))) == (clock == "answer")


def test_the_statutory_time_over_new_year_ends_with_the_tenth_day() -> None:
    eve = datetime(2026, 12, 31, tzinfo=ALMATY)
    claim = log(("18:00", ev.Registered(at("18:00", eve))), ("18:00", ev.ClaimReceived()), base=eve)

    def law(*more: tuple[str, Body], asked: str) -> tuple[float, float, bool]:
        clock = read([*claim, *log(*more, base=eve)], TERMS, CALENDARS, at(asked, eve))["law"]
        return clock.used, clock.left, clock.late

    answered = ("+10 23:59", ev.ClaimAnswered())
    assert law(answered, asked="+11 00:00") == (10 * DAY, 0, False)
    assert law(asked="+10 23:59:59") == (10 * DAY, 0, False)
    assert law(asked="+11 00:00") == (11 * DAY, -DAY, True)
    assert law(("+11 00:00", ev.ClaimAnswered()), asked="+12 00:00") == (11 * DAY, -DAY, True)
    # Nothing pauses it.
    waits = ("+1 09:00", ev.Moved(Status.PENDING))
    assert law(waits, answered, asked="+11 00:00") == (10 * DAY, 0, False)
    deadline = read(claim, TERMS, CALENDARS, at("+1 00:00", eve))["law"].deadline
    assert deadline == datetime(2027, 1, 11, tzinfo=ALMATY)


@pytest.mark.parametrize("day", [1, 15, 29, 30, 31])
def test_accounting_periods_tile(day: int) -> None:
    start, end = accounting_period(datetime(2027, 1, 31, 12, tzinfo=ALMATY), ALMATY, day)
    for _ in range(30):
        assert start < end
        assert accounting_period(start, ALMATY, day) == (start, end)
        assert accounting_period(end - timedelta(microseconds=1), ALMATY, day) == (start, end)
        following = accounting_period(end, ALMATY, day)
        assert following[0] == end
        start, end = following


@pytest.mark.parametrize(("year", "last"), [(2027, 28), (2028, 29)])
def test_a_month_from_the_31st_ends_with_february(year: int, last: int) -> None:
    found = accounting_period(datetime(year, 1, 31, tzinfo=ALMATY), ALMATY, 31)
    assert found == (datetime(year, 1, 31, tzinfo=ALMATY), datetime(year, 2, last, tzinfo=ALMATY))


def test_an_answer_at_the_very_end_is_in_time() -> None:
    found = read(log(REGISTERED, delivered("+1 10:00")), TERMS, CALENDARS, at("+1 10:00"))["answer"]
    assert (found.left, found.late) == (0, False)
    assert read(log(REGISTERED), TERMS, CALENDARS, at("+1 10:00"))["answer"].late


def test_all_terms_together_are_bounded() -> None:
    events = log(REGISTERED, ("+1 09:00", VENDOR), ("+1 09:30", ev.RequestReceived()))
    found = read(events, TERMS, CALENDARS, at("+1 10:00"))["vendor_answer"]
    assert found.target == seconds("72:00")
    late = log(REGISTERED, ("12:00", ev.Moved(Status.PENDING)), ("+2 12:00", ev.RequestReceived()))
    late += log(("+2 12:00", ev.Moved(Status.IN_PROGRESS)), ("+2 13:00", VENDOR))
    paused = read(late, TERMS, CALENDARS, at("+2 14:00"))["vendor_answer"]
    assert (paused.target, paused.deadline) == (seconds("72:00"), at("+5 12:00"))
    short = Terms(longest=seconds("30:00"))
    bounded = read(late, short, CALENDARS, at("+2 14:00"))["vendor_answer"]
    assert (bounded.target, bounded.deadline) == (seconds("28:00"), at("+3 16:00"))


def test_working_days_of_the_vendor_end_with_the_longest_term() -> None:
    terms = Terms(vendor_calendar="business", vendor_answer=seconds("27:00"))
    events = log(REGISTERED, RECEIVED, ("16:00", VENDOR))
    found = read(events, terms, CALENDARS, at("16:00"))["vendor_answer"]
    assert (found.target, found.used, found.deadline) == (seconds("27:00"), seconds("4:00"), at("+3 12:00"))
    bounded = read(events, Terms(vendor_calendar="business"), CALENDARS, at("16:00"))["vendor_answer"]
    assert bounded.deadline == at("+4 10:00")  # 96 hours after the appeal


def test_choices_of_the_open_questions() -> None:
    pauses = log(REGISTERED, ("12:00", ev.Moved(Status.PENDING)))
    assert read(pauses, TERMS, CALENDARS, at("13:00"))["answer"].state is State.PAUSED
    assert read(pauses, Terms(customer_pauses=False), CALENDARS, at("13:00"))["answer"].used == seconds("3:00")
    assert "answer" not in read(pauses, Terms(has_answer_term=False), CALENDARS, at("13:00"))
    stamp = log(("+1 06:00", ev.Registered(at("23:50"))), ("+1 07:00", ev.RequestReceived()))
    used = {
        origin: read(stamp, Terms(answer_from=origin), CALENDARS, at("+1 08:00"))["answer"].used
        for origin in ("appeal", "registration", "request_received")
    }
    expected = {"appeal": "8:10", "registration": "2:00", "request_received": "1:00"}
    assert used == {name: seconds(text) for name, text in expected.items()}
    sent = log(REGISTERED, ("11:00", ev.RequestSent()), RECEIVED, ("16:00", ev.FaultFound("vendor")))
    chosen = Terms(vendor_from="sent", vendor_reference="optional")
    assert read(sent, chosen, CALENDARS, at("16:00"))["vendor_answer"].used == seconds("5:00")


def test_a_late_bounce_undoes_the_answer_and_a_reopened_appeal_goes_on() -> None:
    sent = log(
        REGISTERED,
        ("15:00", ev.AnswerSent(AnswerBy.EMAIL)),
        ("15:15", ev.AnswerDelivered(at("15:00"))),
        ("15:15", ev.Moved(Status.CLOSED)),
    )
    assert read(sent, TERMS, CALENDARS, at("20:00"))["answer"].used == seconds("5:00")
    assert delivered_at(sent) == at("15:00")
    bounced = [*sent, *log(("19:00", ev.AnswerBounced()), ("19:00", ev.Moved(Status.IN_PROGRESS)))]
    assert read(bounced, TERMS, CALENDARS, at("20:00"))["answer"].used == seconds("10:00")
    assert delivered_at(bounced) is None
    reopened = [*sent, *log(("19:00", ev.Moved(Status.IN_PROGRESS)))]
    assert read(reopened, TERMS, CALENDARS, at("20:00"))["answer"].used == seconds("6:00")


def test_mail_under_way_settles_after_the_time_for_bounces() -> None:
    mail = ("15:00", ev.AnswerSent(AnswerBy.EMAIL))
    assert mail_settles(log(REGISTERED, mail), TERMS) == at("15:15")
    assert mail_settles(log(REGISTERED, mail, ("15:05", ev.AnswerBounced())), TERMS) is None
    assert mail_settles(log(REGISTERED, mail, delivered("15:15")), TERMS) is None
    assert mail_settles(log(REGISTERED, ("15:00", ev.AnswerSent(AnswerBy.MOBILE))), TERMS) is None


def test_clock_of_the_branch_runs_in_its_hours() -> None:
    queued = ("17:00", ev.Queued(Queue.BRANCH))
    assert read(log(queued), TERMS, CALENDARS, at("+1 10:00"))["branch"].used == seconds("2:00")
    assert read(log(queued), TERMS, CALENDARS, at("17:30"))["branch"].deadline == at("+1 12:00")
    for ending in (ev.Taken(), ev.Queued(Queue.SUPPLIER)):
        found = read(log(queued, ("17:10", ending)), TERMS, CALENDARS, at("+1 10:00"))["branch"]
        assert (found.used, found.state) == (600, State.STOPPED)


def test_clock_of_the_suppliers_receipt_is_of_the_latest_request() -> None:
    first = (("10:00", ev.RequestSent()), ("10:30", ev.RequestReceived()))
    found = read(log(*first), TERMS, CALENDARS, at("12:00"))["supplier_receipt"]
    assert (found.used, found.late) == (seconds("0:30"), False)
    again = read(log(*first, ("11:00", ev.RequestSent())), TERMS, CALENDARS, at("12:00"))["supplier_receipt"]
    assert (again.used, again.late) == (seconds("1:00"), True)


def test_clock_of_telling_counts_the_hours_of_calls() -> None:
    ready = ("21:00", ev.Moved(Status.RESOLVED))
    called = ("21:30", ev.AnswerSent(AnswerBy.MOBILE))
    found = read(log(ready, called), TERMS, CALENDARS, at("+1 09:00"))["tell"]
    assert (found.used, found.deadline) == (seconds("2:00"), at("+1 11:00"))
    mailed = read(log(ready, ("21:30", ev.AnswerSent(AnswerBy.EMAIL))), TERMS, CALENDARS, at("+1 09:00"))["tell"]
    assert (mailed.used, mailed.late) == (seconds("12:00"), True)


def test_clock_of_the_free_month_counts_working_days() -> None:
    proposed = ("10:00", ev.CompensationMoved("proposed"))
    found = read(log(proposed), TERMS, CALENDARS, at("10:00"))["free_month"]
    # Five working days on from Monday the 2nd; the 9th is a day off that the 8th of March gave.
    assert found.deadline == datetime(2026, 3, 10, 10, tzinfo=ALMATY)
    told = read(log(proposed, ("11:00", ev.CompensationMoved("told"))), TERMS, CALENDARS, at("12:00"))["free_month"]
    assert (told.used, told.state) == (seconds("1:00"), State.STOPPED)


def test_no_clock_without_its_beginning() -> None:
    assert read([], TERMS, CALENDARS, datetime(2026, 1, 1, tzinfo=UTC)) == {}
