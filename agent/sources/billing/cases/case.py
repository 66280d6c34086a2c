"""A case as the desk tells it: which fault, since when, and what its correction consists of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

KINDS = ("missing", "doubled", "shown")
STAGES = ("charged", "adjusted", "refunded", "told", "compensated")


class Compensation(NamedTuple):
    """What every account of some tariffs is given."""

    tariffs: tuple[str, ...]
    bucket: str
    amount_minor: int


class Case(NamedTuple):
    """One case of one service."""

    number: str
    service: str
    kind: str
    opened: datetime
    since: datetime | None  # when the fault began; None: to be found out
    until: datetime | None  # when it was contained
    reference: str  # the `case_ref` of its corrections
    key: str  # of the fingerprint
    stages: tuple[str, ...]
    compensation: Compensation | None


def cases_of(answer: Any) -> list[Case]:
    """Return the cases of the desk's answer; raise ValueError naming what is wrong."""
    listed = answer.get("cases") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list):
        raise ValueError('cases: the answer has no list "cases"')
    return [_case(each) for each in listed]


def _case(given: Any) -> Case:
    if not isinstance(given, Mapping):
        raise ValueError("cases: an entry is no object")
    number = _text(given, "id")
    if given.get("kind") not in KINDS:
        raise ValueError(f"cases: case {number}: the kind must be one of {', '.join(KINDS)}")
    stages = given.get("stages")
    if not isinstance(stages, list) or not set(stages) <= set(STAGES):
        raise ValueError(f"cases: case {number}: stages must be some of {', '.join(STAGES)}")
    opened = _moment(given, "opened")
    if opened is None:
        raise ValueError(f"cases: case {number}: opened is missing")
    return Case(
        number=number,
        service=_text(given, "service"),
        kind=given["kind"],
        opened=opened,
        since=_moment(given, "since"),
        until=_moment(given, "until"),
        reference=_text(given, "reference"),
        key=_text(given, "key"),
        stages=tuple(stages),
        compensation=_compensation(number, given.get("compensation")),
    )


def _compensation(number: str, given: Any) -> Compensation | None:
    if given is None:
        return None
    tariffs, amount = (given.get("tariffs"), given.get("amountMinor")) if isinstance(given, Mapping) else (None, None)
    right = isinstance(tariffs, list) and all(isinstance(each, str) and each for each in tariffs)
    if not right or not tariffs or isinstance(amount, bool) or not isinstance(amount, int):
        raise ValueError(f"cases: case {number}: a compensation needs tariffs and a whole amountMinor")
    return Compensation(tuple(tariffs), _text(given, "bucket"), amount)


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise ValueError(f"cases: {key} must be a text of 1 to 64 characters")
    return value


def _moment(given: Mapping[str, Any], key: str) -> datetime | None:
    value = given.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"cases: {key} must be a moment such as 2017-12-01T00:00:00+06:00") from None
    if moment.tzinfo is None:
        raise ValueError(f"cases: {key} needs its offset from UTC")
    return moment
