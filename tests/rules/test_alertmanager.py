"""Alertmanager takes the configuration, and every alert reaches the desk with the right timing."""

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


def test_nothing_is_inhibited() -> None:
    """Alertmanager forgets the cause in a restart, and keeps effects out of the desk's record."""
    assert "inhibit_rules" not in CONFIGURATION
