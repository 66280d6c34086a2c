"""`ott-center node`: the nodes of the platform."""

import argparse
import sys
from datetime import UTC, datetime

from center import authority, nodes, services
from center.places import PROMETHEUS, Places
from center.refused import refusing
from center.services import CommandError
from service.nodes import Node, address_of
from service.program import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    add = verbs.add_parser("add", help="monitor a node", description="Monitor a node.")
    add.add_argument("name", metavar="NAME", help="its name in tickets")
    add.add_argument("--site", required=True, help="what shares power and uplink with it")
    add.add_argument("--role", required=True, help="edge, origin, middleware, database or control")
    add.add_argument("address", metavar="ADDRESS", help="where its agent listens; port 9780 unless it is given")
    verbs.add_parser("list", help="print name, site, role, address and state of each", description="List the nodes.")
    remove = verbs.add_parser("remove", help="monitor a node no longer", description="Monitor a node no longer.")
    remove.add_argument("name", metavar="NAME")


def run(arguments: argparse.Namespace, places: Places) -> int:
    """Add, list or remove nodes. Prometheus reads the file by itself, within seconds."""
    match arguments.verb:
        case "add":
            return _add(arguments, places)
        case "remove":
            nodes.remove(places.nodes, arguments.name)
            (places.state / "nodes" / f"{arguments.name}.ottwatch").unlink(missing_ok=True)
            print(f"{arguments.name}: removed; its open tickets close when they are dealt with")
        case _:
            for node in nodes.nodes(places.nodes):
                print(node.name, node.site, node.role, node.address, _states().get(node.address, "unknown"), sep="\t")
    return Exit.FINE


def _add(arguments: argparse.Namespace, places: Places) -> int:
    with refusing():
        node = Node(arguments.name, arguments.site, arguments.role, address_of(arguments.address))
    nodes.add(places.nodes, node)
    if not authority.is_on(places):
        print(f"{node.name}: added at {node.address}; if its agent listens on loopback only, run on the node:")
        print(f"    ott-agent join --listen {node.address}")
    else:
        print(f"{node.name}: added at {node.address}; {_joining(node, places, datetime.now(UTC))}")
    return Exit.FINE


def tell(places: Places, now: datetime) -> None:
    """Print what to do on every node after TLS was switched on or off."""
    for node in nodes.nodes(places.nodes):
        if authority.is_on(places):
            print(f"{node.name}: {_joining(node, places, now)}")
        else:
            print(f"{node.name}: remove [tls] from its agent's settings, then: systemctl restart ott-agent")


def _joining(node: Node, places: Places, now: datetime) -> str:
    if not authority.own(places):
        return "its agent needs [tls] with a certificate of your authority"
    file = authority.bundle(places, node.name, node.address, now)
    return f"copy {file} to the node and run there:\n    ott-agent join {file.name} && systemctl restart ott-agent"


def _states() -> dict[str, str]:
    try:
        answer = services.get(f"{PROMETHEUS}/api/v1/targets?state=active")
    except CommandError as error:
        print(error, file=sys.stderr)
        return {}
    return {target["labels"]["instance"]: target["health"] for target in answer["data"]["activeTargets"]}
