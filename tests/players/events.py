"""Let real players send events to the agent: `python -m tests.players.events` writes events.json.

Each plays from a server that is slow with one segment, in version 2 with an event target at the agent's own listener,
which is of another origin than the page. What is recorded is the bodies as they came, and the player's account.
"""

import argparse
import json
import os
import shutil
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from agent.sources.player_events.settings import PlayerEventsSettings
from agent.sources.player_events.source import PlayerEventsSource
from demo.ports import free_port
from service.settings import Secret
from tests.browser.conftest import ARGUMENTS
from tests.players.media import media
from tests.players.play import HERE
from tests.players.stalls import Run, Server, serving

RECORDED = HERE / "events.json"
TOKEN = "a-token-for-players"
LENGTH = 40.0  # seconds of playing, with a stall behind the first ten
KINDS = (("hls", "ts.m3u8"), ("hls", "master.m3u8"), ("dash", "static.mpd"), ("shaka", "static.mpd"))


class Recording(PlayerEventsSource):
    """The agent's listener, which keeps what it has taken."""

    def __init__(self, settings: PlayerEventsSettings) -> None:
        super().__init__(settings, time.time)
        self.bodies: list[tuple[float, str]] = []

    def _take(self, body: bytes) -> bool:
        self.bodies.append((round(time.time(), 3), body.decode()))
        return super()._take(body)


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.players.events", description=__doc__)
    parser.add_argument("--output", type=Path, default=RECORDED)
    output = parser.parse_args().output
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    runs = [Run(player, path, 2, "query", {5: 7.0}) for player, path in KINDS]
    os.environ["PLAYERS_TOKEN"] = TOKEN
    collector = Recording(
        PlayerEventsSettings("apps", listen=f"127.0.0.1:{free_port()}", token=Secret(env="PLAYERS_TOKEN"))
    )
    collector.start()
    arguments = [*ARGUMENTS, "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    arguments += ["--disable-background-timer-throttling", "--disable-renderer-backgrounding"]
    target = quote(f"http://127.0.0.1:{collector.port}/events?token={TOKEN}", safe="")
    with (
        serving(Server(runs, media())) as address,
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=program, args=arguments)) as browser,
    ):
        pages = []
        for number, run in enumerate(runs):
            page = browser.new_context().new_page()
            url = quote(f"{address}/{number}/{run.path}", safe="")
            page.goto(
                f"{address}/page/stalls.html?player={run.player}&url={url}&version=2&sid=run-{number}&mode=query"
                f"&events={target}"
            )
            pages.append(page)
        pages[0].wait_for_timeout(LENGTH * 1000)
        for run, page in zip(runs, pages, strict=True):
            run.account = page.evaluate("window.account")
            page.context.close()
    collector.stop()
    refused = [sample for sample in collector.samples() if sample.metric.name.endswith("_refused_total")]
    assert not refused, refused
    recorded = {
        "accounts": [{"player": run.player, "path": run.path, **run.account} for run in runs],
        "bodies": collector.bodies,
    }
    output.write_text(json.dumps(recorded, indent=1) + "\n", "utf-8")
    print(f"{len(collector.bodies)} bodies, {[run.account['stalls'] for run in runs]}")


if __name__ == "__main__":
    main()
