"""Test messages: written like any other message, delivered by whoever delivers their target's, tried once."""

from alerts.desk.access.refused import RefusedError
from alerts.desk.access.trail import Action, By, tell
from alerts.desk.notify import outbox
from alerts.desk.tickets.runtime import Runtime


def start(runtime: Runtime, by: By, target: str) -> int:
    """Write a test message for a target and return its number."""
    if target not in {each.name for each in runtime.settings.target}:
        raise RefusedError("no_target")
    with runtime.database.write() as connection:
        number = outbox.add_test(connection, target, by.name, runtime.now())
        if number is None:
            raise RefusedError("test_waits", name=target)
        tell(connection, runtime.now(), by, Action.TEST_MESSAGE, target, message=number)
    return number


def again_all(runtime: Runtime, by: By, target: str) -> None:
    """Send all dead letters of a target again."""
    with runtime.database.write() as connection:
        numbers = outbox.dead_of(connection, target)
        if not numbers:
            raise RefusedError("not_dead")
        for number in numbers:
            outbox.again(connection, number, runtime.now())
            tell(connection, runtime.now(), by, Action.SENT_AGAIN, target, message=number)


def again(runtime: Runtime, by: By, number: int) -> None:
    """Send a dead letter again."""
    with runtime.database.write() as connection:
        target = outbox.again(connection, number, runtime.now())
        if target is None:
            raise RefusedError("not_dead")
        tell(connection, runtime.now(), by, Action.SENT_AGAIN, target, message=number)
