"""Alertmanager takes the configuration, and every alert reaches the desk with the right timing."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.rules.reading import Alert, alerts, run

FILE = ROOT / "alerts" / "alertmanager.yml"
CONFIGURATION = yaml.safe_load(FILE.read_text("utf-8"))
PROBLEM_KEY = ["alertname", "site", "node", "element", "service", "channel"]


def test_the_configuration_is_accepted() -> None:
    done = run("amtool", "check-config", FILE)
    assert done.returncode == 0, done.stdout + done.stderr


# One alert for every set of labels there is: the routes look at nothing else but a few alerts' names.
ROUTED = {tuple(sorted(alert.labels.items())): alert for alert in alerts()}.values()


@pytest.mark.parametrize("alert", ROUTED, ids=lambda alert: alert.name)
def test_every_kind_of_alert_is_routed_to_the_desk(alert: Alert) -> None:
    labels = {"alertname": alert.name, **alert.labels}
    done = run("amtool", "config", "routes", "test", f"--config.file={FILE}", *(f"{k}={v}" for k, v in labels.items()))
    assert done.stdout.split() == ["desk"], done.stderr


def test_the_watchdog_and_who_is_down_take_routes_of_their_own() -> None:
    done = run("amtool", "config", "routes", "show", f"--config.file={FILE}")
    assert done.stdout.count("receiver: desk") == 3
    assert '{alertname="Watchdog"}' in done.stdout
    assert '{alertname=~"NodeDown|SiteDown|ControlCentreCutOff"}' in done.stdout


def test_who_is_down_is_told_at_once_and_of_exactly_the_alerts_of_its_group_of_rules() -> None:
    (route,) = [each for each in CONFIGURATION["route"]["routes"] if "NodeDown" in each["matchers"][0]]
    assert route["group_wait"] == "0s"
    names = set(re.findall(r"[A-Z]\w+", route["matchers"][0]))
    assert names == {alert.name for alert in alerts() if alert.group == "ottwatch:node:reachability"}


def test_a_group_is_a_problem() -> None:
    assert CONFIGURATION["route"]["group_by"] == PROBLEM_KEY


def test_the_webhook_carries_a_token_from_a_file_and_recoveries() -> None:
    (hook,) = CONFIGURATION["receivers"][0]["webhook_configs"]
    assert hook["url"].endswith(":9781/webhook/alertmanager")
    assert hook["send_resolved"] is True
    assert hook["http_config"]["authorization"]["type"] == "Bearer"
    assert Path(hook["http_config"]["authorization"]["credentials_file"]).is_absolute()


def test_nothing_is_inhibited() -> None:
    """Alertmanager forgets the cause in a restart, and keeps effects out of the desk's record."""
    assert "inhibit_rules" not in CONFIGURATION
