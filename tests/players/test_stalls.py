"""Stalls computed from the log against the players' own account (docs/qoe.md).

stalls.json is a choice of what `python -m tests.players.stalls` writes: hls.js, shaka-player and dash.js in Chromium,
with CMCD of both versions, in queries and headers, from a server that is slow with chosen segments or with none.
"""

import json
from functools import cache
from typing import Any

import pytest

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.quality.tally import Tally
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine
from bench.edge_log_stalls import stood_still
from tests.players.stalls import ACTS_RECORDED, LOW_LATENCY_RECORDED, RECORDED

SHORTEST = 0.15


@cache
def runs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(RECORDED.read_text("utf-8"))
    return found


def truth(run: dict[str, Any]) -> list[float]:
    """Return how long each stall was by the player's account."""
    return [end - begin for begin, end in run["account"]["stalls"] if end - begin >= SHORTEST]


@cache
def computed(number: int) -> Tally:
    return tally_of(runs()[number])


def tally_of(run: dict[str, Any]) -> Tally:
    requests = sorted(run["requests"], key=lambda request: request[1])
    rows = len(requests)
    definition = Definition()
    quality = Quality(definition)
    Engine(definition, b"secret", companion=quality).feed(
        Batch(
            rows,
            times=[end for _, end, *_ in requests],
            addresses=[b"192.0.2.1"] * rows,
            agents=[b""] * rows,
            uris=[request[2].encode() for request in requests],
            statuses=[b"200"] * rows,
            sizes=[0] * rows,
            durations=[f"{end - start:.3f}" for start, end, *_ in requests],
            cmcd=[request[3].encode() if len(request) > 3 else b"" for request in requests],
        ),
        float("inf"),
    )
    quality.expire(float("inf"))
    assert quality.malformed.total() == 0
    (tally,) = quality.tallies.values()
    return tally


every_run = pytest.mark.parametrize("number", range(30))


def test_every_player_version_and_way_is_there_and_none_failed() -> None:
    assert len(runs()) == 30
    assert {(run["player"], run["version"], run["mode"]) for run in runs()} == {
        (player, version, mode)
        for player in ("hls", "shaka", "dash")
        for version in (1, 2)
        for mode in ("query", "header")
    }
    assert [run["account"]["error"] for run in runs() if run["account"]["error"]] == []
    assert sum(len(truth(run)) for run in runs()) >= 50


@every_run
def test_stalls_are_counted_as_the_player_counts_them(number: int) -> None:
    tally = computed(number)

    assert tally.stalls == len(truth(runs()[number]))
    assert tally.sessions == 1
    assert tally.stalled_sessions == (tally.stalls > 0)


def test_a_player_that_never_stalled_is_not_said_to() -> None:
    """Ten runs of 48 s each."""
    smooth = [number for number in range(30) if not truth(runs()[number])]

    assert len(smooth) >= 10
    assert sum(computed(number).stall_seconds for number in smooth) == 0


def test_the_time_stalled_is_that_without_a_picture() -> None:
    known = sum(end - begin for run in runs() for begin, end in stood_still(run["account"]))
    found = sum(computed(number).stall_seconds for number in range(30))

    assert found == pytest.approx(known, rel=0.03)


@every_run
def test_one_start_for_each_run(number: int) -> None:
    tally, account = computed(number), runs()[number]["account"]

    assert sum(tally.startup.counts) == 1
    assert tally.startup.total == pytest.approx(account["playing"][0] - account["loaded"], abs=0.35)


def acts(name: str) -> list[dict[str, Any]]:
    """Return the runs of acts.json (`python -m tests.players.stalls --acts`) in which the viewer does this."""
    return [run for run in json.loads(ACTS_RECORDED.read_text("utf-8")) if run["act"] == name]


@pytest.mark.parametrize("run", acts("seek"), ids=lambda run: f"{run['player']} {run['path']}")
def test_a_seek_is_no_stall(run: dict[str, Any]) -> None:
    assert not truth(run)
    assert tally_of(run).stalls == 0


@pytest.mark.parametrize("run", acts("pause"), ids=lambda run: f"{run['player']} {run['path']}")
def test_a_pause_of_eight_seconds_adds_to_no_stall(run: dict[str, Any]) -> None:
    """Recorded on a machine so busy that most of these players stalled as well; version 1 does not tell that apart."""
    tally = tally_of(run)

    assert tally.stall_seconds <= sum(truth(run))
    assert tally.refused_seconds >= 8


@pytest.mark.parametrize("run", acts("leave"), ids=lambda run: f"{run['player']} {run['path']}")
def test_viewers_who_leave_before_anything_plays(run: dict[str, Any]) -> None:
    tally = tally_of(run)

    assert (tally.sessions, tally.abandoned, sum(tally.startup.counts), tally.stalls) == (1, 1, 0, 0)


def low_latency() -> list[dict[str, Any]]:
    """Return the runs of low_latency.json, a choice of those of `python -m tests.players.stalls --low-latency`."""
    found: list[dict[str, Any]] = json.loads(LOW_LATENCY_RECORDED.read_text("utf-8"))
    return found


@pytest.mark.parametrize("run", low_latency(), ids=lambda run: f"{run['player']} {run['path']} {run['version']}")
def test_a_live_channel_of_low_latency(run: dict[str, Any]) -> None:
    """In chunks, of players that are faster and slower than the clock, and in parts of half a second."""
    tally, true = tally_of(run), stood_still(run["account"])

    assert tally.stalls == len(true) > 0
    assert tally.stall_seconds == pytest.approx(sum(end - begin for begin, end in true), abs=0.3 * len(true))
    assert tally.refused_seconds < 1
