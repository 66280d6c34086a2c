"""Play the cases in real players in Chromium: `python -m tests.players.play [CASE…]` writes verdicts.toml again.

Each case is played by the two players of its format: hls.js and shaka-player, or dash.js and shaka-player.
"""

import fcntl
import json
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.conftest import ROOT
from tests.players import dash_cases, hls_cases
from tests.players.server import Channels, served

HERE = Path(__file__).parent
VERDICTS = HERE / "verdicts.toml"
PATIENCE = 25.0
AT_ONCE = 10
_FILES = {
    "hls.js": "hls.js/dist/hls.min.js",
    "dash.js": "dashjs/dist/modern/umd/dash.all.min.js",
    "shaka.js": "shaka-player/dist/shaka-player.compiled.js",
}
CASES = {**hls_cases.CASES, **dash_cases.CASES}


def players(case: str) -> tuple[str, str]:
    return ("dash", "shaka") if case.startswith("dash") else ("hls", "shaka")


def path(case: str) -> str:
    return "live.mpd" if case.startswith("dash") else "live.m3u8"


def installed() -> Path:
    """Return the folder of the players, installed once for their lock file."""
    folder = ROOT / ".run" / "players"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, copy = (HERE / "package-lock.json").read_bytes(), folder / "package-lock.json"
        if not (folder / "node_modules" / "hls.js").is_dir() or copy.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(HERE / name, folder / name)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, done.stderr
    return folder / "node_modules"


def channels() -> Channels:
    modules = installed()
    files = {name: ((modules / file).read_bytes(), "text/javascript") for name, file in _FILES.items()}
    files["player.html"] = ((HERE / "player.html").read_bytes(), "text/html")
    return Channels(CASES, files)


def play(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what each player made of each case: "plays", or why not."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    arguments = [*ARGUMENTS, "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    waiting = [(case, player) for case in names for player in players(case)]
    found: dict[str, dict[str, str]] = {case: {} for case in names}
    with (
        served(channels()) as address,
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=program, args=arguments)) as browser,
    ):
        context = browser.new_context()
        open_: list[tuple[str, str, Page, float]] = []
        while waiting or open_:
            while waiting and len(open_) < AT_ONCE:
                case, player = waiting.pop(0)
                page = _open(context, address, case, player)
                open_.append((case, player, page, time.monotonic() + PATIENCE))
            time.sleep(0.2)
            for one in list(open_):
                case, player, page, end = one
                verdict = page.evaluate("window.verdict")
                if verdict or time.monotonic() > end:
                    found[case][player] = verdict or page.evaluate("window.reason") or "nothing is played"
                    page.close()
                    open_.remove(one)
    return found


def _open(context: BrowserContext, address: str, case: str, player: str) -> Page:
    page = context.new_page()
    page.goto(f"{address}/page/player.html?player={player}&url={address}/{case}/{player}/{path(case)}")
    return page


def main(names: Sequence[str]) -> None:
    known = tomllib.loads(VERDICTS.read_text("utf-8")) if VERDICTS.exists() else {}
    known |= play(names or list(CASES))
    lines = ["# What the players of package-lock.json make of each case; written by tests/players/play.py."]
    for case in CASES:
        if case in known:
            lines += [
                f"\n[{case}]",
                *(f"{player} = {json.dumps(text, ensure_ascii=False)}" for player, text in sorted(known[case].items())),
            ]
    VERDICTS.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
