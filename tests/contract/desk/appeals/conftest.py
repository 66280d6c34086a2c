"""A database in a file for what does not depend on the kind of database: made at once, not migration by migration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.desk.core.appeal_tables import appeal
from alerts.desk.core.database import Database


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Database]:
    result = Database(f"sqlite:///{tmp_path / 'quick.db'}")
    with result.write() as connection:
        appeal.metadata.create_all(connection)
    yield result
    result.dispose()
