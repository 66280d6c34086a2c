"""The `ott-desk` program."""

import argparse
import sys
from pathlib import Path

from service.program import missing_extra, parser, run, subcommands

DEFAULT_CONFIG = Path("/etc/ottwatch/desk.toml")


def main() -> int:
    """Run the program; return its exit status."""
    arguments = _parser().parse_args()
    try:
        from alerts.desk import commands  # noqa: PLC0415 - without its extra the program must still say what is missing
    except ImportError as error:
        return missing_extra("ott-desk", "desk", error)
    return run(commands.run, arguments)


def _parser() -> argparse.ArgumentParser:
    result = parser("ott-desk", "Trouble tickets from alarms: one problem, one ticket, on time, never lost.")
    commands = subcommands(
        result,
        [
            ("serve", "serve the webhook, the API and the console"),
            ("check-config", "check the settings file and leave"),
            ("migrate", "bring the database to this version's schema"),
            ("token", "make a token for a machine"),
            ("account", "make an account for a person"),
            ("backup", "copy the database while the desk runs"),
            ("keys", "show which tickets past alerts would have been"),
        ],
    )
    for command in commands.values():
        command.add_argument("--config", type=Path, default=DEFAULT_CONFIG, metavar="FILE")
    for name, roles in (
        ("token", ("machine", "viewer", "engineer")),
        ("account", ("viewer", "engineer", "administrator")),
    ):
        commands[name].add_argument("verb", choices=["create"])
        commands[name].add_argument("--role", choices=roles, required=True)
        commands[name].add_argument("--name", required=True)
    commands["backup"].add_argument(
        "--to", type=Path, required=True, metavar="FILE", help="a file that is not there yet"
    )
    commands["keys"].add_argument(
        "payload", type=Path, nargs="*", help="recorded webhooks; without any, ask Prometheus"
    )
    commands["keys"].add_argument("--hours", type=float, default=24.0, help="how far to look back in Prometheus")
    commands["keys"].add_argument("--group-by", default="", metavar="LABEL,…", help="Alertmanager's group_by")
    return result


if __name__ == "__main__":
    sys.exit(main())
