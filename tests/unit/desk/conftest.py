"""Fixtures of the desk's unit tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.desk.console_desk import Hall, hall


@pytest.fixture
def control_room(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as result:
        yield result
