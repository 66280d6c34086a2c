"""The database of the demo's billing leaves nothing behind, whenever it is stopped."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from demo import database
from demo.ports import free_port
from demo.processes import Program, wait_until

PATIENCE = 90.0


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the database puts its folder; open to the user whom it runs as."""
    with TemporaryDirectory(prefix="ottwatch-test-") as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr("tempfile.tempdir", name)
        yield Path(name)


@pytest.fixture
def started(temporary: Path, tmp_path: Path) -> Iterator[tuple[Program, int]]:
    port = free_port()
    program = database.program(port, tmp_path / "database.log")
    program.start()
    yield program, port
    program.kill()


def answers(port: int) -> bool:
    try:
        with psycopg.connect(f"postgresql://billing@127.0.0.1:{port}/postgres") as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_a_database_that_is_stopped_takes_its_files_along(started: tuple[Program, int], temporary: Path) -> None:
    program, port = started
    wait_until(lambda: answers(port), PATIENCE, "the database does not answer", program.tail)
    assert [folder.name.startswith(database.PREFIX) for folder in temporary.iterdir()] == [True]
    program.ask_to_stop()
    assert program.wait_stopped(PATIENCE), program.tail()
    assert list(temporary.iterdir()) == []
    assert not answers(port)


def test_a_database_that_is_stopped_while_it_is_made_leaves_nothing(
    started: tuple[Program, int], temporary: Path
) -> None:
    program, _port = started
    wait_until(lambda: any(temporary.glob("*/data/PG_VERSION")), PATIENCE, "nothing is made", program.tail)
    program.ask_to_stop()
    assert program.wait_stopped(PATIENCE), program.tail()
    assert list(temporary.iterdir()) == []
