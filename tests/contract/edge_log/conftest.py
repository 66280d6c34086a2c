"""An edge log source on a real file."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.sources.edge_log.settings import EdgeLogSettings
from agent.sources.edge_log.source import EdgeLogSource
from service.metric import Distribution
from service.settings import make_converter

START = 1769040000.0  # 2026-01-22T00:00:00Z
DEADLINE = 20.0


def line(second: float, viewer: str, channel: str = "a", *, size: int = 10, status: int = 200) -> bytes:
    """Return a line of the recommended format."""
    return (
        f"{START + second:.3f} 192.0.2.1 {status} {size} 0.010"
        f' "GET /live/{channel}/1.ts?token={viewer} HTTP/1.1" "player" "-"\n'
    ).encode()


@dataclass
class Edge:
    """A log, the settings that follow it, and a clock that tests set."""

    folder: Path
    keys: dict[str, Any] = field(default_factory=dict)
    second: float = 5.0
    source: EdgeLogSource | None = None

    @property
    def log(self) -> Path:
        return self.folder / "ott_access.log"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write(self, *lines: bytes) -> None:
        with self.log.open("ab") as file:
            file.write(b"".join(lines))

    def settings(self) -> EdgeLogSettings:
        text = {"paths": [str(self.log)], "format": "ott"} | self.keys
        return settings(text)

    def start(self) -> None:
        self.state.mkdir(exist_ok=True)
        self.source = EdgeLogSource(self.settings(), self.state, lambda: START + self.second)
        self.source.start()

    def stop(self) -> None:
        if self.source is not None:
            self.source.stop()
            self.source = None

    def figures(self) -> dict[str, Any]:
        """Return the samples: name, then the label values behind the service."""
        assert self.source is not None
        result: dict[str, Any] = {}
        for sample in self.source.samples():
            labels = ",".join(label for label in sample.labels if label != "ott")
            value = sample.value
            result[f"{sample.metric.name.removeprefix('ott_edge_')}{{{labels}}}"] = (
                dict(value.buckets) if isinstance(value, Distribution) else value
            )
        return result

    def await_lines(self, count: int) -> dict[str, Any]:
        found: dict[str, Any] = until(
            lambda: figures if (figures := self.figures())["log_lines_total{}"] >= count else None
        )
        return found

    def await_failure(self, text: str) -> str:
        """Wait until the source cannot be read for a reason that has `text`; return the reason."""

        def reason() -> str | None:
            try:
                self.figures()
            except OSError as error:
                return str(error) if text in str(error) else None
            return None

        found: str = until(reason)
        return found


def settings(keys: dict[str, Any]) -> EdgeLogSettings:
    """Return settings as the agent reads them from its file."""
    base = {"service": "ott", "viewer": ["[?&]token=([0-9a-z]+)"], "channel": "^/live/([^/]+)/"}
    return make_converter().structure(base | keys, EdgeLogSettings)


def until(attempt: Callable[[], Any]) -> Any:
    """Try until there is a result; an OSError (still reading) counts as none."""
    end = time.monotonic() + DEADLINE
    while True:
        result, reason = None, ""
        try:
            result = attempt()
        except OSError as error:
            reason = str(error)
        if result is not None:
            return result
        assert time.monotonic() < end, f"nothing within {DEADLINE} s; {reason}"
        time.sleep(0.01)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    one = Edge(tmp_path)
    yield one
    one.stop()
