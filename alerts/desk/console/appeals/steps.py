"""The steps that somebody may take with an appeal next: only those that its state and their role allow."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.states import AnswerBy, Queue, Status


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its key on the keyboard, and whether it asks for a text ("", "required", "optional", "region")."""

    name: str
    key: str
    asks: str = ""


def steps(appeal: Appeal, who: Principal, *, mails: bool = False) -> list[Step]:
    """Return the next steps; where the desk `mails` answers itself, nobody records that one was sent."""
    if who.may(Permission.SUPPLY):
        return list(_of_supplier(appeal.status))
    if not who.may(Permission.APPEALS):
        return []
    found = [*_work(appeal), *_telling(appeal), *_ends(appeal)]
    return [step for step in found if not (mails and step.name == "mailed")]


def _of_supplier(status: Status) -> Iterator[Step]:
    if status in (Status.IN_PROGRESS, Status.HELD, Status.ACKNOWLEDGED):
        yield Step("answer", "A", "required")
        yield Step("supplier", "S")
        yield Step("vendor", "V", "optional")


def _work(appeal: Appeal) -> Iterator[Step]:
    working = appeal.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS)
    if working and not appeal.owner:
        yield Step("take", "T")
    if appeal.queue == Queue.UNROUTED:
        yield Step("route", "R", "region")
    if working and appeal.queue != Queue.SUPPLIER and not appeal.request_due:
        yield Step("forward", "F")
    if appeal.request_due and appeal.status is not Status.RESOLVED:
        yield Step("asked", "S")
    if appeal.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.HELD):
        yield Step("ask", "P", "required")
        yield Step("answer", "A", "required")
    if appeal.status in (Status.PENDING, Status.HELD):
        yield Step("resume", "W", "optional")
    if appeal.queue == Queue.SUPPLIER and appeal.status is Status.HELD:
        yield Step("received", "E")
        yield Step("supplier", "U")
        yield Step("vendor", "V", "optional")


def _telling(appeal: Appeal) -> Iterator[Step]:
    if appeal.status is Status.RESOLVED:
        yield Step("reached", "C")
        yield Step("missed", "I")
        yield Step("mailed", "L")
    mailed = appeal.status is Status.CLOSED and appeal.answer_by == AnswerBy.EMAIL
    if appeal.status is Status.RESOLVED or mailed:
        yield Step("bounced", "B")


def _ends(appeal: Appeal) -> Iterator[Step]:
    if appeal.claim:
        yield Step("claim", "D")
    if appeal.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS):
        yield Step("reject", "Z")
        yield Step("cancel", "O")
