"""The billing: accounts with monthly fees, a run every half minute that takes those that are due, and its faults.

Its database has what docs/billing.md describes, mostly as tables. Two fees fall due every second, so that there is
always something to charge; a file names what is broken.
"""

import argparse
import logging
import random
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from service import logs

SERVICE, BUCKET = "ott", "main"
ZONE, OTHER_ZONE = "Asia/Almaty", "UTC"
# What can be broken: the run does not start, one tariff is left out, fees are taken again, balances are shown wrong,
# refunds are given twice.
FEE, TARIFF, DOUBLE, SHOWN = "billing-fee", "billing-tariff", "billing-double", "billing-shown"
CORRECTION = "billing-correction-double"
FAULTS = (FEE, TARIFF, DOUBLE, SHOWN, CORRECTION)
SILENT = "start"  # the tariff that is left out
# Tariff, price in tiyn, and how many of ten accounts have it.
TARIFFS = (("start", 199000, 5), ("family", 349000, 3), ("sport", 450000, 1), ("premium", 699000, 1))
RUN_EVERY = timedelta(seconds=30)
SNAPSHOT_EVERY = timedelta(minutes=5)
BEFORE, AHEAD = timedelta(minutes=30), timedelta(hours=2)
DUE_EVERY = timedelta(seconds=0.5)
TRAVELLERS = 40  # the accounts that use what their bundle does not cover
DOUBLED = 60  # how many fees are taken again
REFUNDED = 25  # how many accounts are given a refund twice
_PATIENCE = 30.0

SCHEMA = """
CREATE TABLE billing_subscription (id TEXT PRIMARY KEY, service TEXT, tariff TEXT, price_minor BIGINT, anchor_day INT,
  status TEXT, next_charge_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, account_key TEXT, product TEXT);
CREATE TABLE billing_charge (id TEXT PRIMARY KEY, subscription_id TEXT, service TEXT, tariff TEXT, kind TEXT,
  period_start DATE, period_end DATE, amount_minor BIGINT, at TIMESTAMPTZ, reversal_of TEXT, order_id TEXT);
CREATE TABLE billing_outcome (subscription_id TEXT, service TEXT, tariff TEXT, period_start DATE, reason TEXT,
  at TIMESTAMPTZ);
CREATE TABLE billing_movement (account_key TEXT, service TEXT, tariff TEXT, bucket TEXT, kind TEXT, amount_minor BIGINT,
  before_minor BIGINT, after_minor BIGINT, at TIMESTAMPTZ, case_ref TEXT);
CREATE TABLE snapshot (account_key TEXT, tariff TEXT, bucket TEXT, balance BIGINT, taken_at TIMESTAMPTZ);
CREATE TABLE display (wrong BOOLEAN);
INSERT INTO display VALUES (FALSE);
CREATE VIEW billing_balance AS SELECT account_key, tariff, bucket,
  balance + CASE WHEN wrong AND right(account_key, 2) = '00' THEN 100000 ELSE 0 END AS balance_minor, taken_at
  FROM snapshot, display;
CREATE TABLE billing_run (id TEXT PRIMARY KEY, service TEXT, kind TEXT, planned_at TIMESTAMPTZ, started_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ, status TEXT);
CREATE VIEW billing_document AS SELECT id, service, tariff, amount_minor AS total_minor, 1 AS line_count,
  amount_minor AS lines_minor, at FROM billing_charge;
CREATE TABLE billing_notice (account_key TEXT, case_ref TEXT, channel TEXT, status TEXT, reason TEXT, at TIMESTAMPTZ);
CREATE VIEW billing_source AS SELECT now() AS up_to;
CREATE TABLE account (key TEXT PRIMARY KEY, tariff TEXT, balance BIGINT);
CREATE TABLE tariff (name TEXT, price BIGINT, first INT, last INT);
CREATE INDEX ON billing_subscription (next_charge_at);
CREATE INDEX ON billing_subscription (anchor_day);
CREATE INDEX ON billing_charge (at);
CREATE INDEX ON billing_charge (subscription_id, period_start);
CREATE INDEX ON billing_charge (reversal_of);
CREATE INDEX ON billing_outcome (subscription_id, period_start);
CREATE INDEX ON billing_movement (at);
CREATE INDEX ON billing_movement (account_key, bucket, at);
CREATE INDEX ON snapshot (taken_at, account_key);
"""
# Every fiftieth account has too little money. Ten minutes before midnight nothing falls due: a day ends complete.
_MORE = """
WITH born AS (
  SELECT k, t.name, t.price, due, CASE WHEN MOD(k, 50) = 0 THEN t.price / 2 ELSE t.price * 5 END AS money
  FROM generate_series(%(first)s::int, %(last)s::int) k
  JOIN tariff t ON MOD(MOD(k, 10) + 10, 10) BETWEEN t.first AND t.last
  CROSS JOIN LATERAL (SELECT %(base)s::timestamptz + k * %(step)s::interval AS due) d
  WHERE due::time < TIME '23:50'
), subscribed AS (
  INSERT INTO billing_subscription
  SELECT 's' || k, %(service)s, name, price, EXTRACT(DAY FROM due), 'active', due, NULL, 'a' || k, NULL FROM born
), opened AS (
  INSERT INTO account SELECT 'a' || k, name, money FROM born
)
INSERT INTO billing_movement
SELECT 'a' || k, %(service)s, name, %(bucket)s, 'topup', money, 0, money, %(at)s, NULL FROM born
"""
_REASONS = """
INSERT INTO billing_outcome
SELECT s.id, s.service, s.tariff, s.next_charge_at::date, 'insufficient',
  LEAST(%(now)s, s.next_charge_at + INTERVAL '30 s')
FROM billing_subscription s JOIN account a ON a.key = s.account_key
WHERE s.next_charge_at <= %(now)s AND s.tariff <> %(silent)s AND a.balance < s.price_minor AND NOT EXISTS (
  SELECT 1 FROM billing_outcome o WHERE o.subscription_id = s.id AND o.period_start = s.next_charge_at::date)
"""
_CHARGE = """
WITH due AS (
  SELECT s.*, LEAST(%(now)s, s.next_charge_at + %(late)s::interval) AS charged_at
  FROM billing_subscription s JOIN account a ON a.key = s.account_key
  WHERE s.next_charge_at <= %(now)s AND s.tariff <> %(silent)s AND a.balance >= s.price_minor
), charged AS (
  INSERT INTO billing_charge
  SELECT 'c' || id || to_char(next_charge_at, '-YYYYMM'), id, service, tariff, 'recurringCharge', next_charge_at::date,
    (next_charge_at + INTERVAL '1 month')::date - 1, price_minor, charged_at, NULL, NULL FROM due
), paid AS (
  UPDATE account a SET balance = a.balance - due.price_minor FROM due WHERE a.key = due.account_key
  RETURNING a.key, a.tariff, a.balance, due.price_minor, due.charged_at
), moved AS (
  INSERT INTO billing_movement
  SELECT key, %(service)s, tariff, %(bucket)s, 'recurringCharge', -price_minor, balance + price_minor, balance,
    charged_at, NULL
  FROM paid
)
UPDATE billing_subscription s SET next_charge_at = s.next_charge_at + INTERVAL '1 month' FROM due WHERE due.id = s.id
"""
# Charges again, or back: which rows, what is put before their ids, and the sign.
_AGAIN = """
WITH chosen AS (
  SELECT c.*, s.account_key FROM billing_charge c JOIN billing_subscription s ON s.id = c.subscription_id {which}
), again AS (
  INSERT INTO billing_charge
  SELECT {mark} || id, subscription_id, service, tariff, kind, period_start, period_end, {sign} * amount_minor, %(now)s,
    {reversal}, NULL FROM chosen
), paid AS (
  UPDATE account a SET balance = a.balance - {sign} * chosen.amount_minor FROM chosen WHERE a.key = chosen.account_key
  RETURNING a.key, a.tariff, a.balance, {sign} * chosen.amount_minor AS amount
)
INSERT INTO billing_movement
SELECT key, %(service)s, tariff, %(bucket)s, {kind}, -amount, balance + amount, balance, %(now)s, NULL
FROM paid
"""
_DOUBLE = _AGAIN.format(
    which="WHERE c.id LIKE 'c%%' AND NOT EXISTS (SELECT 1 FROM billing_charge d WHERE d.id = 'd' || c.id)"
    " ORDER BY c.at DESC, c.id LIMIT %(doubled)s",
    mark="'d'",
    sign="1",
    reversal="NULL",
    kind="'recurringCharge'",
)
_REVERSE = _AGAIN.format(
    which="WHERE c.id LIKE 'd%%' AND NOT EXISTS (SELECT 1 FROM billing_charge r WHERE r.reversal_of = c.id)",
    mark="'r'",
    sign="-1",
    reversal="id",
    kind="'refund'",
)
# Use outside the bundle: of one account at any time, and of those whose fee did not come.
_USE = """
WITH chosen AS (
  SELECT s.account_key FROM billing_subscription s
  WHERE (s.next_charge_at < %(now)s - INTERVAL '1 minute'
      AND NOT EXISTS (SELECT 1 FROM billing_outcome o WHERE o.subscription_id = s.id))
    OR s.account_key = 'a' || %(someone)s::text
  ORDER BY s.next_charge_at LIMIT 5
), paid AS (
  UPDATE account a SET balance = a.balance - 500 FROM chosen WHERE a.key = chosen.account_key AND a.balance > 500
  RETURNING a.key, a.tariff, a.balance
)
INSERT INTO billing_movement
SELECT key, %(service)s, tariff, %(bucket)s, 'nonIncludedUsage', -500, balance + 500, balance, %(now)s, NULL FROM paid
"""
# A refund of each chosen account, or what takes it back: which accounts, with which case, and the sign.
_CORRECT = """
WITH chosen AS ({which}), paid AS (
  UPDATE account a SET balance = a.balance + {sign} * 300 FROM chosen WHERE a.key = chosen.account_key
  RETURNING a.key, a.tariff, a.balance, chosen.case_ref
)
INSERT INTO billing_movement
SELECT key, %(service)s, tariff, %(bucket)s, 'refund', {sign} * 300, balance - {sign} * 300, balance, %(now)s, case_ref
FROM paid
"""
_REFUND = _CORRECT.format(
    which="SELECT key AS account_key, %(case)s::text AS case_ref FROM account ORDER BY key LIMIT %(refunded)s", sign="1"
)
_TAKE_BACK = _CORRECT.format(
    which="SELECT account_key, case_ref FROM billing_movement WHERE case_ref IS NOT NULL AND kind = 'refund'"
    " GROUP BY account_key, case_ref HAVING SUM(SIGN(amount_minor)) > 1",
    sign="-1",
)
_SNAPSHOT = "INSERT INTO snapshot SELECT key, tariff, %(bucket)s, balance, %(now)s FROM account"

Connection = psycopg.Connection[tuple[Any, ...]]

logger = logging.getLogger("demo.billing")


class Billing:
    """The database and what the billing does in it."""

    def __init__(self, connection: Connection, base: datetime, ahead: timedelta = AHEAD) -> None:
        self._connection, self._base, self._ahead = connection, base, ahead
        self._last = -int(BEFORE / DUE_EVERY) - 1
        self._slot = base
        self._snapshot = base
        self._before: frozenset[str] = frozenset()
        self._random = random.Random(1)

    def provision(self) -> None:
        """Create the tables, the accounts, and what was charged before."""
        self._connection.execute(SCHEMA)
        first = 0
        for name, price, share in TARIFFS:
            self._do("INSERT INTO tariff VALUES (%(name)s, %(price)s, %(first)s, %(last)s)", self._base, name=name,
                     price=price, first=first, last=first + share - 1)  # fmt: skip
            first += share
        self._extend(self._base, self._base - BEFORE - timedelta(hours=1))
        self._charge(self._base, "", "5 s")
        self._connection.execute("ANALYZE")
        for moment in (1, 2):
            self._take_snapshot(self._base + timedelta(milliseconds=moment))
        self._plan(self._base)

    def tick(self, now: datetime, faults: frozenset[str]) -> None:
        """Do what is due at a moment."""
        self._extend(now, now)
        if DOUBLE in faults - self._before:
            self._do(_DOUBLE, now, doubled=DOUBLED)
        if DOUBLE in self._before - faults:
            self._do(_REVERSE, now)
        if CORRECTION in faults - self._before:
            for moment in (now, now + timedelta(milliseconds=1)):  # the same corrections, started again
                self._do(_REFUND, moment, case=f"case-{now:%m%d%H%M%S}", refunded=REFUNDED)
        if CORRECTION in self._before - faults:
            self._do(_TAKE_BACK, now)
        if now >= self._slot and FEE not in faults:
            self._run(now, SILENT if TARIFF in faults else "")
        self._do(_USE, now, someone=self._random.randrange(TRAVELLERS))
        self._do("UPDATE display SET wrong = %(wrong)s WHERE wrong <> %(wrong)s", now, wrong=SHOWN in faults)
        if now >= self._snapshot + SNAPSHOT_EVERY:
            self._take_snapshot(now + timedelta(milliseconds=1))
        self._before = faults

    def _do(self, sql: str, now: datetime, **values: object) -> None:
        given = {"now": now, "service": SERVICE, "bucket": BUCKET, **values}
        self._connection.execute(sql, given)

    def _extend(self, now: datetime, at: datetime) -> None:
        """Open accounts until enough fees fall due ahead."""
        last = int((now - self._base + self._ahead) / DUE_EVERY)
        if last - self._last >= self._ahead / DUE_EVERY / 2:
            values = {"first": self._last + 1, "last": last, "base": self._base, "step": DUE_EVERY}
            self._do(_MORE, now, at=at, **values)
            self._last = last

    def _plan(self, now: datetime) -> None:
        self._slot = now - timedelta(seconds=now.timestamp() % RUN_EVERY.total_seconds()) + RUN_EVERY
        self._do(
            "INSERT INTO billing_run VALUES (%(id)s, %(service)s, 'fee', %(slot)s, NULL, NULL, 'planned')",
            now,
            id=self._slot.isoformat(),
            slot=self._slot,
        )

    def _run(self, now: datetime, silent: str) -> None:
        """Take the fees that are due; the next run is planned once this one has ended."""
        # A fee that comes late is taken now. Movements that bear the moment it was due would not follow on those since.
        self._charge(now, silent, "1 month")
        self._do(
            "UPDATE billing_run SET started_at = %(now)s, ended_at = %(now)s, status = 'ended' WHERE id = %(id)s",
            now,
            id=self._slot.isoformat(),
        )
        self._plan(now)

    def _charge(self, now: datetime, silent: str, late: str) -> None:
        self._do(_REASONS, now, silent=silent)
        self._do(_CHARGE, now, silent=silent, late=late)

    def _take_snapshot(self, now: datetime) -> None:
        self._do(_SNAPSHOT, now)
        self._do("DELETE FROM snapshot WHERE taken_at < %(now)s - INTERVAL '15 minutes'", now)
        self._snapshot = now


def zone_of(start: datetime) -> str:
    """Return the time zone of the billing's days: another one than Almaty's where midnight is near at the start.

    No fee falls due in the last ten minutes of a day, and in the first minutes too few to miss any.
    """
    return OTHER_ZONE if start.astimezone(ZoneInfo(ZONE)).hour in (22, 23, 0) else ZONE


def named(file: Path) -> frozenset[str]:
    """Return the faults that a file names."""
    return frozenset(file.read_text("utf-8").split()) if file.exists() else frozenset()


def connected(url: str) -> Connection:
    """Return a connection once the server answers; raise psycopg.OperationalError when it does not in time."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with suppress(psycopg.OperationalError):
            return psycopg.connect(url, autocommit=True)
        time.sleep(0.1)
    return psycopg.connect(url, autocommit=True)


def main() -> None:
    """Charge until killed."""
    parser = argparse.ArgumentParser("billing")
    parser.add_argument("url")
    parser.add_argument("faults", type=Path)
    parser.add_argument("ready", type=Path)
    parser.add_argument("zone")
    arguments = parser.parse_args()
    logs.configure("text")
    with connected(arguments.url) as connection:
        connection.execute("SELECT set_config('TimeZone', %s, FALSE)", (arguments.zone,))
        billing = Billing(connection, datetime.now(UTC))
        with connection.transaction():
            billing.provision()
        logger.info("fees are charged every %d s", RUN_EVERY.total_seconds())
        arguments.ready.touch()
        while True:
            with connection.transaction():
                billing.tick(datetime.now(UTC), named(arguments.faults))
            time.sleep(1)


if __name__ == "__main__":
    main()
