"""What policies of tests have in common."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from alerts.desk.tickets.events import Recorded


def untold(_connection: Connection, _recorded: Sequence[Recorded], _now: datetime) -> None:
    """Tell nobody: for policies of tests that store nothing."""
