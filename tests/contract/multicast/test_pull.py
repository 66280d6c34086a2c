"""Channels that are pulled: over HTTP from Debian's nginx, over SRT from and with Debian's srt-live-transmit."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.sources.multicast import metrics
from agent.sources.multicast.connection import MISSING
from agent.sources.multicast.settings import MulticastReceiver, MulticastSettings
from agent.sources.multicast.source import MulticastSource
from demo.ports import free_port
from service.metric import Metric
from tests.contract.agent.program import agent
from tests.contract.multicast.streams import PACKET, RATE, Packets
from tests.contract.streams.nginx import nginx

CHUNK = 7 * PACKET
LATENCY = "latency=3000"  # ms: on a busy machine SRT would drop what its sender was late with
# What does not depend on when a busy machine lets the sender run.
EXACT = ("Sync_byte_error", "Continuity_count_error", "Transport_error", "CRC_error", "PCR_accuracy_error")


@contextmanager
def pulling(url: str) -> Iterator[MulticastSource]:
    source = MulticastSource([MulticastSettings("first", url=url, constant_bitrate=True)], MulticastReceiver())
    source.start()
    try:
        yield source
    finally:
        source.stop()


def value(source: MulticastSource, metric: Metric, *labels: str) -> float:
    found = [one.value for one in source.samples() if one.metric is metric and set(labels) <= set(one.labels)]
    return float(found[0]) if found and isinstance(found[0], int | float) else 0.0


def until(source: MulticastSource, metric: Metric, least: float, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while value(source, metric) < least:
        assert time.monotonic() < end, f"{metric.name} stays below {least}"
        time.sleep(0.1)


def errors(source: MulticastSource) -> dict[str, float]:
    counted = {one.labels[2]: one.value for one in source.samples() if one.metric is metrics.TS_ERRORS}
    return {name: float(count) for name in EXACT if isinstance(count := counted[name], int | float)}


@contextmanager
def sending(packets: Packets, *, wrong: Sequence[int] = ()) -> Iterator[str]:
    """Offer packets by SRT at their rate, without those of the numbers `wrong`; yield the address."""
    port = free_port()
    command = [
        "srt-live-transmit",
        "-quiet",
        "-chunk:1316",
        "file://con",
        f"srt://127.0.0.1:{port}?mode=listener&{LATENCY}",
    ]
    sender = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    assert sender.stdin is not None
    stopped, into = threading.Event(), sender.stdin
    data = b"".join(packet for number, packet in enumerate(packets) if number not in wrong)

    def play() -> None:
        began, step = time.monotonic(), CHUNK * 8 / RATE
        for number in range(len(data) // CHUNK):
            if stopped.wait(max(0.0, began + number * step - time.monotonic())):
                return
            try:
                into.write(data[number * CHUNK : (number + 1) * CHUNK])
            except OSError:
                return

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield f"srt://127.0.0.1:{port}?{LATENCY}"
    finally:
        stopped.set()
        sender.kill()
        sender.wait()
        thread.join()
        into.close()


def test_a_clean_channel_over_http_is_clean(clean: Packets, tmp_path: Path) -> None:
    port = free_port()
    root = tmp_path / "root"
    root.mkdir()
    (root / "first.ts").write_bytes(b"".join(clean))
    moved = f"location /moved {{ return 302 http://127.0.0.1:{port}/first.ts; }}"
    servers = f"server {{ listen 127.0.0.1:{port}; root {root}; limit_rate {RATE // 8}; {moved} }}"
    with nginx(tmp_path / "nginx", servers, [port]), pulling(f"http://127.0.0.1:{port}/moved") as source:
        until(source, metrics.TS_BYTES, 4 * RATE / 8)
        assert value(source, metrics.TS_UP) == value(source, metrics.TS_JOINED) == 1
        assert value(source, metrics.TS_BIT_RATE) == pytest.approx(RATE)
        assert errors(source) == dict.fromkeys(EXACT, 0.0)


def test_srt_is_judged_as_the_others_and_its_program_ends_with_the_probe(clean: Packets) -> None:
    with sending(clean, wrong=[next(at for at in range(4000, 5000) if clean[at][1:3] == b"\x01\x00")]) as url:
        with pulling(url) as source:
            until(source, metrics.TS_BYTES, 5 * RATE / 8)
            assert value(source, metrics.TS_UP) == 1
            assert errors(source) == dict.fromkeys(EXACT, 0.0) | {"Continuity_count_error": 1.0}
            assert programs(url)
        assert not programs(url)


def programs(url: str) -> list[int]:
    """Return the processes that pull an address."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if url.encode() in words:
            found.append(int(folder.name))
    return found


def test_an_agent_that_is_killed_leaves_no_program_behind(clean: Packets, tmp_path: Path) -> None:
    with sending(list(clean) * 3) as url:
        with agent(tmp_path, f'[host]\nenabled = false\n[[multicast]]\nchannel = "first"\nurl = "{url}"\n') as running:
            end = time.monotonic() + 60
            while 'ott_ts_up{channel="first"} 1' not in running.get("/metrics").text:
                assert time.monotonic() < end, running.log
                time.sleep(0.2)
            running.process.kill()
            running.process.wait()
        end = time.monotonic() + 30
        while programs(url):
            assert time.monotonic() < end, "the program goes on"
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}/none.ts", "the server answered 404 Not Found"),
        (
            "http://127.0.0.1:{port}/page.ts",
            "what comes is no transport stream: no packets of 188 bytes in a MiB of it",
        ),
        ("http://127.0.0.1:{port}/round", "the server led on more than 3 times"),
        ("http://127.0.0.1:{port}/file", "the server leads to an address that is not HTTP"),
        ("srt://127.0.0.1:{closed}", "the connection ended: nobody answers there"),
    ],
)
def test_what_cannot_be_pulled_says_why(
    url: str, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    root = tmp_path / "root"
    root.mkdir()
    (root / "page.ts").write_bytes(os.urandom(16) * 100_000)
    around = (
        f"location /round {{ return 302 http://127.0.0.1:{port}/round; }} location /file {{ return 302 file:///etc; }}"
    )
    servers = f"server {{ listen 127.0.0.1:{port}; root {root}; {around} }}"
    address = url.format(port=port, closed=free_port())
    with nginx(tmp_path / "nginx", servers, [port]), pulling(address) as source:
        end = time.monotonic() + 60
        while not (said := [getattr(record, "reason", "") for record in caplog.records]):
            assert time.monotonic() < end
            time.sleep(0.1)
        # The channel is not there, and the probe is in order: MulticastDown, not MulticastNotJoined.
        assert (value(source, metrics.TS_UP), value(source, metrics.TS_JOINED)) == (0, 1)
    assert said[0].startswith(reason)


def test_without_the_program_of_srt_its_package_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pulling("srt://127.0.0.1:9000") as source:
        end = time.monotonic() + 30
        while not caplog.records:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert (value(source, metrics.TS_UP), value(source, metrics.TS_JOINED)) == (0, 0)
    assert getattr(caplog.records[0], "reason", "") == MISSING
    assert "srt-tools" in MISSING
