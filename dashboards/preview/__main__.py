"""`python -m dashboards.preview`: draw every board with the data of a running Prometheus into a folder."""

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboards import build, live
from dashboards.boards import BOARDS
from dashboards.context import Local, context
from dashboards.preview.page import draw
from dashboards.words import LANGUAGES

_NOTES = {
    "en": "Preview drawn from the board's JSON with the demo's data, {moment}. Grafana draws it its own way.",
    "ru": "Предварительный вид: нарисовано по JSON доски с данными демо, {moment}. Grafana рисует те же панели иначе.",
}


def main() -> int:
    """Draw the boards; return the exit status."""
    parser = argparse.ArgumentParser("python -m dashboards.preview", description=__doc__)
    parser.add_argument("--prometheus-url", default=Local().prometheus)
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--board", action="append", choices=[board.name for board in BOARDS])
    parser.add_argument("--choose", action="append", default=[], metavar="VARIABLE=VALUE")
    parser.add_argument("--since", help="look back so far, such as 15m, where the board looks further")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    now = time.time()
    prometheus = live.connect(options.prometheus_url, now)
    choices = dict(choice.split("=", 1) for choice in options.choose)
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        for board in BOARDS:
            if options.board and board.name not in options.board:
                continue
            built = build.render(board, context(options.language, Local()))
            if options.since:
                built["time"]["from"] = f"now-{options.since}"
            moment = datetime.fromtimestamp(now, ZoneInfo(built["timezone"])).strftime("%Y-%m-%d %H:%M")
            note = _NOTES[options.language].format(moment=moment)
            target = options.folder / f"board-{board.name}-{options.language}.png"
            draw(built, list(live.ask(prometheus, built, choices)), now, note, target)
            print(target)
    finally:
        prometheus.client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
