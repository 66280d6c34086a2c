"""Faults are found within their threshold and one GOP, and what looks like one is not."""

import pytest

from alerts import thresholds
from tests.contract.picture import watch
from tests.contract.picture.incidents import Incident, delay, incidents
from tests.contract.picture.watch import Watch
from tests.support.channels import Format, Part, film, programme

# One of each; `bench.picture` runs all kinds with other scenes, bit rates and GOPs.
CHOSEN = {
    "black-with-logo",
    "frozen",
    "silent",
    "no-picture",
    "dark-scene",
    "still-interview",
    "night-card",
    "step-down",
    "expected-silence",
    "aspect",
    "expected-aspect",
    "film-among-fields",
}


def threshold(alarm: str) -> float:
    names = {
        "PictureMissing": "picture_missing_seconds",
        "PictureBlack": "picture_black_seconds",
        "PictureFrozen": "picture_frozen_seconds",
        "SoundMissing": "sound_missing_seconds",
        "SoundSilent": "sound_silent_seconds",
    }
    if alarm not in names:
        # Half of the two minutes of which the rule takes the median; a change of format counts at once.
        return {"SoundLoudnessWrong": 60.0, "PictureFormatChanged": 0.0}[alarm]
    return thresholds.load()[names[alarm]].value


CASES = [
    *(one for one in incidents(range(1)) if one.name.rpartition("-")[0] in CHOSEN),
    *(one for one in incidents(range(3, 4)) if one.name == "no-picture-3"),  # a key frame is the first in its turn
]


@pytest.mark.parametrize("incident", CASES, ids=lambda one: one.name)
def test_a_fault_raises_its_alarm_alone_and_in_time(incident: Incident) -> None:
    raised = Watch(incident.settings).play(incident.parts)
    assert set(raised) == ({incident.due} if incident.due else set())
    if incident.due:
        assert raised[incident.due] <= delay(incident, threshold)


@pytest.mark.parametrize("turn", [0.02, 0.05, 0.2, 0.3])
def test_every_piece_has_its_picture_wherever_a_turn_of_the_probe_ends(
    turn: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "TURN", turn)
    form = Format(gop=0.6)
    watched = Watch()
    watched.play([Part(14.0, film(1), programme(-23.0, 1), form)])
    # The tables that name the PIDs come after the first key frame, or before it.
    assert len(watched.pieces) >= 5
    assert [watched.looks[piece.arrived] > 0 for piece in watched.pieces[1:]] == [True] * (len(watched.pieces) - 1)
