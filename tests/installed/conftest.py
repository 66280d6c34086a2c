"""The packages that these tests install, built once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.installed.debs import higher
from tests.installed.machine import CACHE, run

BOTH = ("--format", "deb", "--only", "ottwatch-agent", "--only", "ottwatch-center")
DRIVER = ("--only", "ottwatch-agent-postgresql")
# The first revision whose packages are built by uv, in seconds: 28 November 2026, five migrations of the desk ago.
PREVIOUS = "256025e"


def built(folder: Path, *options: str, sources: Path = ROOT, environment: dict[str, str] | None = None) -> Path:
    """Build packages into a folder and return it."""
    command = [sys.executable, "-m", "deploy.package", "--output", str(folder), *options]
    subprocess.run(command, cwd=sources, check=True, env={**os.environ, **(environment or {})})
    return folder


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages, and in `next` with the same at a higher version number."""
    if given := os.environ.get("OTTWATCH_PACKAGES"):
        folder = Path(given)
    else:
        folder = built(tmp_path_factory.mktemp("packages"), *BOTH, *DRIVER)
    (folder / "next").mkdir(exist_ok=True)
    for package in sorted(folder.glob("*.deb")):
        higher(package, folder / "next" / package.name.replace("_amd64", "+next_amd64"))
    return folder


@pytest.fixture(scope="session")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both packages of an older revision; built once on each machine."""
    if given := os.environ.get("OTTWATCH_PREVIOUS"):
        return Path(given)
    folder = CACHE.parent / f"packages-{PREVIOUS}"
    if folder.is_dir():
        return folder
    sources = tmp_path_factory.mktemp("previous")
    archive = sources / "sources.tar"
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), PREVIOUS]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"this checkout has no history that goes back to {PREVIOUS}")
    run("tar", "-C", str(sources), "-xf", str(archive))
    moment = int((sources / "run").stat().st_mtime)  # of the revision
    made = built(sources / "dist", *BOTH, sources=sources, environment={"SOURCE_DATE_EPOCH": str(moment)})
    new = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.copytree(made, new)
    try:
        new.rename(folder)
    except OSError:  # another run was first
        shutil.rmtree(new)
    return folder
