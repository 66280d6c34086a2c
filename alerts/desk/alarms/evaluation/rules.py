"""The rules that Prometheus evaluates: what an alert's expression is now, and what a recorded series is made of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service.prometheus import Client


class Rule(NamedTuple):
    """One rule: its expression, and the labels that it gives to its results."""

    expression: str
    labels: Mapping[str, str]

    def could_make(self, labels: Mapping[str, str]) -> bool:
        """Return whether the rule's results may have these labels; a template may become anything."""
        return all(labels.get(name, "") == value for name, value in self.labels.items() if value and "{{" not in value)


class Rules:
    """Rules by name. `alerting` and `recording` are as the API has them: name, query, labels."""

    def __init__(
        self, alerting: Iterable[Mapping[str, object]] = (), recording: Iterable[Mapping[str, object]] = ()
    ) -> None:
        self._alerting, self._recording = _by_name(alerting), _by_name(recording)

    def of_alert(self, labels: Mapping[str, str], told: str) -> list[Rule]:
        """Return the rules that may have raised an alert; `told` is the expression that came with it.

        A rule whose expression was changed since counts as it is now. One that is gone counts as it was told.
        """
        known = [rule for rule in self._alerting.get(labels.get("alertname", ""), ()) if rule.could_make(labels)]
        same = [rule for rule in known if rule.expression == told]
        return same or known or ([Rule(told, {})] if told else [])

    def recording(self, name: str) -> list[Rule]:
        """Return the rules that record a series."""
        return self._recording.get(name, [])


def read(client: Client) -> Rules:
    """Return the rules of a server; none where it has no rules, as a VictoriaMetrics without a vmalert.

    Raises:
        PrometheusUnavailableError: the server does not answer.
        QueryRejectedError: the server refuses to tell them.
    """
    return Rules(client.rules("alert"), client.rules("record"))


def _by_name(rules: Iterable[Mapping[str, object]]) -> dict[str, list[Rule]]:
    result: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        labels = rule.get("labels")
        made = {str(name): str(value) for name, value in labels.items()} if isinstance(labels, Mapping) else {}
        result[str(rule.get("name", ""))].append(Rule(str(rule.get("query", "")), made))
    return result
