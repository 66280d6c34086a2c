"""`?status=inProgress&sort=-creationDate&offset=0&limit=20`: from TMF630's words to conditions, an order and a list."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import JSONResponse
from sqlalchemy import ColumnElement, SQLColumnExpression, and_, not_, or_

from alerts.desk.alarms.webhook import instant_of
from alerts.desk.api import known
from alerts.desk.core.settings import PRIORITIES
from alerts.desk.core.tables import ticket
from alerts.desk.tickets import mentions
from alerts.desk.tickets.deadlines import RESTORE_BY
from alerts.desk.tickets.severities import SEVERITIES
from alerts.desk.tickets.states import Status, ticket_number
from alerts.desk.tickets.tmf621 import select_fields

MAX_LIMIT = 1000
Fields = Annotated[str | None, Query(max_length=1000)]
Offset = Annotated[int, Query(ge=0, le=2**31)]
Limit = Annotated[int, Query(ge=0, le=MAX_LIMIT)]
Sort = Annotated[str | None, Query(max_length=200)]
_COLUMNS: dict[str, SQLColumnExpression[object]] = {
    "id": ticket.c.id,
    "status": ticket.c.status,
    "severity": ticket.c.severity,
    "priority": ticket.c.priority,
    "ticketType": ticket.c.ticket_type,
    "creationDate": ticket.c.opened_at,
    "lastUpdate": ticket.c.updated_at,
    "statusChangeDate": ticket.c.status_at,
    "resolutionDate": ticket.c.resolved_at,
    "expectedResolutionDate": RESTORE_BY,
    "externalIdentifier.id": ticket.c.problem_key,
    "relatedEntity.entity.id": ticket.c.node,
}
_DATES = frozenset({"creationDate", "lastUpdate", "statusChangeDate", "resolutionDate", "expectedResolutionDate"})
_OPERATORS = ("gt", "gte", "lt", "lte", "ne", "eq")
_WORDS: dict[str, tuple[str, ...]] = {
    "status": tuple(status.value for status in Status),
    "severity": SEVERITIES,
    "priority": PRIORITIES,
}
NO_FIELDS = "none"  # TMF630: identifier and address only
RESERVED = frozenset({"fields", "offset", "limit", "sort"})


@dataclass(frozen=True, slots=True)
class Filters:
    """By what a list of resources is filtered and sorted; the first column is the number that makes an order total."""

    what: str  # as in "no ticket is ever …"
    columns: Mapping[str, SQLColumnExpression[object]]
    dates: Collection[str]
    numbers: Mapping[str, Callable[[str], int]]  # how a number is read; 0: it is none
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Of an attribute that is in a list: whether another of its entries has the value.
    others: Mapping[str, Callable[[str], ColumnElement[bool]]] = field(default_factory=dict)

    def conditions(self, pairs: Iterable[tuple[str, str]]) -> list[ColumnElement[bool]]:
        """Return the conditions that the query's attributes ask for.

        Several values of one attribute are alternatives, whether after commas or in parameters of their own; after
        `ne`, a resource has none of them.
        """
        result = []
        asked: dict[tuple[str, str], list[str]] = {}
        for name, text in pairs:
            if name not in RESERVED:
                asked.setdefault(_split(name), []).extend(text.split(","))
        for (attribute, operator), texts in asked.items():
            column = self.columns.get(attribute)
            if column is None:
                raise ValueError(f'cannot filter by "{attribute}"; known: {", ".join(self.columns)}')
            values = [self._value(attribute, value) for value in texts]
            if operator not in ("eq", "ne") and len(values) > 1:
                raise ValueError(f'"{attribute}.{operator}" takes one value')
            joined = and_ if operator == "ne" else or_
            found = [_compare(column, operator, value) for value in values]
            if attribute in self.others and operator in ("eq", "ne"):
                found = [self._among(attribute, operator, *each) for each in zip(found, texts, strict=True)]
            result.append(joined(*found))
        return result

    def _among(self, attribute: str, operator: str, first: ColumnElement[bool], text: str) -> ColumnElement[bool]:
        other = self.others[attribute](text)
        return or_(first, other) if operator == "eq" else and_(first, not_(other))

    def order(self, sort: str | None) -> list[ColumnElement[object]]:
        """Return the order; without one, the oldest first. The number makes every order total."""
        result: list[ColumnElement[object]] = []
        for name in (sort or "").split(","):
            if not name:
                continue
            column = self.columns.get(name.lstrip("+- "))  # a "+" in an address means a space
            if column is None:
                raise ValueError(f'cannot sort by "{name}"; known: {", ".join(self.columns)}')
            ordered = column.desc() if name.startswith("-") else column.asc()
            # What has no value comes last: left alone, one database would put it first and the other last.
            result.append(ordered.nulls_last() if getattr(column, "nullable", True) else ordered)
        return [*result, next(iter(self.columns.values())).asc()]

    def _value(self, attribute: str, text: str) -> str | int | datetime:
        if attribute in self.dates:
            # A "+" in an address means a space; a zone written without escaping arrives so.
            moment = instant_of(text.strip().replace(" ", "+"))
            if moment is None:
                raise ValueError(f'"{text}" is not a time with a zone such as 2026-01-31T12:00:00Z')
            return moment
        if attribute in self.numbers:
            number = self.numbers[attribute](text)
            if not number:
                raise ValueError(f'"{text}" is not the number of a {self.what}')
            return number
        if text not in self.words.get(attribute, (text,)):
            raise ValueError(f'{attribute}: no {self.what} is ever "{text}"; known: {", ".join(self.words[attribute])}')
        if "\0" in text:
            raise ValueError(f"{attribute}: a NUL character is in no {self.what}")
        return text


_OTHERS = {"externalIdentifier.id": mentions.identifier, "relatedEntity.entity.id": mentions.entity}
TICKETS = Filters("ticket", _COLUMNS, _DATES, {"id": ticket_number}, _WORDS, _OTHERS)


def check_fields(fields: str | None, attributes: Collection[str]) -> None:
    """Raise ValueError where another attribute than these is asked for; "none" asks for those that always stay."""
    names = [name.strip() for name in (fields or "").split(",") if name.strip()]
    if names != [NO_FIELDS]:
        known.check(names, attributes)


def listed(whole: Iterable[dict[str, object]], fields: str | None, total: int) -> Response:
    """Return one page of resources with the asked attributes, and how many there are in all."""
    bodies = [select_fields(each, fields) for each in whole]
    return JSONResponse(bodies, headers={"X-Total-Count": str(total), "X-Result-Count": str(len(bodies))})


def _split(name: str) -> tuple[str, str]:
    attribute, dot, operator = name.rpartition(".")
    return (attribute, operator) if dot and operator in _OPERATORS else (name, "eq")


def _compare(column: SQLColumnExpression[object], operator: str, value: object) -> ColumnElement[bool]:
    match operator:
        case "gt":
            return column > value
        case "gte":
            return column >= value
        case "lt":
            return column < value
        case "lte":
            return column <= value
        case "ne":
            return column.is_distinct_from(value)  # a ticket that has none, has not this one
        case _:
            return column == value
