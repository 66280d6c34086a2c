"""The real ott-agent as a process on a free port."""

import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

from demo.ports import free_port

PROGRAM = str(Path(sys.executable).parent / "ott-agent")


def run(*arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=timeout, check=False)


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Agent:
    """A running agent; `url` is its root."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process, self.url, self._log = process, url, log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def get(self, path: str, headers: Mapping[str, str] | None = None, context: ssl.SSLContext | None = None) -> Answer:
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def agent(
    folder: Path, settings: str = "", *, scheme: str = "http", environment: Mapping[str, str] | None = None
) -> Iterator[Agent]:
    """Start the agent with `settings` (and a free port) and wait until it says that it serves."""
    port = free_port()
    config, log = folder / "agent.toml", folder / "agent.log"
    config.write_text(f'listen = "127.0.0.1:{port}"\nstate = "{folder}/state"\n{settings}')
    with log.open("w") as output:
        process = subprocess.Popen(
            [PROGRAM, "--log-format", "json", "serve", "--config", str(config)],
            stderr=output,
            text=True,
            env={**os.environ, **(environment or {})},
        )
    running = Agent(process, f"{scheme}://127.0.0.1:{port}", log)
    try:
        wait_until(lambda: "serving /metrics" in running.log or process.poll() is not None, running)
        assert process.poll() is None, running.log
        yield running
    finally:
        process.kill()
        process.wait(10)


def wait_until(condition: object, running: Agent, seconds: float = 15) -> None:
    """Poll `condition`; fail with the agent's log after `seconds`."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s; the log says:\n{running.log}"
        time.sleep(0.02)
