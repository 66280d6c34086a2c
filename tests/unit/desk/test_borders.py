"""Rows and documents have types outside the store: `Any` and reads by a name in quotes are counted."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

DESK = ROOT / "alerts" / "desk"
_STORE_FILES = {"store.py", "records.py", "event_json.py"}
_STORE_CORE = {"database.py", "record.py", "batch.py", "tables.py"}
_ROWS = {
    "row", "rows", "data", "stored", "kept", "known", "body", "content",
    "error", "shown", "entry", "event", "each", "raw", "stalls",
}  # fmt: skip

# `core/record.py` has four: a row's value by its column is what the driver made of it, and SQLAlchemy's own RowMapping
# is a Mapping[str, Any]. `alarms/store.py` has one: a row is unpacked column by column, for a storm.
MOST_ANY = {"outside": 0, "store": 5}
"""How often `Any` is written; lower these numbers when it is less."""
# Outside, `core/invalid.py` reads two keys of pydantic's ErrorDetails, a TypedDict. In the store, `reports/store.py`
# has the database take one key out of the JSON of an event.
MOST_READS = {"outside": 2, "store": 1}
"""How often a row or a document is read by a name in quotes."""


def place(file: Path) -> str:
    """Return on which side of the border a file is: the store alone knows rows and stored JSON."""
    own = file.name in _STORE_FILES or file.name.endswith("_store.py") or file.name.endswith("_tables.py")
    core = file.parent.name == "core" and file.name in _STORE_CORE
    return "store" if own or core or "migrations" in file.parts else "outside"


def anys(tree: ast.AST) -> int:
    return sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree))


def reads(tree: ast.AST) -> int:
    return sum(
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and _name(node.value) in _ROWS
        for node in ast.walk(tree)
    )


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value):
            return _name(value)
        case _:
            return ""


def counted() -> Iterator[tuple[Path, str, int, int]]:
    for file in sorted(DESK.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        yield file, place(file), anys(tree), reads(tree)


@pytest.mark.parametrize("side", ["outside", "store"])
def test_rows_and_documents_have_types(side: str) -> None:
    found = [(file.relative_to(DESK), many, read) for file, where, many, read in counted() if where == side]
    assert sum(many for _, many, _ in found) <= MOST_ANY[side], [(str(file), many) for file, many, _ in found if many]
    assert sum(read for *_, read in found) <= MOST_READS[side], [(str(file), read) for file, _, read in found if read]


def by_room() -> dict[str, Counter[str]]:
    """Return the counts by the desk's folders, for `python -m tests.unit.desk.test_borders`."""
    result: dict[str, Counter[str]] = {}
    for file, side, many, read in counted():
        room = file.relative_to(DESK).parts[0]
        result.setdefault(room, Counter()).update({f"{side} Any": many, f"{side} reads": read})
    return result


if __name__ == "__main__":
    for folder, numbers in by_room().items():
        print(folder, {name: number for name, number in numbers.items() if number})
