"""One declaration of every threshold: rules, boards and documentation follow it."""

import re

from alerts import thresholds
from tests.conftest import ROOT
from tests.rules.reading import RULES, alerts, with_recordings

DECLARED = thresholds.load()
# They count the nodes that their threshold is about, or take those that another alert is about out of their own.
COUNTED = {"SiteClockSkewed", "CertificateUntrusted", "NodeVanished", "TargetMissing"}


def test_the_rules_file_is_what_the_declaration_gives_today() -> None:
    assert (RULES / "thresholds.yml").read_text("utf-8") == thresholds.rules(DECLARED), (
        "run: python -m alerts.thresholds"
    )


def test_every_threshold_is_used_and_every_used_one_declared() -> None:
    used = {name for alert in alerts() for name in re.findall(r'threshold="(\w+)"', with_recordings(alert.expr))}
    assert used == set(DECLARED)


def test_texts_speak_of_the_threshold_their_rule_compares_with() -> None:
    for alert in alerts():
        spoken = re.findall(r"threshold='(\w+)'", " ".join(alert.annotations.values()))
        compared = set(re.findall(r'threshold="(\w+)"', with_recordings(alert.expr)))
        assert set(spoken) <= compared, alert.name
        assert bool(spoken) == bool(compared - {"edge_idle_average_requests"}) or alert.name in COUNTED, alert.name


def test_every_threshold_is_documented() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text("utf-8").split("\n## Thresholds of a site\n")[1].split("\n## ")[0]
    table = re.findall(r"^\| `(\w+)` \| (\S+) \| ([^|]+) \|", text, re.MULTILINE)
    assert [(name, float(value), unit.strip()) for name, value, unit in table] == [
        (entry.name, entry.value, entry.unit) for entry in DECLARED.values()
    ]
