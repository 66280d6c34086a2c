"""`ott-agent init`: a commented settings file for this node, after a look at what runs on it.

Only what was seen is switched on. What cannot be seen from outside (the URL of a status page, what a token looks
like) is in the file as a comment with the line to fill in.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from agent.sources import SOURCES
from agent.sources.kind import function
from agent.sources.node import Seen, look
from agent.sources.server.proposal import SERVERS
from agent.sources.subscribers.proposal import DATABASES
from service.program import Exit

UNSEEN = "# /proc was not mounted: what runs here was not seen. Run “ott-agent init” once more on the running node."
NODE_EXPORTERS = {"node_exporter", "prometheus-node-exporter", "prometheus-node"}


def propose(seen: Seen) -> str:
    """Return the text of the settings file."""
    lines = [
        f"# Settings of ott-agent on {seen.node}. docs/agent.md explains every key;",
        "# “ott-agent check-config --config FILE” tells what is wrong with it.",
        'listen = "127.0.0.1:9780"        # Prometheus must reach it: the node\'s address, with [tls] and [auth]',
        'state = "/var/lib/ottwatch"      # positions in logs and counters that survive a restart',
        "",
        "# [auth]",
        '# token = { file = "/etc/ottwatch/agent-token" }',
        "",
        *(() if seen.processes else (UNSEEN,)),
        "[host]",
        *_host(seen),
        "",
        *(line for kind in SOURCES if kind.proposal for line in function(kind.proposal)(seen)),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _host(seen: Seen) -> Iterable[str]:
    if seen.processes & NODE_EXPORTERS:
        yield "enabled = false                  # node_exporter runs here and keeps these figures"
        return
    yield "enabled = true"
    if seen.processes and not seen.pressure:
        yield 'without = ["pressure"]           # this kernel has no pressure stall information'
    named = sorted(seen.processes & (SERVERS.keys() | DATABASES.keys()))
    if named:
        yield f"processes = {json.dumps(named)}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--output", type=Path, metavar="F", help="write there, if there is no such file yet; else print"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print or write the proposal."""
    text = propose(look(Path("/")))
    if arguments.output is None:
        sys.stdout.write(text)
        return Exit.FINE
    try:
        # Mode x: a file that somebody has edited is never overwritten.
        with arguments.output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        print(
            f"{arguments.output}: is there already and is not overwritten; name another with --output", file=sys.stderr
        )
        return Exit.UNUSABLE
    except OSError as error:
        print(f"{arguments.output}: cannot be written: {error.strerror}; name another with --output", file=sys.stderr)
        return Exit.UNUSABLE
    print(f"written: {arguments.output}; check it with: ott-agent check-config --config {arguments.output}")
    return Exit.FINE
