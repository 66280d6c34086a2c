"""Start a whole pair of control centres on loopback addresses and keep it until Ctrl-C.

`python -m deploy.pair [--engine prometheus] [--targets FILE]`: the two consoles, an account, and every program's log.
"""

import argparse
import sys
from pathlib import Path

from deploy.pair.kept import keep, tell, until_told
from deploy.pair.loopback import addresses, missing, running, settings_of, short_folder

ACCOUNT = "pair"


def main() -> int:
    """Run until told to stop; return 1 when it does not start, 2 when programs are missing."""
    parser = argparse.ArgumentParser(
        "python -m deploy.pair", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=["victoriametrics", "prometheus"], default="victoriametrics")
    parser.add_argument("--targets", type=Path, help="nodes to monitor, as Prometheus' files of targets name them")
    arguments = parser.parse_args()
    if lacking := missing():
        print(f"missing: {', '.join(lacking)}; docs/pair.md names the packages", file=sys.stderr)
        return 2
    targets = arguments.targets.read_text("utf-8") if arguments.targets else "[]\n"
    folder = short_folder()
    settings = settings_of(addresses(), folder, arguments.engine)
    with until_told(folder), running(settings, folder, targets) as pair:
        tell(pair, ACCOUNT)
        keep(pair, ACCOUNT, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
