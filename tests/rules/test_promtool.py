"""Prometheus's own tools accept the rules and the configuration, and every rule test passes."""

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.rules.promtool import run_test
from tests.rules.reading import RULES, TESTS, run

CONFIGURATION = ROOT / "deploy" / "prometheus"


def test_the_rules_are_accepted_without_a_remark() -> None:
    done = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_a_sites_thresholds_is_accepted() -> None:
    done = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *sorted((CONFIGURATION / "site").iterdir()))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_is_accepted_where_it_is_installed(tmp_path: Path) -> None:
    text = (CONFIGURATION / "prometheus.yml").read_text("utf-8")
    for installed, here in (
        ("/etc/prometheus/ottwatch/rules", RULES),
        ("/etc/prometheus/ottwatch/site", CONFIGURATION / "site"),
        ("/etc/prometheus/ottwatch/targets", CONFIGURATION / "targets"),
    ):
        assert installed in text
        text = text.replace(installed, str(here))
    file = tmp_path / "prometheus.yml"
    file.write_text(text, "utf-8")
    done = run("promtool", "check", "config", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(list(RULES.glob('*.yml'))) + 1} rule files found" in done.stdout


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.yml")), ids=lambda file: file.name)
def test_rule_tests(file: Path, tmp_path: Path) -> None:
    done = run_test(file, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
