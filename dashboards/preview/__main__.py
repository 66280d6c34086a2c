"""`python -m dashboards.preview`: draw dashboards with the data of a running Prometheus, and check what is drawn."""

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from dashboards import build, live
from dashboards.boards import BOARDS
from dashboards.context import Local, context
from dashboards.preview.browser import Sheet, draw
from dashboards.preview.bundle import PreviewError
from dashboards.preview.picture import shrink
from dashboards.preview.recording import record
from dashboards.words import LANGUAGES
from service.program import Exit
from service.prometheus import PrometheusError


def main() -> int:
    """Draw the dashboards; return the exit status."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        drawn = draw(list(_sheets(options)))
    except (PreviewError, PrometheusError) as error:
        print(error, file=sys.stderr)
        return Exit.FAILED
    for one in drawn:
        if one.sheet.picture:
            shrink(one.sheet.picture)
            print(one.sheet.picture)
    findings = [finding for one in drawn for finding in one.findings]
    for finding in findings:
        print(finding, file=sys.stderr)
    return Exit.FAILED if findings else Exit.FINE


def _sheets(options: argparse.Namespace) -> Iterator[Sheet]:
    """Yield what is to be drawn; each dashboard is asked once, whatever the languages, colours and widths."""
    prometheus = live.connect(options.prometheus_url, options.at or time.time())
    choices = dict(choice.split("=", 1) for choice in options.choose)
    try:
        for board in BOARDS:
            if options.dashboard and board.name not in options.dashboard:
                continue
            recording = None
            for language, colours, width in product(options.language, options.colours, options.width):
                built = build.render(board, context(language, Local()))
                if options.since:
                    built["time"]["from"] = f"now-{options.since}"
                recording = recording or record(prometheus, built, choices)
                end = ("-light" if colours == "light" else "") + (f"-{width}" if len(options.width) > 1 else "")
                yield Sheet(
                    built, recording, colours, width, options.folder / f"dashboard-{board.name}-{language}{end}.png"
                )
    finally:
        prometheus.client.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m dashboards.preview", description=__doc__)
    parser.add_argument("--prometheus-url", default=Local().prometheus)
    parser.add_argument("--language", choices=LANGUAGES, nargs="+", default=["en"])
    parser.add_argument("--colours", choices=["dark", "light"], nargs="+", default=["dark"])
    parser.add_argument("--width", type=int, nargs="+", default=[1920])
    parser.add_argument("--dashboard", action="append", choices=[board.name for board in BOARDS])
    parser.add_argument("--choose", action="append", default=[], metavar="VARIABLE=VALUE")
    parser.add_argument("--since", help="look back so far, such as 15m, where the dashboard looks further")
    parser.add_argument("--at", type=float, metavar="UNIX_TIME", help="draw this moment instead of now")
    parser.add_argument("folder", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
