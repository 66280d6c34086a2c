"""Faults are found within their threshold and one GOP, and what looks like one is not."""

import pytest

from alerts import thresholds
from tests.contract.picture.incidents import Incident, delay, incidents
from tests.contract.picture.watch import Watch

# One of each; `bench.picture` runs all kinds with other scenes, bit rates and GOPs.
CHOSEN = ("black-with-logo", "frozen", "silent", "no-picture", "dark-scene", "still-interview", "night-card")


def threshold(alarm: str) -> float:
    names = {
        "PictureMissing": "picture_missing_seconds",
        "PictureBlack": "picture_black_seconds",
        "PictureFrozen": "picture_frozen_seconds",
        "SoundMissing": "sound_missing_seconds",
        "SoundSilent": "sound_silent_seconds",
    }
    return thresholds.load()[names[alarm]].value


@pytest.mark.parametrize(
    "incident", [one for one in incidents(range(1)) if one.name.rpartition("-")[0] in CHOSEN], ids=lambda one: one.name
)
def test_a_fault_raises_its_alarm_alone_and_in_time(incident: Incident) -> None:
    raised = Watch(incident.settings).play(incident.parts)
    assert set(raised) == ({incident.due} if incident.due else set())
    if incident.due:
        assert raised[incident.due] <= delay(incident, threshold)
