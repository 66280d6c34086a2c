"""What every alert owes the engineer: labels, texts in both languages, a reason, a runbook page, and tests."""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.reading import RUNBOOKS, TESTS, Alert, alerts

ALERTS = alerts()
SEVERITIES = {"critical", "major", "minor", "warning"}
COMPONENTS = {"node", "edge", "middleware", "stream", "capacity", "billing", "appeals", "ottwatch"}
ANNOTATIONS = {"summary", "description", "summary_ru", "description_ru", "value", "unit", "runbook_url"}
# As in thresholds.toml; a ratio is a share of 1, a bool is 1 where it holds.
UNITS = {
    *("ratio", "bool", "number", "factor", "seconds", "timestamp", "segment durations"),
    *(
        "requests per second",
        "pages per second",
        "nodes",
        "subscribers",
        "probes",
        "repairs",
        "messages",
        "evaluations",
    ),
    *(
        "alerts",
        "notifications",
        "webhooks",
        "runs",
        "errors",
        "datagrams",
        "pieces",
        "blocks",
        "bytes",
        "changes",
        "figures",
        "disks",
        "degrees Celsius",
    ),
    "LUFS",
    *("subscriptions", "charges", "balances", "accounts", "corrections", "minor units", "samples"),
    *("appeals", "customers", "free months"),
    *("links", "connections per second", "datagrams per second"),
}

every_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def test_alert_names_are_unique() -> None:
    assert [name for name, count in Counter(alert.name for alert in ALERTS).items() if count > 1] == []


@every_alert
def test_labels(alert: Alert) -> None:
    assert set(alert.labels) - {"ticket"} == {"severity", "component", "layer", "service_affecting"}
    assert alert.labels["severity"] in SEVERITIES
    assert alert.labels["component"] in COMPONENTS
    assert alert.labels["service_affecting"] in {"yes", "no"}
    if "ticket" in alert.labels:
        assert (alert.labels["ticket"], alert.labels["severity"]) == ("yes", "warning")


@every_alert
def test_annotations(alert: Alert) -> None:
    assert alert.annotations.keys() - {"source_query"} == ANNOTATIONS
    assert alert.annotations["runbook_url"] == f"{{{{ $externalURL }}}}/user/{alert.name}.md"
    for key in ("summary", "description"):
        english, russian = alert.annotations[key], alert.annotations[f"{key}_ru"]
        assert re.search("[А-Яа-яЁё]", english) is None
        assert re.search("[А-Яа-яЁё]{3}", russian) is not None
        # Both languages state the same facts, whatever their units.
        assert _facts(english) == _facts(russian)
    assert alert.annotations["value"] == "{{ $value }}"
    assert alert.annotations["unit"] in UNITS
    assert re.search("[Vv]iewers|picture|subscribers|log in", alert.annotations["description"]), "what viewers notice"
    assert re.search("[Зз]рител|[Аа]бонент|изображени", alert.annotations["description_ru"]), "what viewers notice"
    if alert.annotations["unit"] != "bool":  # there the sentence says it
        assert re.search("threshold|allowed", alert.annotations["description"])
        assert re.search("порог|допустимо", alert.annotations["description_ru"])


def _facts(text: str) -> set[str]:
    """Return the labels and series that a text speaks of, and whether it gives the value."""
    return set(re.findall(r"\$labels\.\w+|\$value|\w+:\w+:\w+|threshold='\w+'", text))


@every_alert
def test_a_comment_gives_the_reason(alert: Alert) -> None:
    assert len(alert.comment) > 60
    if alert.hold:
        number, unit = re.fullmatch(r"(\d+)([smhd])", alert.hold).groups()  # type: ignore[union-attr]
        word = {"s": "second", "m": "minute", "h": "hour", "d": "day"}[unit]
        assert re.search(rf"\b{number} {word}", alert.comment), f"no reason for `for: {alert.hold}`"
    else:
        assert re.search("[Nn]o (threshold and no )?`for`", alert.comment), "no reason for the absence of `for`"


@every_alert
def test_runbook_page(alert: Alert) -> None:
    text = (RUNBOOKS / f"{alert.name}.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line]
    assert lines[0].startswith(f"# {alert.name}: ")
    russian, english = text.index("## Русский\n"), text.index("## English\n")
    assert russian < english
    assert lines[2].startswith("**Что замечает зритель.** ")
    assert lines[3].startswith("**Первое действие.** ")
    first = [line for line in text[english:].splitlines() if line][1:3]
    assert first[0].startswith("**What viewers notice.** ")
    assert first[1].startswith("**First action.** ")
    for part in ("### Как найти причину", "### Как восстановить", "### Кому передать"):
        assert text.index(part) < english
    for part in ("### Finding the cause", "### Restoring", "### Handing over"):
        assert text.index(part) > english


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_commands_of_a_runbook_work_as_they_are_written(page: Path) -> None:
    """Without its settings the recorder reads the default database, which need not be the one that is meant."""
    for command in re.findall(r"`(ott-busyhour [^`]+)`", page.read_text("utf-8")):
        assert " --config /etc/ottwatch/busyhour.toml" in command
        assert "backfill" not in command or re.search(r" --from \w+ --to \w+$", command)


def test_no_runbook_page_without_an_alert() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == {alert.name for alert in ALERTS}


@cache
def _tests() -> list[dict[str, Any]]:
    return [
        test
        for file in sorted(TESTS.glob("*.test.yml"))
        for test in yaml.load(file.read_text(), yaml.CSafeLoader)["tests"]
    ]


@every_alert
def test_fires_waits_stays_silent_and_survives_a_missing_series(alert: Alert) -> None:
    mine = [test for test in _tests() if re.search(rf"\b{alert.name}\b", test["name"])]
    inputs = " ".join(entry["series"] for test in mine for entry in test["input_series"])
    expected = [
        (check["expr"], str(check["exp_samples"])) for test in mine for check in test.get("promql_expr_test", [])
    ]
    about = [samples for expr, samples in expected if "ALERTS" in expr]
    assert any("firing" in samples for samples in about), "never fires"
    if alert.hold:
        assert any("pending" in samples for samples in about), "never waits"
    if alert.name != "Watchdog":
        assert "silent" in inputs, "never silent nearby"
    assert "missing" in inputs, "no series is missing"
