"""Moments as the database in memory holds them: microseconds since 1970, which need no zone."""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_moment(moment: datetime) -> int:
    """Return a moment as SQLite holds it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(value: int) -> datetime:
    """Return the moment, in UTC."""
    return _EPOCH + timedelta(microseconds=value)
