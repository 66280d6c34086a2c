"""Worlds of planned works as in `bench.works_windows`, and the reckoning that the desk is held against."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.works_windows import Desk, run
from bench.works_world import build, instant


def test_a_ticket_opens_for_what_no_window_covers_and_for_nothing_else(tmp_path: Path) -> None:
    world = build(random.Random(2), 5)
    assert run(world, tmp_path) == []
    assert {fault.ticket is None for fault in world.faults} == {True, False}
    assert world.windows >= 5


def test_an_end_of_works_that_nobody_looks_at_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "round", lambda _desk, _now: None)
    assert any("no ticket, wanted at" in text for text in run(build(random.Random(1), 5), tmp_path))


@pytest.mark.parametrize(
    ("wall", "zone", "wanted"),
    [
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30"),  # is skipped: by the offset of before
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),  # is there twice: the first one
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),
        ("2026-05-12T02:00", "Asia/Almaty", "2026-05-11T21:00"),
    ],
)
def test_the_reckoning_reads_clocks_as_rfc_5545_does(wall: str, zone: str, wanted: str) -> None:
    assert instant(datetime.fromisoformat(wall), zone) == datetime.fromisoformat(wanted).replace(tzinfo=UTC)
