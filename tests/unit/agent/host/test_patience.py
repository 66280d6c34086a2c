import os
import threading
import time

import pytest

from agent.host.patience import Asker

GOOD = os.statvfs("/")


class Disks:
    """Mounts of which some never answer until `release`."""

    def __init__(self, *hanging: str) -> None:
        self.hanging = set(hanging)
        self.release = threading.Event()
        self.asked: list[str] = []

    def __call__(self, point: str) -> os.statvfs_result:
        self.asked.append(point)
        if point in self.hanging:
            self.release.wait(20)
        if point == "/broken":
            raise OSError(5, "Input/output error")
        return GOOD


def threads() -> int:
    return [thread.name for thread in threading.enumerate()].count("statvfs")


def test_every_mount_answers() -> None:
    answers = Asker("statvfs", Disks(), 0.25)(["/", "/broken", "/srv"])
    assert answers["/"] == answers["/srv"] == GOOD
    assert isinstance(answers["/broken"], OSError)


def test_a_silent_mount_costs_its_patience_once_and_one_thread() -> None:
    before, disks = threads(), Disks("/nfs")
    ask = Asker("statvfs", disks, 0.5)
    try:
        assert ask(["/", "/nfs", "/srv"]) == {"/": GOOD, "/nfs": None, "/srv": GOOD}
        began = time.monotonic()
        for _ in range(20):
            assert ask(["/", "/nfs", "/srv"])["/nfs"] is None
        # Patience with it in each of the twenty would take 10 s.
        assert time.monotonic() - began < 5, "the silent mount was waited for again"
        assert disks.asked.count("/nfs") == 1
        assert threads() == before + 2
    finally:
        disks.hanging.clear()
        disks.release.set()
    end = time.monotonic() + 10
    while ask(["/nfs"])["/nfs"] is None:
        assert time.monotonic() < end, "a mount that answers again is not asked again"
        time.sleep(0.005)


def test_each_of_several_silent_mounts_is_found() -> None:
    disks = Disks("/a", "/b")
    ask = Asker("statvfs", disks, 0.3)
    answers = ask(["/a", "/", "/b", "/srv"])
    disks.release.set()
    assert answers == {"/a": None, "/": GOOD, "/b": None, "/srv": GOOD}


@pytest.mark.parametrize("count", [1, 5])
def test_slow_answers_are_no_silence(count: int) -> None:
    def slow(point: str) -> os.statvfs_result:
        time.sleep(0.15)  # the subject is a call that takes time
        return GOOD

    assert set(Asker("statvfs", slow, 0.6)([f"/{number}" for number in range(count)]).values()) == {GOOD}


def test_many_silent_mounts_do_not_cost_the_scrape() -> None:
    dead = [f"/dead/{number}" for number in range(40)]
    disks = Disks(*dead)
    try:
        began = time.monotonic()
        answers = Asker("statvfs", disks, 0.25)(dead)
        assert time.monotonic() - began < 4, "each of them had the whole patience"
        assert answers == dict.fromkeys(dead)
    finally:
        disks.release.set()
