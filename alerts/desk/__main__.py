"""The `ott-desk` program."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alerts.desk.access.roles import MACHINES, PEOPLE
from service.program import missing_extra, parser, run, subcommands

DEFAULT_CONFIG = Path("/etc/ottwatch/desk.toml")
LONGEST_LOOK = 10 * 366 * 24  # hours; no Prometheus keeps more


EXAMPLES = (
    "ott-desk serve --config /etc/ottwatch/desk.toml",
    "ott-desk check-config --config /etc/ottwatch/desk.toml",
    "ott-desk migrate",
    "ott-desk token create --role machine --name alertmanager",
    "ott-desk token list",
    "ott-desk token revoke --name alertmanager",
    "ott-desk account create --role engineer --name aigerim",
    "ott-desk account list",
    "ott-desk account role --role administrator --name aigerim",
    "ott-desk account password --name aigerim",
    "ott-desk account disable --name aigerim",
    "ott-desk account enable --name aigerim",
    "ott-desk account logout --name aigerim",
    "ott-desk account remove --name aigerim",
    "ott-desk backup --to /var/backups/desk.db",
    "ott-desk keys --hours 48",
    "ott-desk node add --name edge-1 --site almaty --role edge 10.0.0.5",
    "ott-desk node import nodes.tsv",
    "ott-desk node list",
    "ott-desk node remove --name edge-1",
    "ott-desk topology check",
    "ott-desk topology show",
    """ott-desk topology explain 'NodeDown{node="edge-1",site="almaty",layer="node"}'""",
    "ott-desk appeals import appeals.csv --dry-run",
)


def main() -> int:
    """Run the program; return its exit status."""
    arguments = command_line().parse_args()
    try:
        from alerts.desk.app import commands  # noqa: PLC0415 - without its extra the program must still say what is missing
    except ImportError as error:
        return missing_extra("ott-desk", "desk", error)
    return run(commands.run, arguments)


def command_line() -> argparse.ArgumentParser:
    """Return the parser."""
    result = parser("ott-desk", "Trouble tickets from alarms: one problem, one ticket, on time, never lost.", EXAMPLES)
    commands = subcommands(
        result,
        [
            ("serve", "serve the webhook, the API and the console"),
            ("check-config", "check the settings file and leave"),
            ("migrate", "bring the database to this version's schema"),
            ("token", "make, list and revoke tokens of machines"),
            ("account", "make, list, change and remove accounts of people"),
            ("backup", "copy the database while the desk runs"),
            ("keys", "show which tickets past alerts would have been"),
            ("node", "list, add, import and remove the nodes that Prometheus discovers over HTTP"),
            ("topology", "check and show what feeds what, and explain which alarms have one cause"),
            ("appeals", "take over appeals of another system"),
        ],
    )
    token = _verbs(
        commands["token"],
        [
            ("create", "make a token and print it, once", MACHINES, True),
            ("list", "print name, role, when it was made and last used", (), False),
            ("revoke", "make a token useless at once", (), True),
        ],
    )
    account = _verbs(
        commands["account"],
        [
            ("create", "make an account; ask for its password", PEOPLE, True),
            ("list", "print name, role, whether it is enabled, last login, sessions", (), False),
            ("role", "give an account another role", PEOPLE, True),
            ("password", "ask for a new password; end the account's sessions", (), True),
            ("disable", "let somebody in no longer", (), True),
            ("enable", "let somebody in again", (), True),
            ("logout", "end somebody's sessions", (), True),
            ("remove", "delete an account; tickets and the audit trail go on naming it", (), True),
        ],
    )
    node = _verbs(
        commands["node"],
        [
            ("add", "let Prometheus scrape a node's agent", (), True),
            ("import", "add and change the nodes of a file, all or none", (), False),
            ("list", "print name, site, role and address of each", (), False),
            ("remove", "scrape a node no longer", (), True),
        ],
    )
    node[0].add_argument("--site", required=True, help="what shares power and uplink with it")
    node[0].add_argument("--role", required=True, help="edge, origin, middleware, database or control")
    node[0].add_argument("address", metavar="ADDRESS", help="where its agent listens; port 9780 unless it is given")
    node[1].add_argument("file", help='a line each: name, site, role and address between tabs; "-": standard input')
    topology = _verbs(
        commands["topology"],
        [
            ("check", "name every mistake in the file, and names that match nothing", (), False),
            ("show", "print what each node and element depends on", (), False),
            ("explain", "say which of these alerts would get tickets, and why", (), False),
        ],
    )
    appeals = _verbs(commands["appeals"], [("import", "register the appeals of a CSV file, all or none", (), False)])
    appeals[0].add_argument("file", type=Path, help="docs/appeals.md describes its columns")
    appeals[0].add_argument("--dry-run", action="store_true", help="check everything, and store nothing")
    example = """such as 'NodeDown{node="edge-1",site="almaty",layer="node"}'"""
    topology[-1].add_argument("alert", nargs="+", help=example)
    leaves = {"token": token, "account": account, "node": node, "topology": topology, "appeals": appeals}
    for name, command in commands.items():
        for leaf in leaves.get(name, [command]):
            leaf.add_argument("--config", type=Path, default=DEFAULT_CONFIG, metavar="FILE")
    commands["backup"].add_argument(
        "--to", type=Path, required=True, metavar="FILE", help="a file that is not there yet"
    )
    commands["keys"].add_argument(
        "payload", type=Path, nargs="*", help="recorded webhooks; without any, ask Prometheus"
    )
    commands["keys"].add_argument("--hours", type=_hours, default=24.0, help="how far to look back in Prometheus")
    commands["keys"].add_argument("--group-by", default="", metavar="LABEL,…", help="Alertmanager's group_by")
    return result


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= LONGEST_LOOK:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {LONGEST_LOOK}")
    return hours


def _verbs(
    command: argparse.ArgumentParser, verbs: Sequence[tuple[str, str, Sequence[str], bool]]
) -> list[argparse.ArgumentParser]:
    """Add a verb for each (name, help, roles to choose from, whether it wants a name); return their parsers."""
    parsers = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    result = []
    for verb, text, roles, named in verbs:
        leaf = parsers.add_parser(verb, help=text, description=text)
        if roles:
            leaf.add_argument("--role", choices=roles, required=True)
        if named:
            leaf.add_argument("--name", required=True)
        result.append(leaf)
    return result


if __name__ == "__main__":
    sys.exit(main())
