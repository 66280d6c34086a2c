"""Stalls and starts by events against the players' own account (docs/qoe.md).

events.json is written by `python -m tests.players.events`: hls.js, dash.js and shaka-player in Chromium, which sent
their events to the agent's listener.
"""

import json
from functools import cache
from typing import Any

import pytest

from agent.sources.player_events.quality import EventQuality
from agent.sources.player_events.settings import PlayerEventsSettings
from tests.players.events import RECORDED


@cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))
    return found


def quality_of(number: int | None, **settings: Any) -> EventQuality:
    """Return the quality of one player, or of all."""
    quality = EventQuality(PlayerEventsSettings("apps", **settings))
    for arrived, body in recorded()["bodies"]:
        if number is None or f'sid="run-{number}"' in body:
            quality.take(body.encode(), arrived)
    quality.expire(float("inf"))
    return quality


def numbers(*players: str) -> list[int]:
    return [number for number, account in enumerate(recorded()["accounts"]) if account["player"] in players]


@pytest.mark.parametrize("number", numbers("hls"))
def test_the_stalls_of_hls_js_are_those_of_its_video_element(number: int) -> None:
    quality, account = quality_of(number), recorded()["accounts"][number]
    (tally,) = quality.tallies.values()

    assert not quality.refused
    assert tally.stalls == len(account["stalls"]) == 1
    assert tally.stall_seconds == pytest.approx(sum(end - begin for begin, end in account["stalls"]), abs=0.01)
    assert tally.startup.total == pytest.approx(account["playing"][0] - account["loaded"], abs=0.15)
    assert (tally.sessions, tally.stalled_sessions, tally.abandoned) == (1, 1, 0)


@pytest.mark.parametrize("number", numbers("dash"))
def test_dash_js_names_a_stall_when_its_video_element_does(number: int) -> None:
    """Chromium lets the sound go on for three seconds after the picture has run out."""
    quality, account = quality_of(number), recorded()["accounts"][number]
    (tally,) = quality.tallies.values()
    (stall,) = account["stalls"]

    assert tally.stalls == 1
    assert 0 <= stall[1] - stall[0] - tally.stall_seconds <= 3.1
    assert tally.startup.total == pytest.approx(account["playing"][0] - account["loaded"], abs=0.15)
    assert tally.played_bits / tally.played_seconds == pytest.approx(250_000)


@pytest.mark.parametrize("number", numbers("shaka"))
def test_shaka_player_names_no_state(number: int) -> None:
    """Its events say nothing of playing, so that it is in no figure of sessions."""
    (tally,) = quality_of(number).tallies.values()

    assert (tally.sessions, tally.abandoned, tally.watched_seconds) == (0, 0, 0.0)


def test_sessions_that_ask_an_edge_are_left_to_its_log() -> None:
    quality = quality_of(None, edges=["127.0.0.1"])

    assert quality.elsewhere == len(recorded()["accounts"])
    assert [(tally.sessions, tally.stalls, tally.watched_seconds) for tally in quality.tallies.values()] == [
        (0, 0, 0.0)
    ]
