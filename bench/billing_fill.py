"""A healthy billing of many accounts with months of charges, written by SQL: on PostgreSQL, and the same on MariaDB.

Account n is due on day n mod 28 + 1 of each month, at second 7919 n of the day; d0 is this month's. Every account has
its last charges, and a movement between two snapshots.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.contract.agent.billing.schema import INDEXES, Store, statements

ALMATY = ZoneInfo("Asia/Almaty")
_DUE = """
(SELECT n, date_trunc('month', {now}) + make_interval(days => (n % 28)::int, secs => n * 7919 % 86400) AS d0
 FROM generate_series(CAST(0 AS BIGINT), {last}) n) a
"""
_DUE_MARIADB = """
(SELECT seq AS n, TIMESTAMP('{month}') + INTERVAL seq % 28 DAY + INTERVAL seq * 7919 % 86400 SECOND AS d0
 FROM seq_0_to_{last}) a
"""


def fill_postgresql(store: Store, accounts: int, months: int, now: datetime) -> None:
    """Write so many accounts with so many months of charges."""
    at = f"TIMESTAMPTZ '{now.isoformat()}'"
    due = _DUE.format(now=at, last=accounts - 1)
    later = f"d0 + CASE WHEN d0 <= {at} THEN INTERVAL '1 month' ELSE INTERVAL '0' END"
    each = f"d0 - make_interval(months => k + CASE WHEN d0 <= {at} THEN 0 ELSE 1 END)"
    store.execute(
        "SET TIME ZONE 'Asia/Almaty'",
        *statements(store.url)[: -len(INDEXES)],
        "INSERT INTO billing_subscription SELECT 's' || n, 'mobile', 'tariff-' || n % 10, 100000 + n % 10, n % 28 + 1,"
        f" 'active', {later}, NULL, 'a' || n, NULL FROM {due}",
        "INSERT INTO billing_charge SELECT 'c' || n || '-' || k, 's' || n, 'mobile', 'tariff-' || n % 10,"
        " 'recurringCharge', due::date, (due + INTERVAL '1 month')::date - 1, 100000 + n % 10,"
        f" due + INTERVAL '5' SECOND, NULL, NULL FROM (SELECT n, k, {each} AS due FROM {due}"
        f" CROSS JOIN generate_series(0, {months - 1}) k) c",
        "INSERT INTO billing_movement SELECT 'a' || n, 'mobile', 'tariff-' || n % 10, 'main', 'topup',"
        f" 1000, 5000, 6000, {at} - INTERVAL '12 hours' + make_interval(secs => n % 3600), NULL"
        f" FROM generate_series(CAST(0 AS BIGINT), {accounts - 1}) n",
        *(
            f"INSERT INTO billing_balance SELECT 'a' || n, 'tariff-' || n % 10, 'main', {balance},"
            f" {at} - INTERVAL '{ago}' FROM generate_series(CAST(0 AS BIGINT), {accounts - 1}) n"
            for balance, ago in ((5000, "25 hours"), (6000, "1 hour"))
        ),
        f"INSERT INTO billing_source VALUES ({at} + INTERVAL '1 day')",
        *INDEXES,
        "ANALYZE",
    )


def fill_mariadb(store: Store, accounts: int, months: int, now: datetime) -> None:
    """Write the same."""
    local = now.astimezone(ALMATY)
    at = f"TIMESTAMP('{local:%Y-%m-%d %H:%M:%S}')"
    due = _DUE_MARIADB.format(month=f"{local:%Y-%m-01}", last=accounts - 1)
    store.execute(
        "SET time_zone = '+05:00'",
        *statements(store.url)[: -len(INDEXES)],
        "INSERT INTO billing_subscription SELECT CONCAT('s', n), 'mobile', CONCAT('tariff-', n % 10), 100000 + n % 10,"
        f" n % 28 + 1, 'active', d0 + INTERVAL (d0 <= {at}) MONTH, NULL, CONCAT('a', n), NULL FROM {due}",
        "INSERT INTO billing_charge SELECT CONCAT('c', n, '-', k), CONCAT('s', n), 'mobile', CONCAT('tariff-', n % 10),"
        " 'recurringCharge', DATE(due), DATE(due + INTERVAL 1 MONTH) - INTERVAL 1 DAY, 100000 + n % 10,"
        f" due + INTERVAL 5 SECOND, NULL, NULL FROM (SELECT n, seq AS k, d0 - INTERVAL (seq + (d0 > {at})) MONTH AS due"
        f" FROM {due} CROSS JOIN seq_0_to_{months - 1}) c",
        "INSERT INTO billing_movement SELECT CONCAT('a', seq), 'mobile', CONCAT('tariff-', seq % 10), 'main', 'topup',"
        f" 1000, 5000, 6000, {at} - INTERVAL 12 HOUR + INTERVAL seq % 3600 SECOND, NULL FROM seq_0_to_{accounts - 1}",
        *(
            f"INSERT INTO billing_balance SELECT CONCAT('a', seq), CONCAT('tariff-', seq % 10), 'main', {balance},"
            f" {at} - INTERVAL {ago} HOUR FROM seq_0_to_{accounts - 1}"
            for balance, ago in ((5000, 25), (6000, 1))
        ),
        f"INSERT INTO billing_source VALUES ({at} + INTERVAL 1 DAY)",
        *INDEXES,
        "ANALYZE TABLE billing_subscription, billing_charge, billing_movement, billing_balance",
    )
