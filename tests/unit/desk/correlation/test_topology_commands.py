"""What `ott-desk topology` prints."""

import pytest

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.app.topology_commands import alarm, explained
from service.prometheus import Sample
from tests.unit.desk.correlation.platform import NODES, PLAN


def correlator() -> Correlator:
    made = Correlator(PLAN)
    nodes = [Sample({"node": node.name, "site": node.site, "role": node.role}, 1.0) for node in NODES]
    made.learn(lambda query: nodes if "up{" in query else [])
    return made


def test_alerts_are_explained_in_a_sentence_each() -> None:
    cause = 'NodeProcessMissing{element="packager",site="almaty",layer="service"}'
    effect = 'StreamStale{node="edge-1",site="almaty",channel="news",layer="stream"}'
    disk = 'NodeDiskFull{node="edge-8",site="astana",layer="node"}'
    assert explained([alarm(text) for text in (effect, cause, disk)], correlator()) == [
        f"{disk}: a ticket of its own",
        f"{cause}: a ticket of its own",
        f"{effect}: belongs to {cause}. StreamStale on edge-1 follows from NodeProcessMissing on packager, on which it "
        "depends.",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Node Down", "is no alert; write NodeDown{"),
        ('NodeDown{node="a" site="b"}', "is no label; write name="),
        ('NodeDown{node="a"}', "has no label layer"),
    ],
)
def test_an_alert_that_cannot_be_read(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        alarm(text)
