"""Whether alarms that ended have recovered, as a real Prometheus answers."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

import pytest

from alerts.desk.alarms.evaluation import rules as loaded
from alerts.desk.alarms.evaluation.finding import Doubt, Why
from alerts.desk.alarms.evaluation.questions import Ended, Questions
from alerts.desk.alarms.evaluation.verdict import doubt_about
from service import narrowing, promql
from service.prometheus import Client, Sample, connect
from tests.support.stored import Values, prometheus_of

BEGAN, ENDED = 1200, 60  # seconds ago

RULES = """
groups:
  - name: recorded
    rules:
      - {record: "node:hot:celsius", expr: "heat > 5"}
      - {record: "node:rate:1m", expr: "rate(asked_total[5m])"}
      - record: "node:lost:bool"
        expr: |
          (answered == 0) + 1
          and (avg_over_time(answered[14s]) < 0.4 unless count_over_time(answered[14s]) < 2 or node:lost:bool == 1)
          or answered * 0
      - {record: "site:slow:limit", expr: "limit * 2"}
      - {record: "site:limit:own", expr: "vector(3)", labels: {limit: disk, site: astana}}
      - {record: "node:seen:timestamp", expr: "up{job='old'} or (last_over_time(node:seen:timestamp[30m]) > 1e12)"}
  - name: alerts
    rules:
      - {alert: Eased, expr: "level > 100", labels: {severity: major}}
      - {alert: Tightened, expr: "level > 1", labels: {severity: major}}
      - {alert: Twice, expr: "level > 100", labels: {severity: critical}}
      - {alert: Twice, expr: "level > 5", labels: {severity: minor}}
      - {alert: Overridden, expr: "named > 5", labels: {severity: major, team: noc}}
"""


def steady(value: float) -> Values:
    return lambda _: value


def until(ago: int, value: float) -> Values:
    """Return a series that ended some seconds ago."""
    return lambda at: value if at >= ago else None


def cured(before: float, after: float, ago: int = ENDED) -> Values:
    return lambda at: before if at > ago else after


def counter(last: int = 0, rate: float = 1.0) -> Values:
    return lambda at: rate * (10_000 - at) if at >= last else None


def gap(values: Values, start: int, end: int) -> Values:
    return lambda at: None if end < at < start else values(at)


DISKS = 'collector="disks"'
TARGET = 'job="exporter",instance="10.0.0.{n}:9104"'


def at(number: int, labels: str = "") -> str:
    return "{" + ",".join(filter(None, [labels, TARGET.replace("{n}", str(number))])) + "}"


SERIES: dict[str, Values] = {
    'level{node="a"}': steady(10),
    'level{node="b"}': cured(10, 1),
    'level{node="c"}': until(ENDED, 10),
    'limit{site="almaty"}': steady(5),
    'lost_limit{site="almaty"}': until(600, 5),
    'busy{node="a"}': steady(1),
    'busy{node="b"}': until(600, 1),
    'heat{node="a"}': cured(10, 1),
    'node:hot:celsius{node="a"}': until(600, 10),
    'heat{node="b"}': until(600, 10),
    'node:hot:celsius{node="b"}': until(600, 10),
    'heat{node="c"}': steady(10),
    'node:hot:celsius{node="c"}': until(600, 10),
    'site:limit:own{limit="disc",site="astana"}': until(600, 3),
    'up{job="old",node="gone"}': until(900, 1),
    'node:seen:timestamp{node="gone",job="old"}': until(600, 5),
    'asked_total{node="steady"}': counter(),
    'asked_total{node="away"}': counter(last=180),
    'node:rate:1m{node="away"}': cured(1, 0.4),
    'asked_total{node="back"}': gap(counter(), 400, 10),
    'asked_total{node="slower"}': lambda at: 10_000 - at if at > 600 else 9_400 + 0.1 * (600 - at),
    'named{node="a",team="dev"}': steady(10),
    'disk{node="a",device="sda"}': cured(0.02, 0.06),
    'disk{node="a",device="sdb"}': cured(0.02, 0.5),
    'cpu{job="edge",node="a"}': steady(9),
    'cpu{job="edge",node="b"}': steady(1),
    'cpu{job="edge",node="c"}': steady(1),
    'cpu{job="edge",node="d"}': cured(9, 1),
    # An exporter that answers while the series of what it watches end.
    f"up{at(1)}": steady(1),
    f"threads{at(1)}": until(600, 900),
    # One whose own source is down.
    f"up{at(2)}": steady(1),
    f"mysql_up{at(2)}": cured(1, 0, 600),
    f"threads{at(2)}": until(600, 900),
    # One that does not answer.
    f"up{at(3)}": cured(1, 0, 600),
    f"threads{at(3)}": until(600, 900),
    # One that began to answer only a minute ago.
    f"up{at(4)}": cured(0, 1, 60),
    f"threads{at(4)}": until(600, 900),
    f"up{at(5)}": steady(1),
    f"ott_collector_success{at(5, DISKS)}": cured(1, 0, 600),
    f"threads{at(5)}": until(600, 900),
    "alive": steady(1),
    # A store that was killed 40 seconds ago, without what it had not written yet: the failure of these nodes.
    'answered{node="old"}': until(40, 1),
    'node:lost:bool{node="old"}': until(40, 0),
    'answered{node="one"}': lambda at: 1 if at >= 40 else 0 if at < 5 else None,
    'node:lost:bool{node="one"}': lambda at: 0 if at >= 40 or at < 5 else None,
    'answered{node="well"}': lambda at: 1 if at >= 40 or at < 15 else None,
    'node:lost:bool{node="well"}': lambda at: 0 if at >= 40 or at < 15 else None,
    # One that was empty until then.
    'answered{node="new"}': lambda at: 1 if at < 5 else None,
    'answered{node="longer"}': lambda at: 1 if at < 20 else None,
    # Rules that look every half a minute.
    'limit{site="astana"}': steady(5),
    'site:slow:limit{site="astana"}': lambda at: 5 if at >= 20 and at % 30 == 20 else None,
    'limit{site="aktau"}': until(40, 5),
    'site:slow:limit{site="aktau"}': lambda at: 5 if at >= 20 and at % 30 == 20 else None,
}  # fmt: skip


@pytest.fixture(scope="module")
def now() -> float:
    return float(int(time.time()))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, now: float) -> Iterator[Client]:
    with prometheus_of(tmp_path_factory.mktemp("prometheus"), now, SERIES, RULES) as address:
        client = connect(address)
        yield client
        client.close()


class Case(NamedTuple):
    expression: str
    labels: dict[str, str]
    why: Why | None
    what: str = ""
    annotations: Mapping[str, str] = MappingProxyType({})
    began: int = BEGAN
    ended: int = ENDED


def restarted(expression: str, node: str, why: Why | None, what: str = "") -> Case:
    """Return an alarm that began after the newest samples of a store which was killed, and ended when it was back."""
    return Case(expression, {"node": node}, why, what, began=30, ended=10)


def faulty(number: int, metric: str) -> str:
    return f"threads (exporter 10.0.0.{number}:9104: {metric})"


NO_DATA, HOLDS, GAP, OLD = Why.NO_DATA, Why.HOLDS, Why.GAP, Why.OLD
LOST, FEW = "node:lost:bool == 1", "avg_over_time(answered[14s]) < 0.4"
HYSTERESIS = 'disk < 0.05 or disk < 0.1 and on (node, device) ALERTS{alertname="Full",alertstate="firing"}'
CASES = {
    "still met": Case("level > 5", {"node": "a"}, HOLDS),
    "no longer met": Case("level > 5", {"node": "b"}, None),
    "only another node's is met": Case("level > 5", {"node": "b", "severity": "major"}, None),
    "gone": Case("last_over_time(level[14s]) > 5", {"node": "c"}, NO_DATA, "last_over_time(level[14s])"),
    "gone, whatever the range": Case(
        "avg_over_time(level[30s]) > 5", {"node": "c"}, NO_DATA, "avg_over_time(level[30s])"
    ),
    "the threshold is gone": Case(
        "level > on () group_left () lost_limit", {"node": "b"}, NO_DATA, "lost_limit"
    ),
    "one of two conditions is false": Case("level > 5 and busy == 1", {"node": "b"}, None),
    "one of two conditions is gone": Case("level > 0 and busy == 1", {"node": "b"}, NO_DATA, "busy"),
    "a branch that never was": Case("level > 5 or nothing > 1", {"node": "b"}, None),
    "the branch that raised it is gone": Case("level > 5 or busy == 1", {"node": "b"}, NO_DATA, "busy"),
    "hidden by another": Case("busy == 1 unless level > 5", {"node": "a"}, None),
    "not hidden any more": Case("level > 5 unless nothing > 1", {"node": "b"}, None),
    "nothing was ever there": Case("nothing > 1", {"node": "a"}, Why.NO_HISTORY, "nothing > 1"),
    "absent, back": Case('absent(level{node="a"})', {"node": "a"}, None),
    "absent still": Case('absent(nothing{node="a"})', {"node": "a"}, HOLDS),
    "a constant": Case("vector(1)", {}, HOLDS),
    "a scalar that is gone": Case("level > scalar(lost_limit)", {"node": "b"}, NO_DATA, "lost_limit"),
    "a counter slows down": Case("rate(asked_total[5m]) > 0.5", {"node": "slower"}, None),
    "a counter goes on": Case("rate(asked_total[5m]) > 0.5", {"node": "steady"}, HOLDS),
    "a rate falls because the samples stop": Case(
        "rate(asked_total[5m]) > 0.5", {"node": "away"}, GAP, "asked_total[5m]"
    ),
    "a rate begins after a gap": Case("rate(asked_total[5m]) > 0.5", {"node": "back"}, GAP, "asked_total[5m]"),
    "a recorded rate falls because the samples stop": Case(
        "node:rate:1m > 0.5", {"node": "away"}, GAP, "asked_total[5m]"
    ),
    "recorded only while it is so": Case("node:hot:celsius", {"node": "a"}, None),
    "recorded from what is gone": Case("node:hot:celsius", {"node": "b"}, NO_DATA, "heat"),
    "not recorded yet": Case("node:hot:celsius", {"node": "c"}, NO_DATA, "node:hot:celsius"),
    "recorded by no rule any more": Case(
        "site:limit:own unless on (limit) limits", {"limit": "disc", "site": "astana"}, None
    ),
    "recorded from itself": Case('node:seen:timestamp unless on (node) up{job="x"}', {"node": "gone"}, NO_DATA),
    "between threshold and margin": Case(HYSTERESIS, {"node": "a", "device": "sda", "alertname": "Full"}, HOLDS),
    "beyond the margin": Case(HYSTERESIS, {"node": "a", "device": "sdb", "alertname": "Full"}, None),
    "against the average, met": Case(
        "cpu > on (job) group_left () (2 * avg by (job) (cpu))", {"job": "edge", "node": "a"}, HOLDS
    ),
    "against the average, not met": Case(
        "cpu > on (job) group_left () (2 * avg by (job) (cpu))", {"job": "edge", "node": "d"}, None
    ),
    "labels that it makes": Case(
        'label_replace(level, "host", "$1", "node", "(.*)") > 5', {"host": "a", "node": "a"}, HOLDS
    ),
    "of its labels one is no name of old": Case("level > 5", {"node": "b", "host.name": "b"}, None),
    "the server refuses it": Case("level / on () cpu > 5", {"node": "b"}, Why.REJECTED),
    "no PromQL": Case("level >", {"node": "b"}, Why.UNREADABLE),
    "its target is sound": Case("threads > 5", {"instance": "10.0.0.1:9104"}, None),
    "its target's own source is down": Case(
        "threads > 5", {"instance": "10.0.0.2:9104"}, NO_DATA, faulty(2, "mysql_up")
    ),
    "its target is down": Case("threads > 5", {"instance": "10.0.0.3:9104"}, NO_DATA, faulty(3, "up")),
    "its target came back just now": Case("threads > 5", {"instance": "10.0.0.4:9104"}, NO_DATA, faulty(4, "up")),
    "its target's collector fails": Case(
        "threads > 5", {"instance": "10.0.0.5:9104"}, NO_DATA, faulty(5, "ott_collector_success")
    ),
    "its rule knows its source, sound": Case("busy == 1", {"node": "b"}, None, "", {"source_query": "alive"}),
    "its rule knows its source, not sound": Case(
        "busy == 1", {"node": "b"}, Why.SOURCE, "alive == 0", {"source_query": "alive == 0"}
    ),
    "Grafana had no data": Case("", {"node": "b"}, Why.SENDER, "MissingSeries",
        {"grafana_state_reason": "MissingSeries"}),
    "Grafana saw it end": Case("", {"node": "b"}, None),
    "no expression": Case("", {"node": "b"}, None),
    "the rule was eased": Case("level > 5", {"node": "a", "alertname": "Eased"}, None),
    "the rule was tightened": Case("level > 50", {"node": "a", "alertname": "Tightened"}, HOLDS),
    "the rule of its severity counts": Case(
        "level > 50", {"node": "a", "alertname": "Twice", "severity": "critical"}, None
    ),
    "the rule is known by its name alone": Case("", {"node": "a", "alertname": "Tightened"}, HOLDS),
    "a label of the rule's is none of the series": Case(
        "named > 5", {"node": "a", "alertname": "Overridden", "severity": "major", "team": "noc"}, HOLDS
    ),
    "all samples are older than the alarm": restarted("answered == 0", "old", OLD, "answered"),
    "all recorded samples are older than the alarm": restarted(LOST, "old", OLD, "node:lost:bool"),
    "absent, by its word, though its samples are older": restarted(
        'absent(answered{node="old"})', "old", OLD, 'answered{node="old"}'
    ),
    "hidden by what is older": restarted(
        'alive == 1 unless on () answered{node="old"} == 1', "old", OLD, 'answered{node="old"}'
    ),
    "one sample after the restart": restarted(LOST, "one", GAP, "answered[14s]"),
    "enough samples after the restart": restarted(LOST, "well", None),
    "one sample ever": restarted(FEW, "new", GAP, "answered[14s]"),
    "enough samples and nothing before": restarted(FEW, "longer", None),
    "recorded by slow rules": Case("site:slow:limit > 10", {"site": "astana"}, None, ended=10),
    "recorded by slow rules from old samples": Case("site:slow:limit > 10", {"site": "aktau"}, OLD, "limit", ended=10),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_alarm_that_ended(name: str, prometheus: Client, now: float) -> None:
    case = CASES[name]
    doubt = judged(case, prometheus, now)
    assert (doubt and doubt.why) == case.why, doubt
    if case.what:
        assert doubt is not None
        assert doubt.what == case.what


class AtOneMoment(Questions):
    """Asks what the answers were then, however long the tests take."""

    def __init__(self, client: Client, moment: datetime) -> None:
        super().__init__(client)
        self._ask, self._moment = client.query, moment

    def now(self, query: str) -> list[Sample]:
        return self._ask(query, self._moment)


def judged(case: Case, prometheus: Client, now: float) -> Doubt | None:
    moment = datetime.fromtimestamp(now, UTC)
    labels = {"alertname": "Test", "severity": "major", **case.labels}
    url = f"http://prometheus/graph?g0.expr={quote(case.expression)}" if case.expression else ""
    began, ended = moment - timedelta(seconds=case.began), moment - timedelta(seconds=case.ended)
    alarm = Ended(labels, case.annotations, url, began, ended)
    return doubt_about([alarm], AtOneMoment(prometheus, moment), loaded.read(prometheus), moment)


def test_the_doubt_tells_since_when_there_are_no_samples(prometheus: Client, now: float) -> None:
    doubt = judged(CASES["gone"], prometheus, now)
    assert doubt is not None
    assert doubt.since == datetime.fromtimestamp(now - ENDED, UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "level",
        "level > 5",
        "level and on (node) busy",
        "level unless on (node) busy",
        "rate(asked_total[5m])",
        "max_over_time(rate(asked_total[1m])[5m:30s])",
        "cpu > on (job) group_left () (2 * avg by (job) (cpu))",
        "cpu / on (job) group_left () sum by (job) (cpu)",
        "sum without (device) (disk)",
        "topk by (job) (1, cpu)",
        'label_replace(level, "host", "$1", "node", "(.*)")',
        'label_join(disk, "place", ":", "node", "device")',
        "min by (node) (level) or cpu",
        "level * on (node) group_right () disk",
        "-level + 2 ^ 3",
    ],
)
def test_narrowing_changes_no_result(expression: str, prometheus: Client, now: float) -> None:
    tree, moment = promql.parse(expression), datetime.fromtimestamp(now, UTC)
    whole = prometheus.query(expression, moment)
    assert whole
    for each in whole:
        labels = {name: value for name, value in each.labels.items() if name != "__name__"}
        narrowed = prometheus.query(narrowing.written(tree, labels), moment)
        assert [one for one in narrowed if one.labels == each.labels] == [each]
