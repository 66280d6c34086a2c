"""The probe agrees with the players: up where they play, down where they do not (docs/streams.md).

What the players make of each case is in verdicts.toml, written by `python -m tests.players.play`; a few cases are
played again here, so that the file is known to be true.
"""

import asyncio
import time
import tomllib
from functools import cache

import pytest

from agent.sources.streams.fetch import Budget, Fetcher
from agent.sources.streams.probe import Channel
from agent.sources.streams.settings import StreamSettings
from service.settings import Seconds
from tests.players import play
from tests.players.server import Channels, served

LOOKS = 3
PLAYED_AGAIN = (
    *("hls-ts", "hls-cp1251-title", "hls-map-404", "hls-master-backup", "ts-without-pmt", "hls-aes"),
    *("dash-timeline", "dash-init-404", "dash-tiles", "dash-late-within-delay"),
)


@cache
def verdicts() -> dict[str, dict[str, str]]:
    return tomllib.loads(play.VERDICTS.read_text("utf-8"))


@cache
def exceptions() -> dict[str, str]:
    return tomllib.loads((play.HERE / "exceptions.toml").read_text("utf-8"))


@cache
def probed() -> dict[str, bool | None]:
    """Return what the probe says of every case after some looks."""

    async def one(fetcher: Fetcher, address: str, case: str) -> tuple[str, bool | None]:
        settings = StreamSettings(case, "http://e/", Seconds(1.0), Seconds(1.0), Seconds(10.0))
        channel = Channel(settings, f"{address}/{case}/probe/{play.path(case)}", time.time)
        for _ in range(LOOKS):
            await channel.probe(fetcher)
            await asyncio.sleep(1)
        return case, channel.up

    async def every(address: str) -> dict[str, bool | None]:
        async with Fetcher(Budget(1000.0), 64) as fetcher:
            return dict(await asyncio.gather(*(one(fetcher, address, case) for case in play.CASES)))

    with served(Channels(play.CASES, {})) as address:
        return asyncio.run(every(address))


def plays(case: str) -> bool | None:
    """Return whether both players of the format play it; None where they disagree."""
    found = {text == "plays" for text in verdicts()[case].values()}
    return found.pop() if len(found) == 1 else None


def test_there_are_verdicts_for_at_least_sixty_cases_and_for_no_others() -> None:
    assert verdicts().keys() == play.CASES.keys()
    assert len(play.CASES) >= 60
    assert all(set(verdicts()[case]) == set(play.players(case)) for case in play.CASES)


def test_every_exception_is_one_and_has_its_reason() -> None:
    for case, reason in exceptions().items():
        assert reason
        assert probed()[case] != plays(case), f"{case} is no exception any more"


@pytest.mark.parametrize("case", sorted(play.CASES))
def test_the_probe_agrees_with_the_players(case: str) -> None:
    if plays(case) is None or case in exceptions():
        return
    assert probed()[case] == plays(case), verdicts()[case]


def test_the_players_still_say_so() -> None:
    for case, found in play.play(PLAYED_AGAIN).items():
        assert {player: text == "plays" for player, text in found.items()} == {
            player: text == "plays" for player, text in verdicts()[case].items()
        }, (case, found)
