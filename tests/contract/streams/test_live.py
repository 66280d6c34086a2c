"""The real agent probing real live channels: a packager that writes in time, nginx before it, and every way to fail."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demo.platform.lineup import LOW, SEGMENT_SECONDS
from demo.platform.packager import newest_at, template
from demo.ports import free_port
from tests.conftest import ROOT
from tests.contract.agent.program import Agent, agent, wait_until
from tests.contract.streams.nginx import nginx
from tests.unit.streams.media import fragment, init

# Each channel is the same live one, spoilt in one way.
SERVER = """
server {{
    listen 127.0.0.1:{port};
    root "{root}";
    location /live/ {{ alias "{root}/"; }}
    location ~ ^/moved(/.*)$ {{ return 302 /live$1; }}
    location /missing/ {{ alias "{root}/kino/"; location ~ ts$ {{ return 404; }} }}
    location /refused/ {{ alias "{root}/kino/"; location ~ ts$ {{ return 503; }} }}
    location /portal/ {{
        alias "{root}/kino/";
        location ~ ts$ {{ types {{ }} default_type text/html; return 200 "<html>"; }}
    }}
    location /slow/ {{ alias "{root}/kino/"; limit_rate 26k; }}
    location /lossy/ {{ alias "{root}/kino/"; location ~ ts$ {{ root "{root}"; try_files /lossy.ts =404; }} }}
    location /maintenance/ {{ types {{ }} default_type text/html; return 200 "<html>We are back soon</html>"; }}
    location /disguised/ {{ return 200 "<html>We are back soon</html>"; }}
    location /formula/ {{ location ~ m4s$ {{ try_files /segment.m4s =404; }} }}
}}
"""
SPOILT = ("missing", "refused", "portal", "slow", "lossy", "maintenance", "disguised", "gone")
STALL_AFTER = 1.5 * SEGMENT_SECONDS


class Platform(NamedTuple):
    """What runs: the packager's folder and process, and the agent that probes."""

    root: Path
    packager: subprocess.Popen[bytes]
    agent: Agent

    def figures(self, channel: str) -> dict[str, float]:
        """Return a channel's figures by name; faults by their reason, those that never happened left out."""
        found = {}
        for family in text_string_to_metric_families(self.agent.get("/metrics").text):
            for sample in family.samples:
                if sample.labels.get("channel") != channel:
                    continue
                if sample.name == "ott_stream_errors_total":
                    if sample.value:
                        found[sample.labels["reason"]] = sample.value
                else:
                    found[sample.name.removeprefix("ott_stream_")] = sample.value
        return found

    def wait(
        self, channel: str, condition: Callable[[dict[str, float]], bool], seconds: float = 15
    ) -> dict[str, float]:
        """Return the channel's figures once they meet the condition."""
        figures: dict[str, float] = {}

        def met() -> bool:
            figures.clear()
            figures.update(self.figures(channel))
            return condition(figures)

        wait_until(met, self.agent, seconds)
        return figures


def settings(port: int) -> str:
    """Return a table for each channel."""
    addresses = {name: f"/{name}/index.m3u8" for name in SPOILT} | {
        "kino": "/live/kino/index.m3u8",
        "moved": "/moved/balapan/index.m3u8",
        "rewound": "/rewound/index.m3u8",
        "formula": "/formula/manifest.mpd",
    }
    table = '[[stream]]\nchannel = "{}"\nurl = "http://127.0.0.1:{}{}"\ninterval = "1s"\nsegment_interval = "2s"\n'
    tables = [table.format(name, port, path) for name, path in addresses.items()]
    return "\n".join([*tables, f'{tables[0].replace("missing", "dead").replace(str(port), "1")}\nrenditions = "all"\n'])


def rewind(root: Path, newest: int) -> None:
    """Publish a playlist of one segment of our own numbering."""
    folder = root / "rewound"
    folder.mkdir(exist_ok=True)
    (folder / "segment.ts").write_bytes(template(LOW, 0).segment(0, 0))
    (folder / "index.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{newest}\n#EXTINF:4,\nsegment.ts\n"
    )


def prepare(root: Path) -> None:
    """Write what the packager does not."""
    (root / "formula").mkdir()
    whole = template(LOW, 0).segment(0, 0)
    (root / "lossy.ts").write_bytes(whole[: 10 * 188] + whole[14 * 188 :])
    (root / "segment.m4s").write_bytes(fragment())
    (root / "formula" / "init.mp4").write_bytes(init())
    (root / "formula" / "manifest.mpd").write_text(
        '<MPD type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z"><Period start="PT0S"><AdaptationSet>'
        '<SegmentTemplate duration="2" initialization="init.mp4" media="$Number$.m4s"/>'
        '<Representation id="v"/></AdaptationSet></Period></MPD>'
    )
    rewind(root, 500)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("live")
    root, port = folder / "content", free_port()
    root.mkdir()
    prepare(root)
    packager = subprocess.Popen([sys.executable, "-m", "demo.platform.packager", str(root)], cwd=ROOT)
    try:
        with (
            nginx(folder / "nginx", SERVER.format(port=port, root=root), [port]),
            agent(folder, "[host]\nenabled = false\n" + settings(port)) as running,
        ):
            yield Platform(root, packager, running)
    finally:
        packager.kill()
        packager.wait(10)


def healthy(figures: dict[str, float]) -> bool:
    return figures.get("up") == 1


def test_a_live_channel_has_all_its_figures(platform: Platform) -> None:
    began = time.time()

    def exact(found: dict[str, float]) -> bool:
        # The edge is exact: the end of the newest segment, by the packager's clock.
        age = newest_at(found["probed_timestamp_seconds"]) + 1 - found["live_edge_timestamp_seconds"] / SEGMENT_SECONDS
        return found["probed_timestamp_seconds"] >= began and 0 <= age <= 1

    figures = platform.wait(
        "kino", lambda found: healthy(found) and "segment_download_seconds" in found and exact(found)
    )
    assert figures["probed_timestamp_seconds"] <= time.time()
    assert figures["target_duration_seconds"] == figures["segment_duration_seconds"] == SEGMENT_SECONDS
    assert figures["live_edge_timestamp_seconds"] % SEGMENT_SECONDS == 0
    assert 0 < figures["segment_download_seconds"] < SEGMENT_SECONDS


def test_the_edge_moves_with_the_packager(platform: Platform) -> None:
    before = platform.wait("kino", healthy)
    after = platform.wait(
        "kino", lambda found: found["live_edge_timestamp_seconds"] > before["live_edge_timestamp_seconds"]
    )
    assert after["advanced_timestamp_seconds"] > before["advanced_timestamp_seconds"]
    assert (
        before["probed_timestamp_seconds"] <= after["advanced_timestamp_seconds"] <= after["probed_timestamp_seconds"]
    )


def test_redirects_are_followed_and_references_are_relative_to_their_end(platform: Platform) -> None:
    assert platform.wait("moved", healthy)["target_duration_seconds"] == SEGMENT_SECONDS


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ("missing", "segment_missing"),
        ("refused", "segment_status"),
        ("portal", "segment_content_type"),
        ("maintenance", "playlist_content_type"),
        ("disguised", "playlist_malformed"),
        ("gone", "playlist_status"),
        ("dead", "playlist_unreachable"),
    ],
)
def test_a_channel_that_cannot_be_played_is_down_with_its_reason(platform: Platform, channel: str, reason: str) -> None:
    # A look while the packager was starting may have had a reason of its own.
    only = {"up", "probed_timestamp_seconds", reason}
    figures = platform.wait(channel, lambda found: found.keys() == only)
    assert figures["up"] == 0


def test_a_slow_segment_is_told_with_its_time(platform: Platform) -> None:
    # 150 kB at 26 kB/s are some 5 s for 4 s of pictures: it plays, with stops.
    figures = platform.wait("slow", lambda found: "segment_slow" in found)
    assert figures["up"] == 1
    assert figures["segment_download_seconds"] > 4


def test_lost_packets_are_found_in_the_segment(platform: Platform) -> None:
    figures = platform.wait("lossy", lambda found: "ts_continuity" in found)
    assert figures["up"] == 1
    assert "1 continuity error, the first at packet 10, PID 256: 4 missing" in platform.agent.log
    # Between two segments nothing new is known, so nothing is told.
    platform.wait("lossy", lambda found: found["ts_continuity"] > figures["ts_continuity"])
    assert platform.agent.log.count('"channel": "lossy"') == 1


def test_a_sequence_that_goes_backwards_is_counted_once(platform: Platform) -> None:
    platform.wait("rewound", healthy)
    rewind(platform.root, 20)
    figures = platform.wait("rewound", lambda found: "sequence_backwards" in found)
    probed = figures["probed_timestamp_seconds"]
    later = platform.wait("rewound", lambda found: found["probed_timestamp_seconds"] > probed)
    assert later["sequence_backwards"] == 1


def test_a_manifest_with_a_formula_is_proved_by_its_segments(platform: Platform) -> None:
    figures = platform.wait("formula", lambda found: healthy(found) and "live_edge_timestamp_seconds" in found)
    assert figures["target_duration_seconds"] == 2
    assert 0 <= figures["probed_timestamp_seconds"] - figures["live_edge_timestamp_seconds"] < 6


def test_a_stall_is_found_after_one_and_a_half_segments_and_its_end_at_once(platform: Platform) -> None:
    before = platform.wait("kino", lambda found: healthy(found) and "playlist_stalled" not in found)
    platform.packager.send_signal(signal.SIGSTOP)
    try:
        stalled = platform.wait("kino", lambda found: "playlist_stalled" in found)
        waited = stalled["probed_timestamp_seconds"] - stalled["advanced_timestamp_seconds"]
        assert STALL_AFTER < waited < STALL_AFTER + 3
        assert stalled["up"] == 1
        assert stalled["live_edge_timestamp_seconds"] >= before["live_edge_timestamp_seconds"]
    finally:
        platform.packager.send_signal(signal.SIGCONT)
    moving = platform.wait(
        "kino", lambda found: found["advanced_timestamp_seconds"] > stalled["advanced_timestamp_seconds"]
    )
    again = platform.wait("kino", lambda found: found["probed_timestamp_seconds"] > moving["probed_timestamp_seconds"])
    assert again["playlist_stalled"] == moving["playlist_stalled"]


def test_the_collector_itself_is_fine_and_the_log_holds_no_address(platform: Platform) -> None:
    assert 'ott_collector_success{collector="streams"} 1.0' in platform.agent.get("/metrics").text
    assert "channel has faults" in platform.agent.log
    assert "http://" not in platform.agent.log
