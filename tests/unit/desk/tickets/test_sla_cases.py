"""Every worked case of docs/clocks.md is what the desk computes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.events import Opened, PriorityChanged
from alerts.desk.tickets.policy import Target
from tests.conftest import ROOT
from tests.unit.desk.tickets.clocks import HOUR, calendar, log, policy

TABLE = "| case | calendar | day |"


def cases() -> Iterator[object]:
    lines = (ROOT / "docs" / "clocks.md").read_text("utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(TABLE))
    for line in lines[start + 2 :]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        yield pytest.param(tuple(cells[1:]), id=cells[0])


def moment(text: str, day: date, zone: ZoneInfo) -> datetime:
    days, _, clock_time = text.rpartition(" ")
    return datetime.combine(day + timedelta(days=int(days or 0)), time.fromisoformat(clock_time), zone)


def seconds(text: str) -> float:
    hours, minutes = text.lstrip("-").split(":")
    return (int(hours) * 3600 + int(minutes) * 60) * (-1 if text.startswith("-") else 1)


@pytest.mark.parametrize("cells", list(cases()))
def test_case(cells: tuple[str, ...]) -> None:
    calendar_name, day, events, asked, name, used, left, deadline = cells
    working, zone = calendar(calendar_name)
    first = date.fromisoformat(day)
    steps = []
    for step in events.split(";"):
        words = step.split()
        at = " ".join(words[:2]) if words[0].startswith("+") else words[0]
        steps.append((moment(at, first, zone), step.strip().removeprefix(at).strip()))
    rules = policy(working)
    rules = replace(rules, targets={**rules.targets, "P3": Target(2 * HOUR, 24 * HOUR, working)})
    told = log(steps)
    priority = [
        each.body.priority if isinstance(each.body, Opened) else each.body.to
        for each in told
        if isinstance(each.body, (Opened, PriorityChanged))
    ][-1]
    found = clock.read(told, priority, rules, moment(asked, first, zone))[name]
    assert found.used == seconds(used)
    assert found.left == seconds(left)
    assert found.deadline == (None if deadline == "none" else moment(deadline, first, zone))


def test_there_are_cases() -> None:
    assert len(list(cases())) > 25
