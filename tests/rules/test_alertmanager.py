"""Alertmanager takes the configuration, and every alert reaches the desk with the right timing."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.rules.reading import Alert, alerts, run

FILE = ROOT / "alerts" / "alertmanager.yml"
CONFIGURATION = yaml.safe_load(FILE.read_text("utf-8"))
PROBLEM_KEY = ["alertname", "site", "node", "service", "channel"]


def test_the_configuration_is_accepted() -> None:
    done = run("amtool", "check-config", FILE)
    assert done.returncode == 0, done.stdout + done.stderr


# One alert for every set of labels there is: the routes look at nothing else but the Watchdog's name.
ROUTED = {tuple(sorted(alert.labels.items())): alert for alert in alerts()}.values()


@pytest.mark.parametrize("alert", ROUTED, ids=lambda alert: alert.name)
def test_every_kind_of_alert_is_routed_to_the_desk(alert: Alert) -> None:
    labels = {"alertname": alert.name, **alert.labels}
    done = run("amtool", "config", "routes", "test", f"--config.file={FILE}", *(f"{k}={v}" for k, v in labels.items()))
    assert done.stdout.split() == ["desk"], done.stderr


def test_only_the_watchdog_takes_the_route_of_its_own() -> None:
    done = run("amtool", "config", "routes", "show", f"--config.file={FILE}")
    assert done.stdout.count("receiver: desk") == 2
    assert '{alertname="Watchdog"}' in done.stdout


def test_a_group_is_a_problem() -> None:
    assert CONFIGURATION["route"]["group_by"] == PROBLEM_KEY


def test_the_webhook_carries_a_token_from_a_file_and_recoveries() -> None:
    (hook,) = CONFIGURATION["receivers"][0]["webhook_configs"]
    assert hook["url"].endswith(":9781/webhook/alertmanager")
    assert hook["send_resolved"] is True
    assert hook["http_config"]["authorization"]["type"] == "Bearer"
    assert Path(hook["http_config"]["authorization"]["credentials_file"]).is_absolute()


NODE = {"site": "a", "node": "n"}


@pytest.mark.parametrize(
    ("cause", "effect", "silenced"),
    [
        (("SiteDown", {"site": "a"}), ("NodeDown", NODE), True),
        (("SiteDown", {"site": "a"}), ("EdgeNoTraffic", NODE | {"service": "ott"}), True),
        (("SiteDown", {"site": "a"}), ("NodeDown", {"site": "b", "node": "n"}), False),
        (("SiteDown", {"site": "a"}), ("SiteDown", {"site": "a"}), False),
        (("SiteDown", {"site": "a"}), ("SubscribersOnlineDropped", {"service": "ott"}), False),
        (("SiteDown", {"site": "a"}), ("PlatformTrafficCollapsed", {"service": "ott"}), False),
        (("NodeDown", NODE), ("NodeDown", NODE), False),
        (("NodeDown", NODE), ("SiteDown", {"site": "a"}), False),
        (("NodeDown", NODE), ("StreamDown", NODE | {"channel": "c"}), True),
        (("NodeDown", NODE), ("SubscribersSourceFailing", NODE), True),
        (("NodeDown", NODE), ("NodeDiskFull", {"site": "a", "node": "other"}), False),
        (("NodeDown", NODE), ("TargetMissing", NODE | {"job": "ott-desk"}), True),
        # The agent beside them is dead, they are not.
        (("NodeDown", NODE), ("AlertsDropped", NODE), False),
        (("NodeDown", NODE), ("RuleFailures", NODE), False),
        (("NodeDown", NODE), ("DeskRefusesWebhooks", NODE), False),
        (("NodeDiskFull", NODE | {"mountpoint": "/"}), ("NodeDiskFilling", NODE | {"mountpoint": "/"}), True),
        (("NodeDiskFull", NODE | {"mountpoint": "/"}), ("NodeDiskFilling", NODE | {"mountpoint": "/srv"}), False),
        (("CapacityExceeded", {"scope": "platform"}), ("CapacityWatch", {"scope": "platform"}), True),
        (("CapacityWatch", {"scope": "platform"}), ("CapacityExceeded", {"scope": "platform"}), False),
    ],
    ids=lambda case: case[0] if isinstance(case, tuple) else str(case),
)
def test_a_cause_silences_its_effects_and_nothing_else(
    cause: tuple[str, dict[str, str]], effect: tuple[str, dict[str, str]], silenced: bool
) -> None:
    assert _silences(_labelled(*cause), _labelled(*effect)) is silenced


def _labelled(name: str, labels: dict[str, str]) -> dict[str, str]:
    (alert,) = (alert for alert in alerts() if alert.name == name)
    return {"alertname": name, **alert.labels, **labels}


def _silences(cause: dict[str, str], effect: dict[str, str]) -> bool:
    """As Alertmanager decides; a label that is missing is empty."""
    return any(
        all(_matches(matcher, cause) for matcher in rule["source_matchers"])
        and all(_matches(matcher, effect) for matcher in rule["target_matchers"])
        and all(cause.get(name, "") == effect.get(name, "") for name in rule["equal"])
        for rule in CONFIGURATION["inhibit_rules"]
    )


def _matches(matcher: str, labels: dict[str, str]) -> bool:
    name, operator, value = re.fullmatch(r'(\w+) *(=~|!~|!=|=) *"?(.*?)"?', matcher).groups()  # type: ignore[union-attr]
    value = value if operator.endswith("~") else re.escape(value)
    return (re.fullmatch(value, labels.get(name, "")) is not None) is (operator[0] == "=")


def test_inhibition_names_alerts_that_exist() -> None:
    known = {alert.name for alert in alerts()}
    for rule in CONFIGURATION["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            name, _, value = matcher.replace("!=", "=").replace("=~", "=").replace("!~", "=").partition("=")
            if name.strip() == "alertname":
                assert set(value.strip(' "').split("|")) <= known, matcher
