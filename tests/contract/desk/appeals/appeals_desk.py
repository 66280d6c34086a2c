"""What the tests of the appeals desk share: rules, callers, and a clock that is set by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from alerts.desk.appeals import exports, store
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.codes import codes
from alerts.desk.appeals.contacts import Keys
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.events import Body, Event
from alerts.desk.appeals.registration import Registered, Said, register
from alerts.desk.appeals.states import Entry
from alerts.desk.appeals.terms import calendars_of
from alerts.desk.core.appeal_settings import AppealSettings, OpenQuestions
from alerts.desk.core.appeal_tables import appeal, compensation
from alerts.desk.core.database import Database
from alerts.desk.core.tables import ticket
from alerts.desk.tickets import store as tickets
from service.settings import Secret

ALMATY = ZoneInfo("Asia/Almaty")
START = datetime(2026, 3, 2, 10, tzinfo=ALMATY)
SECRET = "a" * 32
NUMBER = "8 701 234 56 78"
TEXT = "The picture froze at Aunt Saule's"


def rules(secrets: Sequence[str] = (SECRET,), **questions: Any) -> Rules:
    settings = AppealSettings(
        keys=(Secret(env="UNUSED"),),
        services=("ott", "iptv"),
        regions=("Astana", "Almaty"),
        sites={"Astana": ("astana",), "Almaty": ("almaty",)},
        questions=OpenQuestions(**questions),
    )
    return Rules(settings, Keys(secrets), codes(), calendars_of(ALMATY, {}))


CALL = Said(Entry.CALL_160, "works", NUMBER, "ott", "01", "Astana", text=TEXT, name="Saule A.")


@dataclass(slots=True)
class Bureau:
    """A desk with a clock of its own."""

    database: Database
    rules: Rules
    now: datetime = START

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)

    def say(self, said: Said = CALL, **changes: Any) -> Registered:
        return register(self.database, self.rules, replace(said, **changes), "Aigerim", self.now)

    def registered(self, said: Said = CALL, **changes: Any) -> int:
        number = self.say(said, **changes).number
        assert number is not None
        return number

    def hand(self, number: int, version: int | None = None) -> Hand:
        return Hand(self.database, self.rules, number, version, "Aigerim", self.now)

    def appeal(self, number: int) -> Appeal:
        with self.database.read() as connection:
            found = store.find(connection, number)
        assert found is not None
        return found

    def log(self, number: int) -> list[Event]:
        with self.database.read() as connection:
            return store.log_of(connection, number)

    def bodies(self, number: int, kind: type[Body]) -> list[Body]:
        return [event.body for event in self.log(number) if isinstance(event.body, kind)]

    def free_months(self) -> list[tuple[int, str]]:
        with self.database.read() as connection:
            rows = connection.execute(
                select(compensation.c.appeal_id, compensation.c.state).order_by(compensation.c.id)
            )
            return [(number, state) for number, state in rows]

    def export(self) -> int:
        """Have billing take the approved free months over; return the number of the batch."""
        made = exports.make(self.database, "Erlan", self.now)
        assert made is not None
        return exports.confirm(self.database, self.rules, made[0].number, "Erlan", self.now).number

    def count(self) -> int:
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(appeal)) or 0

    def incident(self, key: str = "edge-2", site: str = "astana", service: str | None = None) -> int:
        """Open an emergency ticket and return its number."""
        draft = tickets.fresh(
            problem_key=key,
            labels={"service": service} if service else {},
            site=site,
            names={"en": f"{key} is down"},
            descriptions={},
            severity="critical",
            priority="P1",
            ticket_type="incident",
            status_at=self.now,
            opened_at=self.now,
            updated_at=self.now,
        )
        with self.database.write() as connection:
            tickets.insert(connection, [draft], lambda *_: None)
        return draft.id

    def ticket_status(self, number: int, status: str) -> None:
        with self.database.write() as connection:
            connection.execute(ticket.update().where(ticket.c.id == number).values(status=status))


def everything_stored(database: Database) -> str:
    """Return all that a database holds, as one text."""
    with database.read() as connection:
        tables = appeal.metadata.sorted_tables
        return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)))
