"""`ott-agent init` and `ott-agent top` from outside."""

import fcntl
import os
import re
import struct
import subprocess
import termios
import threading
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.cli import top
from agent.runtime import server
from agent.runtime.exposition import registry
from agent.runtime.server import Access, Server
from tests.contract.agent.program import PROGRAM, agent, run
from tests.contract.agent.test_program import make_certificates


@contextmanager
def served() -> Iterator[int]:
    with Server(("127.0.0.1", 0), registry(list), ready=lambda: True, access=Access(frozenset())) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=[0.02])
        thread.start()
        try:
            yield httpd.server_address[1]
        finally:
            httpd.shutdown()
            thread.join()


def on_a_terminal(command: Sequence[str], rows: int, columns: int) -> str:
    """Return the second page that the command shows on a terminal of that size."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while shown.count(top.CLEAR.encode()) < 3:
            shown += os.read(ours, 4096)
        process.kill()
    os.close(ours)
    return shown.decode().split(top.CLEAR)[2]


def test_what_init_writes_passes_the_check(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    result = run("init", "--output", str(file))
    assert result.returncode == 0, result.stderr
    assert run("check-config", "--config", str(file)).returncode == 0
    # What runs here may change between two looks; what every node gets does not.
    assert run("init").stdout.partition("[host]")[0] == file.read_text().partition("[host]")[0] != ""
    again = run("init", "--output", str(file))
    assert again.returncode == 2
    assert f"{file}: is there already and is not overwritten; name another" in again.stderr
    nowhere = run("init", "--output", str(tmp_path / "none/agent.toml"))
    assert nowhere.returncode == 2
    assert "cannot be written: No such file or directory; name another" in nowhere.stderr


def test_top_asks_the_running_agent(tmp_path: Path) -> None:
    with agent(tmp_path):
        result = run("top", "--config", str(tmp_path / "agent.toml"), "--count", "2", "--every", "100ms")
    assert result.returncode == 0, result.stderr
    assert len(re.findall(r"^CPU +\d+\.\d %  load \d", result.stdout, re.MULTILINE)) == 2
    assert "collectors            all fine" in result.stdout
    gone = run("top", "--config", str(tmp_path / "agent.toml"), "--count", "1")
    assert gone.returncode == 1
    assert "Connection refused; does the agent run" in gone.stderr


def test_top_asks_less_often_than_the_agent_keeps_a_silent_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The agent's time-out is shorter here, which stands for a longer interval."""
    monkeypatch.setattr(server, "CLIENT_TIMEOUT", 0.1)
    with served() as port:
        config = tmp_path / "agent.toml"
        config.write_text(f'listen = "127.0.0.1:{port}"\n')
        assert top.run(Namespace(config=config, every=0.5, count=2, certificate=None, key=None)) == 0
    assert capsys.readouterr().out.count("collectors ") == 2


@pytest.mark.parametrize(("every", "problem"), [("abc", '"abc" is not a duration'), ("0s", "must be at least 100ms")])
def test_an_interval_that_is_none(every: str, problem: str) -> None:
    result = run("top", "--every", every)
    assert result.returncode == 2
    assert problem in result.stderr


def test_only_a_terminal_gets_codes(tmp_path: Path) -> None:
    config = str(tmp_path / "agent.toml")
    with agent(tmp_path):
        wide, narrow = (
            on_a_terminal([PROGRAM, "top", "--config", config, "--every", "100ms"], *size)
            for size in ((24, 80), (4, 20))
        )
        with subprocess.Popen(
            [PROGRAM, "top", "--config", config, "--every", "100ms"], stdout=subprocess.PIPE, text=True
        ) as piped:
            assert piped.stdout is not None
            first = [piped.stdout.readline() for _ in range(3)]
            piped.kill()
    assert first[0] == "collectors            all fine\n"
    assert "\x1b" not in "".join(first)
    assert wide.splitlines()[0] == "collectors            all fine"
    assert [len(line) for line in narrow.splitlines()] == [20, 20, 20]


@pytest.mark.parametrize("tls", ["", "tls"])
def test_top_uses_the_agents_own_secrets(tmp_path: Path, tls: str) -> None:
    (tmp_path / "token").write_text("tok\n")
    (tmp_path / "token").chmod(0o600)
    settings = f'[auth]\ntoken = {{ file = "{tmp_path}/token" }}\n'
    if tls:
        make_certificates(tmp_path)
        settings += f'[tls]\ncertificate = "{tmp_path}/server.pem"\nkey = "{tmp_path}/server.key"\n'
    with agent(tmp_path, settings):
        result = run("top", "--config", str(tmp_path / "agent.toml"), "--count", "1", "--every", "100ms")
    assert result.returncode == 0, result.stderr
    assert "memory" in result.stdout


def test_top_shows_a_clients_certificate_where_the_agents_own_is_not_admitted(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    (tmp_path / "theirs").mkdir()
    make_certificates(tmp_path / "theirs")
    settings = (
        f'[tls]\ncertificate = "{tmp_path}/server.pem"\nkey = "{tmp_path}/server.key"\n'
        f'client_ca = "{tmp_path}/theirs/ca.pem"\n'
    )
    common = ("top", "--config", str(tmp_path / "agent.toml"), "--count", "1", "--every", "100ms")
    with agent(tmp_path, settings):
        refused = run(*common)
        shown = run(*common, "--certificate", f"{tmp_path}/theirs/client.pem", "--key", f"{tmp_path}/theirs/client.key")
    assert refused.returncode == 1
    assert "name a certificate of client_ca by --certificate and --key" in refused.stderr
    assert shown.returncode == 0, shown.stderr
