"""`./run` installs packages and leaves the machine as it was, also when it is stopped half-way."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

GUARD = "/usr/sbin/policy-rc.d"
PROGRAMS = {
    "id": "echo 0",
    "dpkg-query": "exit 1",
    "apt-get": 'touch "$OTTWATCH_STARTED"; exec sleep 60',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with `run`, whose guard lies in it, beside a PATH on which apt-get never ends."""
    text = (ROOT / "run").read_text("utf-8")
    assert GUARD in text
    (tmp_path / "run").write_text(text.replace(GUARD, str(tmp_path / "guard")), "utf-8")
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "packages.txt", tmp_path / "deploy")
    (tmp_path / "bin").mkdir()
    for name, body in PROGRAMS.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
        program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_installation_lets_services_start_again(project: Path, number: signal.Signals) -> None:
    started = project / "started"
    environment = os.environ | {
        "PATH": f"{project / 'bin'}:{os.environ['PATH']}",
        "OTTWATCH_STARTED": str(started),
        "TMPDIR": str(project),
    }
    # As a terminal starts it: in a process group of its own that ignores no signal, even where `nohup` runs the tests.
    with subprocess.Popen(
        ["env", "--default-signal=INT,TERM,HUP", "bash", str(project / "run"), "demo"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        end = time.monotonic() + 20
        while not started.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert (project / "guard").exists()
        os.killpg(running.pid, number)
        assert running.wait(20) != 0
    assert not (project / "guard").exists()
    assert not list(project.glob("tmp.*"))
