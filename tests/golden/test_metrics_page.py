"""One catalogue, no drift: every metric is declared once, documented, and every name used is declared."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from service.metric import Metric
from tests.conftest import ROOT
from tests.golden import catalogues

METRICS = [metric for _, _, metrics in catalogues.sections() for metric in metrics]
# `ott_` names metrics and nothing else, so a regular expression finds every use. ott_access is a log, by its path.
NAME = re.compile(r"(?<![\w:/.-])ott_[a-z0-9_]+(?![\w/-]*\.(?:log|py|sqlite|db))")
NO_METRIC = {"ott_access"}
SUFFIXES = ("", "_bucket", "_sum", "_count")


def test_docs_metrics_is_what_the_catalogues_say(golden: Callable[[Path, str], None]) -> None:
    golden(ROOT / "docs/metrics.md", catalogues.page())


def test_every_metric_is_declared_once() -> None:
    assert [name for name, times in Counter(metric.name for metric in METRICS).items() if times > 1] == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_declaration_follows_the_rules_of_names(metric: Metric) -> None:
    assert re.fullmatch(r"(ott|node)_[a-zA-Z0-9_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.help[-1] == "."
    assert "|" not in metric.help
    assert metric.reader in ("", "ad hoc")


def used_names() -> Iterator[tuple[str, str]]:
    """Yield (file, name) for every metric name in rules, runbooks, boards and their JSON."""
    recorded = set(recording_rules())
    for folder, pattern in (
        ("alerts/rules", "*.y*ml"),
        ("alerts/runbooks", "*.md"),
        ("dashboards/boards", "*.py"),
        ("dashboards/json", "*.json"),
    ):
        for file in sorted((ROOT / folder).rglob(pattern)):
            for name in NAME.findall(file.read_text("utf-8")):
                if name not in recorded | NO_METRIC:
                    yield str(file.relative_to(ROOT)), name


def recording_rules() -> Iterator[str]:
    for file in sorted((ROOT / "alerts/rules").rglob("*.y*ml")):
        for group in yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)["groups"]:
            yield from (rule["record"] for rule in group["rules"] if "record" in rule)


def test_every_name_in_rules_runbooks_and_boards_is_declared() -> None:
    declared = {metric.name + suffix for metric in METRICS for suffix in SUFFIXES}
    strays = {(file, name) for file, name in used_names() if name not in declared}
    assert sorted(strays) == []


# Where a metric is read: rules, boards, the busy hour's queries and reports, the desk.
READERS = (
    ("alerts/rules", "*.y*ml"),
    ("dashboards/boards", "*.py"),
    ("dashboards/json", "*.json"),
    ("dashboards/busy_hour", "*.py"),
    ("alerts/desk/billing", "*.py"),
    ("alerts/desk/console", "*.py"),
)


def test_every_metric_has_a_reader_or_says_that_it_has_none() -> None:
    read = set()
    for folder, pattern in READERS:
        for file in (ROOT / folder).rglob(pattern):
            if file.name != "metrics.py":
                read |= set(re.findall(r"\b(?:ott|node)_\w+", file.read_text("utf-8")))
    unread = {metric.name for metric in METRICS if not read & {metric.name + suffix for suffix in SUFFIXES}}
    assert sorted(unread - {metric.name for metric in METRICS if metric.reader}) == []
