"""The steps that somebody may take with an appeal next: only those that its state and their role allow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.appeals.states import AnswerBy, Queue, Status


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its key on the keyboard, and whether it asks for a text ("", "required", "optional", "region")."""

    name: str
    key: str
    asks: str = ""


def steps(row: RowMapping | Mapping[str, Any], who: Principal, *, mails: bool = False) -> list[Step]:
    """Return the next steps; where the desk `mails` answers itself, nobody records that one was sent."""
    status = Status(row["status"])
    if who.may(Permission.SUPPLY):
        return list(_of_supplier(status))
    if not who.may(Permission.APPEALS):
        return []
    found = [*_work(row, status), *_telling(row, status), *_ends(row, status)]
    return [step for step in found if not (mails and step.name == "mailed")]


def _of_supplier(status: Status) -> Iterator[Step]:
    if status in (Status.IN_PROGRESS, Status.HELD, Status.ACKNOWLEDGED):
        yield Step("answer", "A", "required")
        yield Step("supplier", "S")
        yield Step("vendor", "V", "optional")


def _work(row: RowMapping | Mapping[str, Any], status: Status) -> Iterator[Step]:
    working = status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS)
    if working and not row["owner"]:
        yield Step("take", "T")
    if row["queue"] == Queue.UNROUTED:
        yield Step("route", "R", "region")
    if working and row["queue"] != Queue.SUPPLIER and not row["request_due"]:
        yield Step("forward", "F")
    if row["request_due"] and status is not Status.RESOLVED:
        yield Step("asked", "S")
    if status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.HELD):
        yield Step("ask", "P", "required")
        yield Step("answer", "A", "required")
    if status in (Status.PENDING, Status.HELD):
        yield Step("resume", "W", "optional")
    if row["queue"] == Queue.SUPPLIER and status is Status.HELD:
        yield Step("received", "E")
        yield Step("supplier", "U")
        yield Step("vendor", "V", "optional")


def _telling(row: RowMapping | Mapping[str, Any], status: Status) -> Iterator[Step]:
    if status is Status.RESOLVED:
        yield Step("reached", "C")
        yield Step("missed", "I")
        yield Step("mailed", "L")
    mailed = status is Status.CLOSED and row["answer_by"] == AnswerBy.EMAIL
    if status is Status.RESOLVED or mailed:
        yield Step("bounced", "B")


def _ends(row: RowMapping | Mapping[str, Any], status: Status) -> Iterator[Step]:
    if row["claim"]:
        yield Step("claim", "D")
    if status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS):
        yield Step("reject", "Z")
        yield Step("cancel", "O")
