"""Steps of an appeal inside somebody else's transaction: mail and what it changes are stored together or not at all."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.desk.appeals import store
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.draft import Draft


@dataclass(frozen=True, slots=True)
class HandWithin(Hand):
    """A hand that acts in a transaction which is open already."""

    connection: Connection

    def change(self, do: Callable[[Connection, Draft], None]) -> None:
        """Lock the appeal, change it, store it; the transaction goes on."""
        draft = store.lock(self.connection, self.number, self.version)
        do(self.connection, draft)
        store.save(self.connection, self.rules, draft, self.now)
