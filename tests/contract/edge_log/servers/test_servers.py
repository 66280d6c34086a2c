"""Every server that Debian has logs odd requests as it does; every log gives what the clients themselves saw."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.settings import converter
from agent.sources.edge_log.replay.replay import Replay
from agent.sources.edge_log.replay.time_steps import GivenTimes
from agent.sources.edge_log.settings import EdgeLogSettings
from demo.ports import free_port
from service.settings import structure
from tests.contract.edge_log.servers.exchanges import (
    CHANNELS,
    EXCHANGES,
    FILES,
    OVER_HTTP2,
    OVER_IPV6,
    OVER_MAPPED,
    SEGMENT,
    TWO_UPSTREAMS,
    ask,
    ask_over_http2,
)
from tests.contract.edge_log.servers.programs import SERVERS, START, Server, Site, await_port, refusal, silence

# Traffic Server's %<cquc> has what stands behind "#" as a part of the path.
NO_MEDIA = {"fields.log": {"c19"}, "squid.log": {"c19"}}
# Bytes of a page of error, or of what HTTP/2 adds: a client whose connection is reset does not see all of it.
PAGE = 1000


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The folder with the files, and an origin that has them."""
    # Not pytest's folder: servers that give up root's rights cannot enter it.
    folder = Path(tempfile.mkdtemp(prefix="ottwatch-servers-"))
    folder.chmod(0o755)
    root = folder / "root"
    for number in range(CHANNELS):
        channel = root / f"live/c{number:02}"
        channel.mkdir(parents=True)
        for name in FILES:
            Path(os.fsdecode(os.fsencode(channel) + b"/" + name)).write_bytes(bytes(SEGMENT))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        slow, dead = stack.enter_context(silence()), stack.enter_context(refusal())
        site = Site(folder, root, free_port(), slow, dead, stack)
        stack.callback(site.end)
        yield site


@pytest.fixture(scope="module")
def servers(site: Site) -> dict[str, Server]:
    """All servers; nginx is the origin of those that have no files."""
    running = {name: start(site) for name, start in SERVERS.items()}
    await_port(site.origin)
    return running


def summary(log: Path, keys: dict[str, Any]) -> dict[str, Any]:
    """Return what replay says of a log."""
    settings = {"service": "ott", "paths": [str(log)], "channel": "/(c[0-9]{2})/", **keys}
    replay = Replay(structure(settings, EdgeLogSettings, Path("agent.toml"), converter()), GivenTimes([0.0]), 2e9)
    if log.exists():
        with log.open("rb") as stream:
            replay.read(str(log), stream)
    *_, last = replay.report()
    found: dict[str, Any] = last["summary"]
    return found


def complete(server: Server, log: Path, channels: set[str]) -> dict[str, Any]:
    """Wait until a log has the channels; return what replay says of it."""
    end = time.monotonic() + START
    while True:
        server.collect()
        found = summary(log, server.logs[log])
        if found["channels"].keys() >= channels or time.monotonic() > end:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("name", SERVERS)
def test_a_log_gives_what_the_clients_saw(name: str, servers: dict[str, Server]) -> None:
    server = servers[name]
    exchanges = [*EXCHANGES, *([TWO_UPSTREAMS] if server.upstream else [])]
    answers = {one: ask(one, server.port) for one in exchanges}
    if server.ipv6:
        answers[OVER_IPV6] = ask(OVER_IPV6, server.ipv6, "::1")
    if server.mapped:
        answers[OVER_MAPPED] = ask(OVER_MAPPED, server.mapped)
    assert ask_over_http2(server.http2 + OVER_HTTP2, *server.http2_arguments) == 200
    media = {one: answer for one, answer in answers.items() if one.channels and answer.is_media}
    channels = {"c42"}.union(*(one.channels for one in media))
    assert len(channels) >= 20  # most of them are answered by every server
    for log in server.logs:
        expected = channels - NO_MEDIA.get(log.name, set())
        found = complete(server, log, expected)
        assert found["channels"].keys() == expected, (log.name, found["first_rejected"])
        assert found["first_rejected"] == {}, log.name
        assert {each["sessions"] for each in found["channels"].values()} == {1}, log.name
        least = sum(answer.body for answer in media.values()) + SEGMENT
        most = sum(max(PAGE, len(answer.data)) for answer in answers.values()) + SEGMENT + PAGE
        assert least <= found["egress_bytes"] <= most, log.name
