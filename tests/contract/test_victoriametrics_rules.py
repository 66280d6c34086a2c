"""VictoriaMetrics's vmalert takes the same rules files as Prometheus."""

from pathlib import Path

import pytest

from tests.rules.reading import RULES, run


@pytest.mark.parametrize("file", sorted(RULES.glob("*.yml")), ids=lambda file: file.name)
def test_vmalert_accepts_the_rules(file: Path) -> None:
    done = run("vmalert", "-dryRun", f"-rule={file}")
    assert done.returncode == 0, done.stderr


def test_vmalert_refuses_what_is_no_rule(tmp_path: Path) -> None:
    file = tmp_path / "broken.yml"
    file.write_text("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up ==\n", "utf-8")
    assert run("vmalert", "-dryRun", f"-rule={file}").returncode != 0
