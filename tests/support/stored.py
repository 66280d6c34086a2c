"""A real Prometheus with series that a test made up, up to now, and rules that it serves."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.ports import free_port
from demo.processes import answers

STEP = 5  # seconds between two samples
LENGTH = 2400  # seconds of history
DEADLINE = 60.0

Values = Callable[[int], float | None]
"""The value of a series some seconds ago; None where there is no sample."""


@contextmanager
def prometheus_of(folder: Path, now: float, series: Mapping[str, Values], rules: str = "") -> Iterator[str]:
    """Run a Prometheus that holds the series and evaluates the rules; yield its address."""
    (folder / "data").mkdir()
    _write(folder, int(now), series)
    (folder / "rules.yml").write_text(rules or "groups: []\n")
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 1h}\nrule_files: [rules.yml]\n")
    address = f"127.0.0.1:{free_port()}"
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: apt-get install prometheus"
    command = [
        program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await(f"http://{address}/-/ready", process, folder / "log")
            yield f"http://{address}"
        finally:
            process.terminate()


def _write(folder: Path, now: int, series: Mapping[str, Values]) -> None:
    text = folder / "series.om"
    with text.open("w") as file:
        for name, values in series.items():
            for ago in range(LENGTH, -1, -STEP):
                value = values(ago)
                if value is not None:
                    file.write(f"{name} {value!r} {now - ago}\n")
        file.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics", "-q"]
    subprocess.run([*command, str(text), str(folder / "data")], check=True, capture_output=True, text=True)


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ready, deadline = answers(url), time.monotonic() + DEADLINE
    while not ready():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
