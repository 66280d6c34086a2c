"""Start a site beside a pair of control centres, all on loopback addresses, and keep them until Ctrl-C.

`python -m deploy.site [--engine prometheus] [--targets FILE]`: the consoles of the pair, an account, and every
program's log. The site's probe is its own database's port: kill the site's vmagent for a site that is cut off, all its
programs for one that is down.
"""

import argparse
import json
import sys
from pathlib import Path

from center.pair_settings import Mail
from center.site_settings import SiteSettings
from deploy.pair.kept import keep, tell, until_told
from deploy.pair.loopback import SIDES, addresses, settings_of, short_folder
from deploy.pair.loopback import running as running_pair
from deploy.site.loopback import missing, running

ACCOUNT = "site"
NAME = "astana"


def main() -> int:
    """Run until told to stop; return 1 when it does not start, 2 when programs are missing."""
    parser = argparse.ArgumentParser(
        "python -m deploy.site", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=["victoriametrics", "prometheus"], default="victoriametrics")
    parser.add_argument("--targets", type=Path, help="nodes of the site, as Prometheus' files of targets name them")
    arguments = parser.parse_args()
    if lacking := missing():
        print(f"missing: {', '.join(lacking)}; docs/sites.md names the packages", file=sys.stderr)
        return 2
    targets = arguments.targets.read_text("utf-8") if arguments.targets else "[]\n"
    folder = short_folder()
    found = addresses()
    address = found["a"].rpartition(".")[0] + ".4"
    mail = Mail("duty@example.org", "ottwatch@example.org", "127.0.0.1:25")
    settings = SiteSettings(NAME, f"relay-{NAME}", address, tuple(found[side] for side in SIDES), mail, "1GB")
    probes = json.dumps([{"targets": [f"{address}:8428"], "labels": {"site": NAME}}])
    with (
        until_told(folder),
        running_pair(settings_of(found, folder, arguments.engine), folder, "[]\n", probing=True) as pair,
        running(settings, folder, targets) as site,
    ):
        pair.watch_sites(probes)
        tell(pair, ACCOUNT)
        print(f"site {NAME}: rules {site.url(8880)}/, nodes {site.root}/etc/prometheus/ottwatch/targets")
        keep(pair, ACCOUNT, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
