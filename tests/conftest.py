"""Fixtures that every layer uses."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("OTTWATCH_SHARED", ROOT.parent / "shared"))

# How long an example takes says how busy the machine is; a test that hangs meets pytest's own timeout.
settings.register_profile("ottwatch", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ottwatch")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept what is generated now as the golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a golden file, or write it there with --update-golden."""

    def compare(file: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8"), f"{file.relative_to(ROOT)} is stale; accept with --update-golden"

    return compare


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real sample data beside the project; a test that needs it is skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"no sample data at {SHARED} (set OTTWATCH_SHARED)")
    return SHARED
