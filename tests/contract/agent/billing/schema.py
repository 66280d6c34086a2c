"""The generic views as tables of a real database, and rows for them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

ALMATY = ZoneInfo("Asia/Almaty")
VIEWS = {
    "subscription": "id TEXT_ID PRIMARY KEY, service VARCHAR(20), tariff VARCHAR(40), price_minor BIGINT,"
    " anchor_day INT, status VARCHAR(20), next_charge_at MOMENT, ended_at MOMENT,"
    " account_key TEXT_ID, product VARCHAR(40)",
    "charge": "id TEXT_ID PRIMARY KEY, subscription_id TEXT_ID, service VARCHAR(20), tariff VARCHAR(40),"
    " kind VARCHAR(40), period_start DATE, period_end DATE, amount_minor BIGINT, at MOMENT,"
    " reversal_of TEXT_ID, order_id VARCHAR(40)",
    "outcome": "subscription_id TEXT_ID, service VARCHAR(20), tariff VARCHAR(40), period_start DATE,"
    " reason VARCHAR(40), at MOMENT",
    "movement": "account_key TEXT_ID, service VARCHAR(20), tariff VARCHAR(40), bucket VARCHAR(20), kind VARCHAR(40),"
    " amount_minor BIGINT, before_minor BIGINT, after_minor BIGINT, at MOMENT, case_ref VARCHAR(40)",
    "balance": "account_key TEXT_ID, tariff VARCHAR(40), bucket VARCHAR(20), balance_minor BIGINT, taken_at MOMENT",
    "run": "id TEXT_ID, service VARCHAR(20), kind VARCHAR(20), planned_at MOMENT, started_at MOMENT, ended_at MOMENT,"
    " status VARCHAR(20)",
    "notice": "account_key TEXT_ID, case_ref VARCHAR(40), channel VARCHAR(20), status VARCHAR(20), reason VARCHAR(40),"
    " at MOMENT",
    "document": "id TEXT_ID, service VARCHAR(20), tariff VARCHAR(40), total_minor BIGINT, line_count INT,"
    " lines_minor BIGINT, at MOMENT",
    "source": "up_to MOMENT",
}
INDEXES = (
    "CREATE INDEX subscription_next ON billing_subscription (next_charge_at)",
    "CREATE INDEX subscription_anchor ON billing_subscription (anchor_day)",
    "CREATE INDEX charge_at ON billing_charge (at)",
    "CREATE INDEX charge_period ON billing_charge (subscription_id, period_start)",
    "CREATE INDEX charge_reversal ON billing_charge (reversal_of)",
    "CREATE INDEX outcome_period ON billing_outcome (subscription_id, period_start)",
    "CREATE INDEX movement_at ON billing_movement (at)",
    "CREATE INDEX subscription_account ON billing_subscription (account_key)",
    "CREATE INDEX movement_case ON billing_movement (case_ref)",
    "CREATE INDEX notice_case ON billing_notice (case_ref, account_key)",
    "CREATE INDEX movement_account ON billing_movement (account_key, bucket, at)",
    "CREATE INDEX document_at ON billing_document (at)",
    "CREATE INDEX balance_taken ON billing_balance (taken_at, account_key)",
)
Row = Sequence[Any]


def statements(url: str) -> list[str]:
    """Return the statements that create the tables and the indexes that docs/billing.md asks for."""
    moment = "TIMESTAMPTZ" if url.startswith("postgresql") else "TIMESTAMP NULL DEFAULT NULL"
    tables = [
        f"CREATE TABLE billing_{name} ({columns.replace('MOMENT', moment).replace('TEXT_ID', 'VARCHAR(40)')})"
        for name, columns in VIEWS.items()
    ]
    return [*tables, *INDEXES]


class Store:
    """A database with the generic schema."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(url, poolclass=NullPool)

    def create(self) -> None:
        self.execute(*statements(self.url))

    def execute(self, *lines: str) -> None:
        with self._engine.begin() as connection:
            for line in lines:
                connection.execute(text(line))

    def insert(self, tables: Mapping[str, Iterable[Row]]) -> None:
        """Insert rows, each with the columns of its view in order; naive moments are refused."""
        with self._engine.begin() as connection:
            if not self.url.startswith("postgresql"):
                connection.execute(text("SET time_zone = '+00:00'"))
            for table, rows in tables.items():
                self._insert(connection, table, list(rows))

    def _insert(self, connection: Connection, table: str, rows: list[Row]) -> None:
        columns = [column.split()[0] for column in VIEWS[table].split(", ")]
        if rows:
            marks = ", ".join(f":{column}" for column in columns)
            connection.execute(
                text(f"INSERT INTO billing_{table} VALUES ({marks})"),
                [dict(zip(columns, map(_stored, row), strict=True)) for row in rows],
            )


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        assert value.tzinfo is not None
        return value.astimezone(UTC)
    return value


def moment(written: str) -> datetime:
    """Return a moment as the tables write it: Almaty's clock, or UTC's with Z."""
    zone = UTC if written.endswith("Z") else ALMATY
    return datetime.fromisoformat(written.rstrip("Z")).replace(tzinfo=zone).astimezone(UTC)


def tables_of(case: str, rows: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Return the rows of a case of patterns.toml under a service of that name, and with ids of their own."""

    def own(written: str) -> str | None:
        return f"{case}-{written}" if written else None

    def when(written: str) -> datetime | None:
        return moment(written) if written else None

    # Subscriptions that share an account, or whose product is exclusive: subscription, account, product.
    accounts = {id_: (own(account), product or None) for id_, account, product in expanded(rows.get("products", []))}
    tariffs = {own(row[0]): row[1] for row in expanded(rows.get("subscriptions", []))}
    return {
        "subscription": [
            (
                *(own(id_), case, tariff, price, anchor or None, status, when(following), when(ended)),
                *accounts.get(id_, (own(f"account-{id_}"), None)),
            )
            for id_, tariff, price, anchor, status, following, ended in expanded(rows.get("subscriptions", []))
        ],
        "charge": [
            (
                *(own(id_), own(sub), case, tariffs[own(sub)], kind, start or None, end or None),
                *(amount, when(at), own(reversal), order or None),
            )
            for id_, sub, kind, start, end, amount, at, reversal, order in expanded(rows.get("charges", []))
        ],
        "outcome": [
            (own(sub), case, tariffs[own(sub)], start, reason, when(at))
            for sub, start, reason, at in expanded(rows.get("outcomes", []))
        ],
        "movement": [
            (own(account), case, "T", bucket, kind, amount, before, after, when(at), ref or None)
            for account, bucket, kind, amount, before, after, at, ref in expanded(rows.get("movements", []))
        ],
        "document": [
            (own(id_), case, "T", total, count, lines, when(at))
            for id_, total, count, lines, at in expanded(rows.get("documents", []))
        ],
        "balance": [
            (own(account), "T", bucket, balance, when(taken))
            for account, bucket, balance, taken in expanded(rows.get("balances", []))
        ],
        "run": [
            (f"{case}-{number}", case, kind, when(planned), when(started), when(ended), status)
            for number, (kind, planned, started, ended, status) in enumerate(expanded(rows.get("runs", [])))
        ],
    }


def expanded(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield each row, one with "s[3]" as three: s1, s2, s3."""
    for row in rows:
        counts = {int(match[1]) for value in row if (match := re.search(r"\[(\d+)\]", str(value)))}
        assert len(counts) <= 1, row
        if not counts:
            yield row
        for number in range(1, max(counts, default=0) + 1):
            yield [re.sub(r"\[\d+\]", str(number), value) if isinstance(value, str) else value for value in row]
