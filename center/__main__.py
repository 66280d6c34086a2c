"""ott-center: configures, checks and extends a control centre on this machine."""

import argparse
import sys

from service import program
from service.program import Exit

EXAMPLES = (
    "ott-center setup --site almaty --tls",
    "ott-center check",
    "ott-center node add --site almaty --role edge edge-1 10.0.0.11:9780",
    "ott-center node list",
    "ott-center node remove edge-1",
    "ott-center pair a --settings pair.toml",
    "ott-center site --settings site.toml",
    "ott-center withdraw",
)


def command_line() -> argparse.ArgumentParser:
    """Return the parser."""
    from center import node, pair, setup, site  # noqa: PLC0415 - without its extra the program must still say what is missing

    parser = program.parser("ott-center", __doc__ or "", EXAMPLES)
    commands = program.subcommands(
        parser,
        [
            ("setup", "configure Prometheus, Alertmanager, desk and busy hour, start them, and wait until all are up"),
            ("check", "find what is broken between the nodes and the tickets; exit status 1 when something is"),
            ("node", "add, list and remove nodes"),
            ("pair", "write the settings of one machine of a pair of control centres"),
            ("site", "write the settings of a site that evaluates its own alerts"),
            ("withdraw", "take ottwatch out of Prometheus' and Alertmanager's settings again"),
        ],
    )
    setup.add_arguments(commands["setup"])
    node.add_arguments(commands["node"])
    pair.add_arguments(commands["pair"])
    site.add_arguments(commands["site"])
    return parser


def main() -> int:
    """Run the program; return its exit status."""
    try:
        arguments = command_line().parse_args()
    except ModuleNotFoundError as error:
        return program.missing_extra("ott-center", "center", error)
    return program.run(_run, arguments)


def _run(arguments: argparse.Namespace) -> int:
    from center import check, node, pair, setup, site, withdraw  # noqa: PLC0415
    from center.places import Places  # noqa: PLC0415
    from center.refused import RefusedError  # noqa: PLC0415
    from center.services import CommandError  # noqa: PLC0415

    commands = {
        "setup": setup.run,
        "check": check.run,
        "node": node.run,
        "pair": pair.run,
        "site": site.run,
        "withdraw": withdraw.run,
    }
    try:
        return commands[arguments.command](arguments, Places())
    except RefusedError as error:
        print(error, file=sys.stderr)
        return Exit.UNUSABLE
    except (CommandError, OSError) as error:
        print(error, file=sys.stderr)
        return Exit.FAILED


if __name__ == "__main__":
    sys.exit(main())
