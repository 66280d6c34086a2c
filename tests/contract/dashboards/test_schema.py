"""Every board against the types that Grafana publishes, for the three versions we publish to."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dashboards.build import JSON


@pytest.fixture(scope="session")
def checker(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the type checker of dashboards in a copy; its folder cannot be written to."""
    assert shutil.which("npm"), "npm is missing: apt-get install npm"
    folder = tmp_path_factory.mktemp("grafana") / "check"
    folder.mkdir()
    for file in (shared / "grafana" / "check").iterdir():
        shutil.copyfile(file, folder / file.name)
    done = subprocess.run(
        ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("version", ["13", "12", "11"])
def test_boards_are_what_grafana_expects(checker: Path, version: str) -> None:
    boards = sorted(map(str, JSON.rglob("*.json")))
    assert boards
    done = subprocess.run(
        ["node", "check.mjs", "--grafana", version, *boards],
        cwd=checker,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(boards)} file(s), 0 violation(s)" in done.stderr
