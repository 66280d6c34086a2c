"""Layers: every alert has one, declaration and documentation agree, causes are those an engineer expects."""

import re
from dataclasses import replace

import pytest

from alerts import layers
from alerts.layers import Reach, Where
from tests.conftest import ROOT
from tests.rules.reading import Alert, alerts

DECLARED = layers.load()
ALERTS = {alert.name: alert for alert in alerts()}


@pytest.mark.parametrize("alert", ALERTS.values(), ids=lambda alert: alert.name)
def test_every_alert_has_a_declared_layer(alert: Alert) -> None:
    assert alert.labels["layer"] in DECLARED.layers


def test_only_alerts_that_exist_differ_from_their_layer_and_each_does() -> None:
    names = {name for name, _ in DECLARED.alarms}
    assert names <= set(ALERTS)
    for name in names:
        layer = ALERTS[name].labels["layer"]
        own, usual = DECLARED.alarms[name, layer], DECLARED.layers[layer]
        assert replace(own, reason="") != replace(usual, reason=""), name


def test_a_layer_explains_only_what_comes_after_it() -> None:
    order = list(DECLARED.layers)
    for number, layer in enumerate(order):
        reach = DECLARED.layers[layer]
        assert reach.explains <= set(order[number + 1 :]), layer
        assert reach.explains_downstream <= {layer}, layer
        assert "self" not in reach.explains, layer


def test_every_layer_and_every_exception_is_documented() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    expected = [
        (layer, _listed(reach.explains), _listed(reach.explains_here), _listed(reach.explains_downstream), reach.reason)
        for layer, reach in DECLARED.layers.items()
    ]
    assert [row for row in rows if row[0] in DECLARED.layers] == expected
    for name in {name for name, _ in DECLARED.alarms}:
        own = DECLARED.alarms[name, ALERTS[name].labels["layer"]]
        assert (
            name,
            _listed(own.explains),
            _listed(own.explains_here),
            _listed(own.explains_downstream),
            f"{own.reason}{_explained_by(own)}",
        ) in rows, name


def _explained_by(own: Reach) -> str:
    if own.explained_by_upstream is not None:
        return f" From upstream only {_listed(own.explained_by_upstream)} explain it."
    if own.explained_by is None:
        return ""
    return f" Only {_listed(own.explained_by)} explain it." if own.explained_by else " Nothing explains it."


def _listed(names: frozenset[str]) -> str:
    order = list(DECLARED.layers)
    return ", ".join(sorted(names, key=order.index)) or "–"


@pytest.mark.parametrize(
    ("cause", "effect", "here", "upstream"),
    [
        ("SiteDown", "NodeDown", True, True),
        ("NodeDown", "SiteDown", False, False),
        ("NodeDown", "NodeDiskFull", True, False),
        ("NodeDown", "NodeDown", False, False),
        ("NodeDiskFull", "NodeDown", False, False),
        ("NodeInodesLow", "NodeDown", False, False),
        ("NodeMemoryLow", "NodeDiskFull", False, False),
        ("NodeDiskFull", "NodeProcessMissing", True, False),
        ("NodeProcessMissing", "NodeProcessMissing", True, False),
        ("NodeDown", "NodeUnitFailed", True, False),
        ("SiteDown", "NodeProcessMissing", True, True),
        ("SubscribersSourceFailing", "StreamStale", False, False),
        ("SubscribersSourceFailing", "EdgeSessionsLost", True, True),
        ("NodeDown", "CertificateUntrusted", False, False),
        ("NodeDiskFull", "NodeMemoryLow", False, False),
        ("NodeDiskFull", "NodeIoStalled", True, False),
        ("NodeDiskFilling", "EdgeErrorRatioHigh", False, False),
        ("NodeProcessMissing", "CollectorFailing", True, True),
        ("CollectorFailing", "NodeProcessMissing", False, False),
        ("NodeProcessMissing", "EdgeSessionsLost", True, True),
        ("NodeProcessMissing", "NodeDiskFull", False, False),
        ("EdgeErrorRatioHigh", "EdgeErrorRatioHigh", False, True),
        ("EdgeSessionsLost", "EdgeNoTraffic", False, False),
        ("EdgeLogSilent", "EdgeSessionsLost", True, True),
        ("EdgeLogSilent", "StreamDown", False, False),
        ("NodeClockSkewed", "StreamStale", False, False),
        ("NodeDown", "CapacityWatch", False, False),
        ("NodeDown", "CertificateExpiring", False, False),
        ("NodeDown", "TargetMissing", True, True),
        ("NodeDown", "AlertsDropped", False, False),
        ("AlertsDropped", "NodeDown", False, False),
        ("NodeDown", "Unknown", False, False),
        ("NodeDown", "NodeRaidFailed", True, False),
        ("NodeRaidFailed", "NodeFilesystemReadOnly", True, False),
        ("NodePoolFailed", "EdgeSessionsLost", True, True),
        ("NodeRaidDegraded", "NodeIoStalled", False, False),
        ("NodeRaidDegraded", "EdgeErrorRatioHigh", False, False),
        ("NodeMemoryFailing", "NodeProcessMissing", False, False),
        ("NodeOverheating", "NodeCpuSaturated", True, False),
        ("NodeDown", "NodeBondDown", True, False),
        ("SiteDown", "NodeBondDown", True, True),
        ("NodeBondDown", "EdgeSessionsLost", True, True),
        ("NodeBondDegraded", "EdgeErrorRatioHigh", False, False),
        ("NodeConntrackFull", "EdgeResponsesSlow", True, True),
        ("NodeCpuSaturated", "NodeListenOverflow", True, True),
        ("NodeListenOverflow", "EdgeSessionsLost", True, True),
        ("NodeUdpReceiveErrors", "StreamDown", True, True),
        ("NodeUdpReceiveErrors", "MulticastDamaged", False, False),
    ],
)
def test_a_cause_explains_its_effects_and_nothing_else(cause: str, effect: str, here: bool, upstream: bool) -> None:
    first, second = _labelled(cause), _labelled(effect)
    assert DECLARED.can_explain(first, second, Where.HERE) is here
    assert DECLARED.can_explain(first, second, Where.UPSTREAM) is upstream


def test_an_alarm_of_one_channel_or_service_explains_no_other() -> None:
    stale = _labelled("StreamStale") | {"channel": "kino"}
    lost = _labelled("EdgeSessionsLost") | {"service": "ott"}
    assert DECLARED.can_explain(stale, _labelled("StreamStale") | {"channel": "kino"}, Where.UPSTREAM)
    assert not DECLARED.can_explain(stale, _labelled("StreamStale") | {"channel": "sport"}, Where.UPSTREAM)
    assert not DECLARED.can_explain(stale, lost, Where.HERE)
    errors = _labelled("EdgeErrorRatioHigh") | {"service": "ott"}
    assert DECLARED.can_explain(errors, lost, Where.HERE)
    assert not DECLARED.can_explain(errors | {"service": "radio"}, lost, Where.HERE)


def _labelled(name: str) -> dict[str, str]:
    return {"alertname": name, **(ALERTS[name].labels if name in ALERTS else {})}
