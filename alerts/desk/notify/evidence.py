"""The metrics around a ticket's opening: what the rules' own selectors measured."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from promql_parser import VectorSelector

from alerts.desk.notify.texts import Measured
from alerts.desk.tickets.alarm_record import AlarmRecord
from service import promql
from service.prometheus import Client, PrometheusUnavailableError, QueryRejectedError, Series, Window, narrowed_by
from service.promql import expression_of

BEFORE, AFTER, STEP = timedelta(minutes=10), timedelta(minutes=5), timedelta(minutes=1)
MAX_QUERIES, MAX_SERIES = 6, 3


def measure(client: Client, opened_at: datetime, alarms: Iterable[AlarmRecord]) -> list[Measured] | None:
    """Return the series of the alarms' selectors around the opening, or None when Prometheus does not answer.

    A selector that Prometheus rejects has no values, but a reason.
    """
    window = Window((opened_at - BEFORE).timestamp(), (opened_at + AFTER).timestamp(), STEP.total_seconds())
    result: list[Measured] = []
    try:
        for selector, labels in list(selectors(alarms).values())[:MAX_QUERIES]:
            result += _measure(client, selector, labels, window)
    except PrometheusUnavailableError:
        return None
    return result


def selectors(alarms: Iterable[AlarmRecord]) -> dict[str, tuple[VectorSelector, Mapping[str, str]]]:
    """Return the selectors of the alarms' expressions and the labels to narrow each to, by the narrowed selector."""
    result: dict[str, tuple[VectorSelector, Mapping[str, str]]] = {}
    for alarm in alarms:
        try:
            tree = promql.parse(expression_of(alarm.generator_url))
        except ValueError:
            continue
        for selector in promql.vector_selectors(tree):
            result.setdefault(promql.selector_of(selector, alarm.labels), (selector, alarm.labels))
    return result


def _measure(client: Client, selector: VectorSelector, labels: Mapping[str, str], window: Window) -> list[Measured]:
    def ask(known: Mapping[str, str]) -> list[Measured]:
        query = promql.selector_of(selector, known)
        return [_measured(query, series) for series in client.query_range(query, window)[:MAX_SERIES]]

    try:
        return narrowed_by(labels, ask)
    except QueryRejectedError as error:
        return [Measured(promql.selector_of(selector, labels), {}, [], error.reason)]


def _measured(query: str, series: Series) -> Measured:
    values = [(datetime.fromtimestamp(at, UTC), f"{value:.15g}") for at, value in series.points]
    return Measured(query, series.labels, values)
