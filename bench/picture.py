"""What looking into picture and sound costs, beside ffmpeg; with --incidents how many faults it finds and invents.

A sender gives every channel the same 1080p25 at 8 Mbit/s over the loopback interface; the agent receives, judges and
looks into all of them, ffmpeg a few with its filters for black, frozen pictures, silence and loudness, decoding key
frames only. CPU is user and system time of the agent with its decoding processes. The incidents are those of the
tests, with 13 sets of scenes, bit rates and groups of pictures: 468 of them, some twenty minutes. Prints one
JSON object, of the incidents with the longest time from a fault to its alarm; exit status 1 when the agent is past its
bounds.

    python -m bench.picture [--channels 8] [--peers 2] [--seconds 30] [--incidents 0-13]
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psutil

from bench.multicast import RATE, Sender
from demo.ports import free_port
from tests.contract.agent.program import agent
from tests.contract.picture.incidents import delay, incidents
from tests.contract.picture.test_incidents import threshold
from tests.contract.picture.watch import Watch

# Of a core for each channel; against ffmpeg, which judges no packets and makes no thumbnails.
MOST_SHARE, MOST_RATIO = 0.03, 2.0
TABLE = '[[multicast]]\nchannel = "channel-{number}"\naddress = "127.0.0.1:{port}"\n'
_FILTERS = ("-vf", "blackdetect,freezedetect", "-af", "silencedetect,ebur128", "-f", "null", "-")


def main() -> int:
    """Measure the cost, or try the incidents."""
    parser = argparse.ArgumentParser("python -m bench.picture", description=__doc__)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--peers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--incidents", metavar="FIRST-LAST", help="sets of incidents instead of the cost, such as 0-13")
    arguments = parser.parse_args()
    if arguments.incidents:
        first, last = map(int, arguments.incidents.split("-"))
        tried = find(range(first, last))
        print(json.dumps(tried, indent=2))
        return int(bool(tried["missed"] or tried["late"] or tried["false"]))
    with tempfile.TemporaryDirectory() as name:
        result = measure(Path(name), arguments.channels, arguments.peers, arguments.seconds)
    print(json.dumps(result, indent=2))
    return int(result["share_of_core"] > MOST_SHARE or result["ratio"] > MOST_RATIO or result["pieces_lost"] > 0)


def find(seeds: range) -> dict[str, object]:
    """Return how many incidents were tried, the names of those judged wrongly, and the slowest alarm of each name."""
    missed, late, false = [], [], []
    slowest: dict[str, float] = {}
    tried: Counter[str] = Counter()
    for incident in incidents(seeds):
        tried[incident.due or "none"] += 1
        raised = Watch(incident.settings).play(incident.parts)
        if set(raised) - {incident.due}:
            false.append(incident.name)
        if incident.due and incident.due not in raised:
            missed.append(incident.name)
        elif incident.due and raised[incident.due] > delay(incident, threshold):
            late.append(incident.name)
        if incident.due in raised:
            took = raised[incident.due] - incident.parts[0].seconds
            slowest[incident.due] = max(slowest.get(incident.due, 0.0), round(took, 1))
    return {
        "incidents": tried.total(),
        "due": dict(tried),
        "slowest_seconds": slowest,
        "missed": missed,
        "late": late,
        "false": false,
    }


def measure(folder: Path, channels: int, peers: int, seconds: float) -> dict[str, float]:
    """Return what the agent and ffmpeg took for a channel, as shares of a core."""
    data = _stream(folder)
    free: set[int] = set()
    while len(free) < channels + peers:
        free.add(free_port())
    ports, others = sorted(free)[:channels], sorted(free)[channels:]
    tables = [TABLE.format(number=number, port=port) for number, port in enumerate(ports)]
    settings = '[host]\nenabled = false\n[[picture]]\nchannel = "*"\n' + "".join(tables)
    with ExitStack() as stack:
        running = stack.enter_context(agent(folder, settings))
        sender = Sender(data, ports + others)
        sender.start()
        ffmpegs = [stack.enter_context(_peer(port)) for port in others]
        time.sleep(8)
        parent = psutil.Process(running.process.pid)
        groups = [[parent, *parent.children()], *([psutil.Process(peer.pid)] for peer in ffmpegs)]
        before = [_seconds(group) for group in groups]
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        used = [(_seconds(group) - start) / took for group, start in zip(groups, before, strict=True)]
        memory = [process.memory_info().rss for process in groups[0]]
        page = running.get("/metrics").text
        sender.stop()
        for peer in ffmpegs:
            peer.kill()
    share, peer_share = used[0] / channels, sum(used[1:]) / peers
    return {
        "channels": channels,
        "share_of_core": round(share, 5),
        "ffmpeg_share_of_core": round(peer_share, 5),
        "ratio": round(share / peer_share, 3),
        "agent_rss_bytes": memory[0],
        "decoders_rss_bytes": sum(memory[1:]),
        "pieces_examined": _pieces(page, "examined"),
        "pieces_lost": _pieces(page, "dropped") + _pieces(page, "fatal"),
    }


def _stream(folder: Path) -> bytes:
    path = folder / "stream.ts"
    source = "testsrc2=s=1920x1080:r=25,noise=alls=12:allf=t"
    inputs = ["-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "sine=r=48000", "-t", "4"]
    video = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "50",
        "-sc_threshold",
        "0",
        "-b:v",
        "7M",
        "-bufsize",
        "7M",
    ]
    output = ["-maxrate", "7M", "-c:a", "aac", "-b:a", "128k", "-f", "mpegts", "-muxrate", str(RATE), str(path)]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, *video, *output], check=True)
    return path.read_bytes()


def _peer(port: int) -> subprocess.Popen[bytes]:
    command = ["ffmpeg", "-nostdin", "-v", "quiet", "-threads", "1", "-skip_frame", "nokey"]
    return subprocess.Popen([*command, "-i", f"udp://127.0.0.1:{port}", *_FILTERS])


def _pieces(page: str, outcome: str) -> float:
    lines = (line for line in page.splitlines() if line.startswith("ott_picture_pieces_total{"))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if f'outcome="{outcome}"' in line)


def _seconds(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


if __name__ == "__main__":
    raise SystemExit(main())
