"""The packages that these tests install, built once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.installed.debs import higher


def built(folder: Path, *options: str, **environment: str) -> Path:
    """Build packages into a folder and return it."""
    command = [sys.executable, "-m", "deploy.package", "--output", str(folder), *options]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, **environment})
    return folder


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both packages, and in `next` with the same at a higher version number."""
    if given := os.environ.get("OTTWATCH_PACKAGES"):
        folder = Path(given)
    else:
        options = ("--format", "deb", "--only", "ottwatch-agent", "--only", "ottwatch-center")
        folder = built(tmp_path_factory.mktemp("packages"), *options)
    (folder / "next").mkdir(exist_ok=True)
    for package in sorted(folder.glob("*.deb")):
        higher(package, folder / "next" / package.name.replace("_amd64", "+next_amd64"))
    return folder
