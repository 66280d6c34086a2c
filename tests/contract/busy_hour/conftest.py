"""Real servers for the busy hour: Prometheus over blocks made by promtool, on a free loopback port."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from demo import history
from demo.ports import free_port
from demo.processes import answers

DEADLINE = 60.0
ALMATY = ZoneInfo("Asia/Almaty")
NOW = datetime(2026, 11, 22, 15, 7, 30, tzinfo=ALMATY).timestamp()


class Filled(NamedTuple):
    """A data folder of Prometheus, and the figures known by construction."""

    data: Path
    figures: dict[str, Any]


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ready, end = answers(url), time.monotonic() + DEADLINE
    while time.monotonic() < end and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    pytest.fail(f"{url} did not answer:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Return the demo's history up to NOW, written once; a server gets a copy of the folder."""
    data = tmp_path_factory.mktemp("history") / "data"
    return Filled(data, history.write(data, NOW))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Return a function that starts Prometheus on a data folder, with further flags, and gives its address."""
    started: list[subprocess.Popen[bytes]] = []

    def start(data: Path, *flags: str) -> str:
        folder = tmp_path_factory.mktemp("prometheus")
        shutil.copytree(data, folder / "data")
        (folder / "prometheus.yml").write_text("global: {}\n")
        port = free_port()
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    "--storage.tsdb.retention.time=10y",
                    f"--web.listen-address=127.0.0.1:{port}",
                    *flags,
                ],
                stdout=output,
                stderr=output,
            )
        started.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{address}/-/ready", process, log)
        return address

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(DEADLINE)
