"""What `pip install .` gives: the programs, with the files they need at run time, and nothing of the workshop."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

DATA = {".yml", ".toml", ".html", ".css", ".js", ".json", ".sql", ".md"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        check=True,
    )
    (file,) = folder.glob("ottwatch-*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_has_every_file_of_the_shipped_packages(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    wanted = {
        name
        for name in tracked
        if name.split("/")[0] in {"agent", "alerts", "center", "dashboards", "service"}
        and Path(name).suffix in DATA | {".py"}
    }
    assert len(wanted) > 20
    assert wanted <= shipped


def test_the_wheel_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}
    assert tops == {"agent", "alerts", "center", "dashboards", "service"}


def test_the_programs_are_entry_points(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))
    text = wheel.read(entry_points).decode()
    for program in ("ott-agent", "ott-desk", "ott-dashboards", "ott-busyhour", "ott-center"):
        assert f"{program} = " in text
