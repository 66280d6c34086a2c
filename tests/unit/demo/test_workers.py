"""An interrupted start does not wait for work whose result nobody wants any more."""

import time

import psutil
import pytest

from demo.workers import workers


def test_work_is_finished() -> None:
    with workers(1) as pool:
        assert pool.submit(divmod, 7, 2).result(timeout=30) == (3, 1)


def interrupted() -> None:
    end = time.monotonic() + 30
    with workers(2) as pool:
        working = [pool.submit(time.sleep, 60) for _ in range(3)]
        while not all(future.running() for future in working[:2]):
            assert time.monotonic() < end
            time.sleep(0.05)
        raise KeyboardInterrupt


def test_an_interrupted_start_drops_its_work() -> None:
    started = time.monotonic()
    before = psutil.Process().children()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - started < 30
    # What multiprocessing keeps for itself (its resource tracker) is no worker.
    left = [child for child in psutil.Process().children() if child not in before]
    assert not [child for child in left if "resource_tracker" not in " ".join(child.cmdline())]
