"""The metrics around a ticket's opening: what the rules' own selectors measured."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import promql_parser as promql

from alerts.desk.alarms.series_exists import expression_of, parts, selector_of
from alerts.desk.core import prometheus
from alerts.desk.notify.texts import Measured, Row

BEFORE, AFTER, STEP = timedelta(minutes=10), timedelta(minutes=5), timedelta(minutes=1)
MAX_QUERIES, MAX_SERIES = 6, 3


def measure(client: httpx.Client, base: str, opened_at: datetime, alarms: Iterable[Row]) -> list[Measured] | None:
    """Return the series of the alarms' expressions around the opening, or None when Prometheus does not answer."""
    result: list[Measured] = []
    try:
        for query in list(dict.fromkeys(queries(alarms)))[:MAX_QUERIES]:
            found = prometheus.over_time(
                client,
                base,
                query,
                start=(opened_at - BEFORE).timestamp(),
                end=(opened_at + AFTER).timestamp(),
                step=STEP.total_seconds(),
            )
            result += [_measured(query, series) for series in found[:MAX_SERIES]]
    except OSError:
        return None
    return result


def queries(alarms: Iterable[Row]) -> Iterator[str]:
    """Yield the selectors of the alarms' expressions, narrowed to each alarm's labels."""
    for alarm in alarms:
        try:
            tree = promql.parse(expression_of(alarm["generator_url"]))
        except ValueError:
            continue
        for selector in parts(tree):
            yield selector_of(selector, alarm["labels"])


def _measured(query: str, series: Mapping[str, Any]) -> Measured:
    values = [(datetime.fromtimestamp(float(at), UTC), str(value)) for at, value in series["values"]]
    return Measured(query, series["metric"], values)
