"""The tables of the database of records."""

from sqlalchemy import BigInteger, Column, Date, Float, Integer, LargeBinary, MetaData, String, Table

METADATA = MetaData()

DAYS = Table(
    "busy_hour_day",
    METADATA,
    Column("scope", String(255), primary_key=True),
    Column("quantity", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("zone", String(64), nullable=False),
    Column("day_start", BigInteger, nullable=False),  # UTC seconds
    Column("day_end", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("phase", Integer, nullable=False),
    Column("value", Float(53)),  # the busy hour by quarter; null where no hour was complete enough
    Column("start", BigInteger),
    Column("full_value", Float(53)),
    Column("full_start", BigInteger),
    Column("coverage", Float(53), nullable=False),
    Column("flags", String(255), nullable=False),
    Column("definition", Integer, nullable=False),
    Column("source", String(255), nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("slots", LargeBinary, nullable=False),
    Column("fine_step", Integer, nullable=False),
    Column("fine", LargeBinary, nullable=False),
)

MAILED = Table(
    "busy_hour_mail",
    METADATA,
    Column("month", Date, primary_key=True),  # its first day
    Column("sent", BigInteger, nullable=False),
)

# Who has been sent the report of a month, or refused for good; a month is mailed once this is everybody.
MAILED_TO = Table(
    "busy_hour_mail_recipient",
    METADATA,
    Column("month", Date, primary_key=True),
    Column("recipient", String(255), primary_key=True),
    Column("at", BigInteger, nullable=False),
)
