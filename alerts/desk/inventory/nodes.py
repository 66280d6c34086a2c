"""The inventory: adding, changing and removing nodes, each with a line in the audit trail."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from alerts.desk.access.trail import Action, By, tell
from alerts.desk.core.database import Database
from alerts.desk.core.tables import node
from service.nodes import Node, address_of
from service.nouns import counted

COLUMNS = tuple(each.name for each in fields(Node))
_NODES = select(*(node.c[name] for name in COLUMNS))
_AT_ONCE = 500


class Imported(NamedTuple):
    """What an import did, in numbers of nodes."""

    added: int
    changed: int
    known: int


def everything(connection: Connection) -> list[Node]:
    """Return all nodes by name."""
    return [Node(*row) for row in connection.execute(_NODES.order_by(node.c.name)).all()]


def add(database: Database, by: By, fresh: Node, now: datetime) -> None:
    """Add a node; raise ValueError when its name or its address is there already. The same node again is no change."""
    fresh.check()
    with database.write() as connection:
        for other in _alike(connection, fresh):
            if other == fresh:
                return
            raise ValueError(
                f"{other.name} ({other.site}, {other.role}) at {other.address} is in the inventory; "
                f"remove it first: ott-desk node remove --name {other.name}"
            )
        connection.execute(insert(node).values(asdict(fresh) | {"added_at": now}))
        tell(connection, now, by, Action.NODE_ADDED, fresh.name, **asdict(fresh))


def remove(database: Database, by: By, name: str, now: datetime) -> None:
    """Remove a node; raise ValueError when there is none of that name."""
    with database.write() as connection:
        if not connection.execute(delete(node).where(node.c.name == name)).rowcount:
            raise ValueError(f"there is no node {name} in the inventory")
        tell(connection, now, by, Action.NODE_REMOVED, name)


def take(database: Database, by: By, found: Sequence[Node], now: datetime) -> Imported:
    """Add the nodes that are not there and change those that are there otherwise, all or none; raise ValueError."""
    with database.write() as connection:
        before = {each.name: each for each in everything(connection)}
        after = before | {each.name: each for each in found}
        _check_addresses(after.values())
        fresh = [each for each in found if each.name not in before]
        moved = [each for each in found if each.name in before and before[each.name] != each]
        # A node may take over the address of another that moves as well.
        connection.execute(delete(node).where(node.c.name.in_([each.name for each in moved])))
        rows = [asdict(each) | {"added_at": now} for each in (*fresh, *moved)]
        for first in range(0, len(rows), _AT_ONCE):
            connection.execute(insert(node), rows[first : first + _AT_ONCE])
        result = Imported(len(fresh), len(moved), len(found) - len(fresh) - len(moved))
        if rows:
            tell(connection, now, by, Action.NODES_IMPORTED, None, added=result.added, changed=result.changed)
    return result


def read(lines: Iterable[str]) -> Iterator[Node]:
    """Yield the nodes of lines of name, site, role and address, separated by tabs; raise ValueError with the line.

    What follows the address is left out, so that the output of `ott-center node list` can be read.
    """
    seen: set[str] = set()
    for number, line in enumerate(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
        if not line or line[0].startswith("#"):
            continue
        if len(line) < len(COLUMNS):
            raise ValueError(
                f"line {number}: {counted(len(line), 'field')}; write name, site, role and address between tabs"
            )
        name, site, role, address = (field.strip() for field in line[: len(COLUMNS)])
        try:
            found = Node(name, site, role, address_of(address))
            found.check()
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        if name in seen:
            raise ValueError(f"line {number}: {name} is named twice")
        seen.add(name)
        yield found


def _alike(connection: Connection, fresh: Node) -> list[Node]:
    same = (node.c.name == fresh.name) | (node.c.address == fresh.address)
    return [Node(*row) for row in connection.execute(_NODES.where(same)).all()]


def _check_addresses(nodes: Iterable[Node]) -> None:
    at: dict[str, str] = {}
    for each in nodes:
        if other := at.get(each.address):
            raise ValueError(f"{other} and {each.name} have one address, {each.address}")
        at[each.address] = each.name
