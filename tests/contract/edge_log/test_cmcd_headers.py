"""CMCD in headers, through the servers themselves: what a player sent is what is read of their logs."""

import http.client
import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.sources.edge_log.formats.by_name import PRESETS, make_format
from agent.sources.edge_log.formats.log_format import Choice
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine
from demo.platform.edge import Edge
from demo.ports import free_port
from demo.processes import wait_until

PLAYER = {
    "CMCD-Request": 'bl=(2000),mtp=(100),nor=("a,b.ts"),sn=8,sta=p',
    "CMCD-Object": "br=(300),d=2000,ot=av",
    "CMCD-Status": "bs",
    "CMCD-Session": 'cid="channel",sf=h,sid="run-3",v=2',
}
CADDYFILE = """\
{{
    admin off
    auto_https off
    storage file_system {home}/storage
}}
http://127.0.0.1:{port} {{
    root * {root}
    uri strip_prefix /live
    file_server
    log {{
        output file {home}/access.log
        format json
    }}
}}
"""
HAPROXY = """\
defaults
  mode http
  timeout client 5s
frontend ott
  log stdout len 4096 format raw local0
  option httplog
  bind 127.0.0.1:{port}
  capture request header User-Agent len 128
  capture request header CMCD-Request len 512
  capture request header CMCD-Object len 256
  capture request header CMCD-Status len 256
  capture request header CMCD-Session len 256
  http-request return status 200 content-type video/mp2t string segment
"""
VARNISH = """\
vcl 4.1;
backend default none;
sub vcl_recv { return (synth(200)); }
"""
NCSA = (
    '%{VSL:Timestamp:Resp[1]}x %h %s %O %{VSL:Timestamp:Resp[2]}x "%r" "%{User-agent}i" "%{X-Playback-Session-Id}i"'
    ' "%{CMCD-Request}i" "%{CMCD-Object}i" "%{CMCD-Status}i" "%{CMCD-Session}i"'
)


def nginx(home: Path, root: Path, port: int) -> tuple[list[str], Path]:
    edge = Edge("edge-1", home, port)
    edge.write(root, f"log_format ott '{PRESETS['ott_cmcd']}';")
    return edge.command, edge.log


def caddy(home: Path, root: Path, port: int) -> tuple[list[str], Path]:
    home.mkdir()
    (home / "Caddyfile").write_text(CADDYFILE.format(home=home, root=root, port=port))
    return ["caddy", "run", "--config", str(home / "Caddyfile")], home / "access.log"


def haproxy(home: Path, root: Path, port: int) -> tuple[list[str], Path]:
    del root
    home.mkdir()
    (home / "haproxy.cfg").write_text(HAPROXY.format(port=port))
    return ["sh", "-c", f"exec haproxy -db -f {home}/haproxy.cfg > {home}/access.log"], home / "access.log"


def varnish(home: Path, root: Path, port: int) -> tuple[list[str], Path]:
    """The log is varnishncsa's."""
    del root
    home.mkdir()
    (home / "test.vcl").write_text(VARNISH)
    varnishd = f"varnishd -j none -F -a 127.0.0.1:{port} -f {home}/test.vcl -n {home}/instance"
    ncsa = ["varnishncsa", "-n", f"{home}/instance", "-t", "60", "-a", "-w", f"{home}/access.log", "-F", NCSA]
    return ["sh", "-c", f"{shlex.join(ncsa)} & exec {varnishd}"], home / "access.log"


@pytest.mark.parametrize(
    ("make", "name"), [(nginx, "ott_cmcd"), (caddy, "caddy"), (haproxy, "haproxy"), (varnish, "ott_cmcd")]
)
def test_what_a_player_sends_in_headers_is_read_of_the_log(
    tmp_path: Path, make: Callable[[Path, Path, int], tuple[list[str], Path]], name: str
) -> None:
    root, port = tmp_path / "live", free_port()
    (root / "kino").mkdir(parents=True)
    (root / "kino" / "1.ts").write_bytes(bytes(1000))
    command, log = make(tmp_path / "home", root, port)
    with subprocess.Popen(
        command,
        stderr=subprocess.DEVNULL,
        env={"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin"},
        start_new_session=True,
    ) as server:
        try:
            wait_until(lambda: _asked(port, {}) and log.exists() and log.stat().st_size > 0, 60, "nothing was logged")
            assert _asked(port, PLAYER)
            # What was asked before may be logged late, and more than once.
            wait_until(
                lambda: b"run-3" in (text := log.read_bytes()) and text.endswith(b"\n"), 60, "nothing was logged"
            )
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # varnishncsa does not end with its Varnish
    log_format = make_format(name, choice=Choice(cmcd=True))
    batch = log_format.parser().parse(log.read_bytes())
    definition = Definition(cmcd=True)
    quality = Quality(definition, times_begin=log_format.times_begin)
    engine = Engine(definition, b"secret", companion=quality)

    engine.feed(batch, max(batch.times))

    assert not batch.rejects
    assert not quality.malformed
    assert quality.requests == {2: 1}
    (tally,) = quality.tallies.values()
    assert (tally.played_seconds, tally.played_bits) == (2.0, 600_000.0)
    assert engine.flush().identity_sources["session"] == 1


def _asked(port: int, headers: dict[str, str]) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/live/kino/1.ts", headers=headers)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
