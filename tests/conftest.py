"""Fixtures that every layer uses."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("OTTWATCH_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real sample data beside the project; a test that needs it is skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"no sample data at {SHARED} (set OTTWATCH_SHARED)")
    return SHARED
