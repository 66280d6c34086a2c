"""A healthy billing that lives through months, with everything that looks like a fault and is none.

5,000 accounts with ten tariffs, most of them due on the first of the month, in the hour after midnight. Some have no
money and pay late; others freeze, leave, join, or change their plan; a campaign gives a month for nothing; prices
change at midnight; runs are slow, or moved. Its rows are written as the moments of their events come.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

import psycopg

from agent.sources.billing.calendar import DAY, Calendar
from tests.contract.agent.billing.schema import ALMATY, VIEWS, Store

SERVICE = "mobile"
ACCOUNTS = 5_000
CALENDAR = Calendar(ALMATY)
RUN = time()  # the run begins at midnight and takes an hour
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PAYDAYS = (5, 20)
REASONS = ("frozen", "suspended")


@dataclass(slots=True)
class Subscription:
    """A subscription, and what its account has."""

    number: int
    id: str
    tariff: int
    anchor: int
    second: int  # of the day, at which its fee falls due
    start: date  # of the earliest period that is not charged
    balance: int
    price: int
    ended: bool = False
    before: int = 0  # how many months were not paid


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in a window of days besides the usual."""

    first: date
    days: int
    slow: frozenset[date] = frozenset()
    lag: frozenset[date] = frozenset()
    moved: dict[date, time] = field(default_factory=dict)  # declared
    undeclared: dict[date, time] = field(default_factory=dict)
    prices: frozenset[date] = frozenset()  # change at midnight
    plans: frozenset[date] = frozenset()  # a tenth of the accounts of a tariff change theirs
    campaigns: frozenset[date] = frozenset()  # days whose fees one in ten need not pay

    @property
    def end(self) -> date:
        """Return the day after the last."""
        return self.first + DAY * self.days


class World:
    """Writes the billing's rows up to a moment."""

    def __init__(self, url: str, plan: Plan, seed: int) -> None:
        self.plan = plan
        self._random = random.Random(seed)
        self._store = Store(url)
        self._store.create()
        self._connection = psycopg.connect(url.replace("+psycopg", ""))
        self._events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._number = count()
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._changes: dict[str, tuple[Any, ...]] = {}
        self._prices = [100_000 + 13_000 * tariff for tariff in range(10)]
        self._day = plan.first - DAY
        self._last = CALENDAR.at(plan.first)
        self.subscriptions = [self._first(number) for number in range(ACCOUNTS)]
        self._rows["source"] = [(CALENDAR.at(plan.first),)]
        self._write()

    def _first(self, number: int) -> Subscription:
        """Return a customer of old, with the fee of the period before."""
        pick = self._random.random()
        anchor = 1 if pick < 0.6 else self._random.randint(2, 31)
        tariff = number % 10
        start = next_anchor(self.plan.first - DAY, anchor)
        fees = self._prices[tariff]
        one = Subscription(number, f"s{number}", tariff, anchor, number * 7919 % 3600, start, 0, fees)
        one.balance = fees * self._random.randint(1, 12)
        before = previous_anchor(start, anchor)
        at = CALENDAR.at(before) + SECOND * one.second
        self._add("subscription", self._row(one))
        self._add("charge", charge_row(one, f"c{next(self._number)}", (before, start - DAY), fees, at))
        self._move(one, "topup", one.balance, at + SECOND, before=0)
        return one

    def live_until(self, moment: datetime) -> None:
        """Let everything happen that happens up to a moment."""
        while (day := self._day + DAY) <= CALENDAR.day(moment):
            self._day = day
            self._plan_day(day)
        while self._events and self._events[0][0] <= moment:
            at, _, happens = heapq.heappop(self._events)
            happens(at)
        self._write()
        self._last = moment

    def known_up_to(self, moment: datetime) -> None:
        """Say up to which moment the replica has the rows."""
        self._connection.execute("UPDATE billing_source SET up_to = %s", (moment,))
        self._connection.commit()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _later(self, at: datetime, happens: Callable[[datetime], None]) -> None:
        heapq.heappush(self._events, (at, next(self._number), happens))

    def _plan_day(self, day: date) -> None:
        start = CALENDAR.at(day)
        if day in self.plan.prices:
            self._later(start, self._change_prices)
        planned, begins = CALENDAR.at(day, self.plan.moved.get(day, RUN)), self._begins(day)
        run = f"r{day}"
        self._later(
            start - 6 * 60 * MINUTE, lambda _at: self._add("run", (run, SERVICE, "fee", planned, None, None, "planned"))
        )
        self._later(begins, lambda at: self._change("run", run, at, None, "running"))
        self._later(begins + 60 * MINUTE, lambda at: self._change("run", run, begins, at, "completed"))
        self._plan_fees(day, start, begins)
        if day.day in PAYDAYS:
            for one in self._random.sample(self.subscriptions, 400):
                self._later(self._some_time(day), self._topup(one))
        for one in self._random.sample(self.subscriptions, 60):
            self._later(self._some_time(day), self._topup(one))
        for one in self._random.sample(self.subscriptions, 100):
            self._later(self._some_time(day), self._use(one))
        for _ in range(8):
            self._later(self._some_time(day), self._join)
        for one in self._random.sample(self.subscriptions, 5):
            self._later(self._some_time(day), self._leave(one))
        if day in self.plan.plans:
            tariff = self._random.randrange(10)
            others = [one for one in self.subscriptions if one.tariff == tariff and not one.ended]
            for one in self._random.sample(others, len(others) // 2):
                self._later(self._some_time(day), self._change_plan(one))
        self._later(CALENDAR.at(day, time(4)), self._take_snapshot)

    def _begins(self, day: date) -> datetime:
        """Return when the run of a day begins."""
        return CALENDAR.at(day, self.plan.undeclared.get(day) or self.plan.moved.get(day, RUN))

    def _plan_fees(self, day: date, start: datetime, begins: datetime) -> None:
        """Let the run take the fees that fall due on a day: a slow one takes longer, a moved one what has waited."""
        broke = self._random.uniform(0.12, 0.23)
        waited = 0
        due = sorted((one for one in self.subscriptions if one.start == day and not one.ended), key=lambda s: s.second)
        for one in due:
            at = start + SECOND * one.second
            if at < begins:  # 400 a minute
                at = begins + SECOND * waited * 0.15
                waited += 1
            elif day in self.plan.slow:
                at += SECOND * one.second * 0.4
            at += SECOND * self._random.uniform(2, 50)
            pick = self._random.random()
            if day in self.plan.campaigns and pick < 0.1:
                self._later(at, self._excuse(one, "free"))
            elif pick > 0.985:
                self._later(at, self._excuse(one, self._random.choice(REASONS)))
            else:
                self._later(at, self._take_fee(one, broke=self._random.random() < broke))

    def _take_fee(self, one: Subscription, *, broke: bool) -> Callable[[datetime], None]:
        def happens(at: datetime) -> None:
            if one.ended:
                return
            if broke and one.balance >= one.price:  # spent it elsewhere
                self._move(one, "usageCharge", -(one.balance - one.price // 2), at - SECOND)
            if one.balance >= one.price:
                self._charge(one, at)
                return
            self._outcome(one, one.start, "insufficient", at)
            self._later(self._next_due(one), self._give_up(one, one.start))

        return happens

    def _next_due(self, one: Subscription) -> datetime:
        return CALENDAR.at(following(one.start, one.anchor)) + SECOND * (one.second - 1)

    def _give_up(self, one: Subscription, start: date) -> Callable[[datetime], None]:
        """The period that nobody paid is over: the cursor moves on, the next one is tried by the run."""

        def happens(at: datetime) -> None:
            if one.ended or one.start != start:
                return
            one.start = following(start, one.anchor)
            self._cursor(one)
            run = max(at, self._begins(CALENDAR.day(at)))
            self._later(run + SECOND * 20, self._take_fee(one, broke=one.balance < one.price))

        return happens

    def _charge(self, one: Subscription, at: datetime) -> None:
        end = following(one.start, one.anchor) - DAY
        self._add("charge", charge_row(one, f"c{next(self._number)}", (one.start, end), one.price, at))
        self._move(one, "recurringCharge", -one.price, at)
        one.start = end + DAY
        self._cursor(one)

    def _excuse(self, one: Subscription, reason: str) -> Callable[[datetime], None]:
        def happens(at: datetime) -> None:
            if one.ended:
                return
            self._outcome(one, one.start, reason, at)
            one.start = following(one.start, one.anchor)
            self._cursor(one)

        return happens

    def _outcome(self, one: Subscription, start: date, reason: str, at: datetime) -> None:
        self._add("outcome", (one.id, SERVICE, f"tariff-{one.tariff}", start, reason, at))

    def _topup(self, one: Subscription) -> Callable[[datetime], None]:
        def happens(at: datetime) -> None:
            if one.ended:
                return
            self._move(one, "topup", one.price * self._random.randint(1, 3), at)
            if CALENDAR.at(one.start) + SECOND * (one.second + 3600) < at and one.balance >= one.price:
                self._charge(one, at + SECOND)  # had no money when it was due

        return happens

    def _use(self, one: Subscription) -> Callable[[datetime], None]:
        def happens(at: datetime) -> None:
            spent = min(one.balance, self._random.randint(100, 5_000))
            if spent and not one.ended:
                self._move(one, "nonIncludedUsage", -spent, at)

        return happens

    def _join(self, at: datetime) -> None:
        """A new customer pays for a month from today on, or for what is left of the calendar's."""
        self._begin(len(self.subscriptions), self._random.randrange(10), at, whole=self._random.random() < 0.5)

    def _begin(self, number: int, tariff: int, at: datetime, *, whole: bool, balance: int = 0) -> None:
        day = CALENDAR.day(at)
        price = self._prices[tariff]
        anchor = day.day if whole else 1
        one = Subscription(number, f"s{number}", tariff, anchor, number * 7919 % 3600, day, balance, price)
        self.subscriptions.append(one)
        end = following(day, anchor) - DAY
        days = days_of_month(day)
        amount = price if day.day == anchor else round(price * ((end - day).days + 1) / days)
        self._move(one, "topup", amount + price, at, before=balance)
        self._add("charge", charge_row(one, f"c{next(self._number)}", (day, end), amount, at + SECOND))
        self._move(one, "recurringCharge", -amount, at + SECOND)
        one.start = end + DAY
        self._add("subscription", self._row(one))

    def _leave(self, one: Subscription) -> Callable[[datetime], None]:
        def happens(at: datetime) -> None:
            if not one.ended:
                one.ended = True
                self._connection.execute(
                    "UPDATE billing_subscription SET status = 'ended', ended_at = %s WHERE id = %s", (at, one.id)
                )

        return happens

    def _change_plan(self, one: Subscription) -> Callable[[datetime], None]:
        def happens(at: datetime) -> None:
            if one.ended:
                return
            self._leave(one)(at)
            self._begin(len(self.subscriptions), (one.tariff + 1) % 10, at + SECOND, whole=False)

        return happens

    def _change_prices(self, _at: datetime) -> None:
        tariff = self._random.randrange(10)
        self._prices[tariff] += 7_000
        for one in self.subscriptions:
            if one.tariff == tariff:
                one.price = self._prices[tariff]
        self._write()
        self._connection.execute(
            "UPDATE billing_subscription SET price_minor = %s WHERE tariff = %s",
            (self._prices[tariff], f"tariff-{tariff}"),
        )

    def _take_snapshot(self, at: datetime) -> None:
        for one in self.subscriptions:
            self._add("balance", (f"a{one.number}", f"tariff-{one.tariff}", "main", one.balance, at))
        self._connection.execute("DELETE FROM billing_balance WHERE taken_at < %s", (at - 3 * DAY,))

    def _move(self, one: Subscription, kind: str, amount: int, at: datetime, before: int | None = None) -> None:
        had = one.balance if before is None else before
        one.balance = had + amount
        moved = (f"a{one.number}", SERVICE, f"tariff-{one.tariff}", "main", kind, amount, had, one.balance, at, None)
        self._add("movement", moved)

    def _row(self, one: Subscription) -> tuple[Any, ...]:
        due = CALENDAR.at(one.start) + SECOND * one.second
        known = (one.id, SERVICE, f"tariff-{one.tariff}", one.price, one.anchor, "active", due, None)
        return (*known, f"a{one.number}", None)

    def _cursor(self, one: Subscription) -> None:
        self._changes[one.id] = (CALENDAR.at(one.start) + SECOND * one.second, one.id)

    def _change(self, view: str, run: str, started: datetime, ended: datetime | None, status: str) -> None:
        self._write()
        self._connection.execute(
            f"UPDATE billing_{view} SET started_at = %s, ended_at = %s, status = %s WHERE id = %s",
            (started, ended, status, run),
        )

    def _add(self, view: str, row: tuple[Any, ...]) -> None:
        self._rows.setdefault(view, []).append(row)

    def _write(self) -> None:
        """Write what has happened in one transaction."""
        with self._connection.cursor() as cursor:
            for view, rows in self._rows.items():
                columns = [column.split()[0] for column in VIEWS[view].split(", ")]
                with cursor.copy(f"COPY billing_{view} ({', '.join(columns)}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            if self._changes:
                cursor.executemany(
                    "UPDATE billing_subscription SET next_charge_at = %s WHERE id = %s", list(self._changes.values())
                )
        self._connection.commit()
        self._rows.clear()
        self._changes.clear()

    def _some_time(self, day: date) -> datetime:
        return CALENDAR.at(day, time(8)) + SECOND * self._random.uniform(0, 14 * 3600)


def charge_row(one: Subscription, id_: str, period: tuple[date, date], amount: int, at: datetime) -> tuple[Any, ...]:
    """Return a fee's row."""
    return (id_, one.id, SERVICE, f"tariff-{one.tariff}", "recurringCharge", *period, amount, at, None, None)


def days_of_month(day: date) -> int:
    """Return how many days its month has."""
    return (date(day.year + day.month // 12, day.month % 12 + 1, 1) - day.replace(day=1)).days


def anchored(year: int, month: int, anchor: int) -> date:
    """Return the anchor day of a month, or its last."""
    first = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    return first.replace(day=min(anchor, days_of_month(first)))


def following(start: date, anchor: int) -> date:
    """Return the anchor day after a day."""
    this = anchored(start.year, start.month, anchor)
    return this if this > start else anchored(start.year, start.month + 1, anchor)


def next_anchor(day: date, anchor: int) -> date:
    """Return the first anchor day after a day."""
    return following(day, anchor)


def previous_anchor(start: date, anchor: int) -> date:
    """Return the anchor day before one."""
    return (
        anchored(start.year, start.month - 1 if start.month > 1 else 0, anchor)
        if start.month > 1
        else anchored(start.year - 1, 12, anchor)
    )


def moments(plan: Plan, close: Callable[[date], bool]) -> Iterator[datetime]:
    """Yield when the checks are asked: often in the night of a day that is looked at closely, else now and then."""
    day = plan.first
    while day < plan.end:
        start, end = CALENDAR.at(day), CALENDAR.at(day + DAY)
        quick, usual = (2 * MINUTE, 20 * MINUTE) if close(day) else (20 * MINUTE, 100 * MINUTE)
        at = start
        while at < end:
            yield at
            since = at - start
            often = (
                since < 100 * MINUTE
                or timedelta(hours=3) <= since < 220 * MINUTE
                or 358 * MINUTE < since < 375 * MINUTE
            )
            at += quick if often else usual
        day += DAY
