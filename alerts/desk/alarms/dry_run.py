"""A dry run of problem keys: which tickets past alerts would have been, without opening one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from alerts.desk.alarms.ingest import problems
from alerts.desk.alarms.problem import labels_of_problem, problem_key
from alerts.desk.alarms.webhook import parse
from alerts.desk.tickets.policy import Policy, priority_of, wants_ticket
from service.nouns import counted
from service.prometheus import Client, Window

GROUP_BY = ("alertname", "site", "node", "element", "service", "channel")
STEP = 60.0


@dataclass(slots=True)
class Would:
    """A ticket that would have been."""

    key: str
    labels: Mapping[str, str]
    alarms: set[str] = field(default_factory=set)
    priority: str = "P4"
    wanted: bool = False

    def add(self, labels: Mapping[str, str]) -> None:
        """Count an alarm of this problem."""
        self.alarms.add(problem_key(labels))
        self.priority = min(self.priority, priority_of(labels))
        self.wanted = self.wanted or wants_ticket(labels)

    def __str__(self) -> str:
        labels = " ".join(f"{name}={value}" for name, value in sorted(self.labels.items()))
        return f"{self.key[:12]}  {self.priority if self.wanted else '--'}  {len(self.alarms):5d}  {labels}"


def from_payloads(files: Iterable[Path], policy: Policy) -> dict[str, Would]:
    """Return the tickets of recorded webhooks."""
    result: dict[str, Would] = {}
    for file in files:
        try:
            notification = parse(file.read_bytes())
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
        for problem in problems(notification, policy):
            for alert in problem.alerts:
                result.setdefault(problem.key, Would(problem.key, problem.labels)).add(alert.labels)
    return result


def from_prometheus(
    client: Client, policy: Policy, *, now: datetime, hours: float, group_by: Sequence[str]
) -> dict[str, Would]:
    """Return the tickets of everything that fired in the last hours, as Prometheus recorded it."""
    step = max(STEP, hours * 3600 / 10_000)  # Prometheus refuses more than 11,000 points
    window = Window((now - timedelta(hours=hours)).timestamp(), now.timestamp(), step)
    result: dict[str, Would] = {}
    for series in client.query_range('ALERTS{alertstate="firing"}', window):
        labels = {k: v for k, v in series.labels.items() if k not in ("__name__", "alertstate")}
        if labels.get("alertname") == policy.watchdog:
            continue
        group = {name: labels[name] for name in group_by if name in labels}
        group = dict(labels_of_problem(group, labels, policy.one_ticket_per, policy.separate))
        result.setdefault(problem_key(group), Would(problem_key(group), group)).add(labels)
    return result


def report(found: Mapping[str, Would]) -> Iterator[str]:
    """Yield the report's lines: the problems with the most alarms first."""
    yield "problem       pri  alarms  labels"
    yield from map(str, sorted(found.values(), key=lambda each: (-len(each.alarms), each.key)))
    opened = sum(each.wanted for each in found.values())
    alarms = sum(len(each.alarms) for each in found.values())
    yield f"{counted(opened, 'ticket')} of {counted(len(found), 'problem')} from {counted(alarms, 'alarm')}"
