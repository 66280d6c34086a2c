"""`ott-desk node`: the inventory that Prometheus discovers over HTTP."""

import argparse
import sys

from alerts.desk.access.trail import By
from alerts.desk.core.actors import PROGRAM
from alerts.desk.core.database import Database
from alerts.desk.inventory import nodes
from alerts.desk.tickets.runtime import utc_now
from service.nodes import Node, address_of
from service.program import Exit

BY = By(PROGRAM)


def node(arguments: argparse.Namespace, database: Database) -> int:
    """Add, import, list or remove nodes; raise ValueError or OSError."""
    match arguments.verb:
        case "add":
            fresh = Node(arguments.name, arguments.site, arguments.role, address_of(arguments.address))
            nodes.add(database, BY, fresh, utc_now())
        case "remove":
            nodes.remove(database, BY, arguments.name, utc_now())
        case "import":
            _import(arguments.file, database)
        case _:
            with database.read() as connection:
                found = nodes.everything(connection)
            for each in found:
                print(each.name, each.site, each.role, each.address, sep="\t")
    return Exit.FINE


def _import(file: str, database: Database) -> None:
    try:
        if file == "-":
            found = list(nodes.read(sys.stdin))
        else:
            with open(file, encoding="utf-8") as lines:  # noqa: PTH123 - an argument, or "-"
                found = list(nodes.read(lines))
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: is not UTF-8 text at byte {error.start}") from None
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    done = nodes.take(database, BY, found, utc_now())
    print(f"{done.added} added, {done.changed} changed, {done.known} there already")
