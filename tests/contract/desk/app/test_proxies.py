"""The desk where the environment names proxies: what is inside is asked without them, and SOCKS is refused at once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.topology import Plan
from alerts.desk.app.jobs import workers
from alerts.desk.app.wiring import policy_of
from alerts.desk.console.overview.snapshot import Platform
from alerts.desk.core.settings import Settings
from alerts.desk.tickets.runtime import Runtime
from demo.ports import free_port
from tests.contract.web import Answering, web
from tests.support.migrated import sqlite_database

VECTOR = {"status": "success", "data": {"resultType": "vector", "result": []}}
ANSWERS = {"/api/v2/status": {"uptime": "2026-11-28T09:00:00Z"}, "/api/v2/alerts/groups": [], "/api/v1/query": VECTOR}


def test_prometheus_and_alertmanager_are_asked_without_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Handler(Answering):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            path = urlsplit(self.path).path
            asked.append(path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(json.dumps(ANSWERS[path]).encode())

        do_POST = do_GET  # noqa: N815 - http.server's name

    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with web(Handler) as address:
        settings = Settings(prometheus=f"http://{address}", alertmanagers=(f"http://{address}",))  # type: ignore[arg-type]
        runtime = Runtime(settings, sqlite_database(tmp_path / "desk.db"), policy_of(settings))
        jobs = {worker.name: worker.job for worker in workers(runtime, Correlator(Plan(by_default=True)))}
        jobs["reconciler"]()
        jobs["inventory"]()
        assert Platform(runtime)._values("up") == []
    assert {*asked} == {*ANSWERS}


@pytest.mark.parametrize("command", ["serve", "check-config"])
def test_a_proxy_that_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, command: str) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(f'listen = "127.0.0.1:{free_port()}"\ndatabase = "sqlite:///{tmp_path / "desk.db"}"\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "alerts.desk", command, "--config", config],
        env=os.environ | {"all_proxy": "socks5://127.0.0.1:1080"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("all_proxy in the environment names a proxy"), line
