"""What benches of both databases share: a folder with a PostgreSQL of its own, and the end of their `main`."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.desk.postgres import Postgres


@contextmanager
def postgresql(name: str) -> Iterator[tuple[Path, Postgres]]:
    """Yield a fresh folder and a server of its own; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as path, Postgres() as server:
        yield Path(path), server


def concluded(result: Mapping[str, Mapping[str, Any]]) -> int:
    """Print what was measured; return the exit status, 1 unless every part is `fine`."""
    print(json.dumps(result, indent=2))
    return int(not all(part["fine"] for part in result.values()))
