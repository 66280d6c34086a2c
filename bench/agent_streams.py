"""What probing channels costs: ott-agent beside a bare HTTP client that only fetches, in the same run.

A packager and nginx serve the demo's channels; the agent probes them under many names at its default intervals. The
peer asks the same nginx for the same playlists and segments through the same library and looks at nothing. CPU is the
process's own user and system time. Prints one JSON object; exit status 1 when the agent is past its bounds.

    python -m bench.agent_streams [--channels 100] [--seconds 30]
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from demo.platform.lineup import CHANNELS
from demo.ports import free_port
from tests.contract.agent.program import agent, wait_until
from tests.contract.streams.nginx import nginx

# The agent's requests come one by one, each waking a sleeping process; the peer's come without a pause.
MOST_RATIO, MOST_RSS = 3.0, 60 * 2**20
SERVER = 'server {{ listen 127.0.0.1:{port}; root "{root}"; }}'
TABLE = '[[stream]]\nchannel = "channel-{number}"\nurl = "http://127.0.0.1:{port}/{name}/index.m3u8"\n'


def main() -> int:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser("python -m bench.agent_streams", description=__doc__)
    parser.add_argument("--channels", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root, port = folder / "content", free_port()
        root.mkdir()
        packager = subprocess.Popen([sys.executable, "-m", "demo.platform.packager", str(root)])
        try:
            with nginx(folder / "nginx", SERVER.format(port=port, root=root), [port]):
                result = measure(folder, port, arguments.channels, arguments.seconds)
        finally:
            packager.kill()
            packager.wait(10)
    print(json.dumps(result, indent=2))
    return int(result["ratio"] > MOST_RATIO or result["agent_rss_bytes"] > MOST_RSS or result["channels_up"] < 1)


def measure(folder: Path, port: int, channels: int, seconds: float) -> dict[str, float]:
    """Let the agent probe for `seconds`, then fetch as many with the bare client."""
    names = list(CHANNELS)
    tables = [TABLE.format(number=n, port=port, name=names[n % len(names)]) for n in range(channels)]
    settings = "[host]\nenabled = false\n[stream_budget]\nrequests_per_second = 1000\n" + "".join(tables)
    with agent(folder, settings) as running:
        process = psutil.Process(running.process.pid)
        wait_until(lambda: running.get("/metrics").text.count("ott_stream_up{") == channels, running, 30)
        began, cpu, before = time.monotonic(), cpu_seconds(process), requests(folder)
        time.sleep(seconds)  # the measurement itself
        took, used, asked = time.monotonic() - began, cpu_seconds(process) - cpu, requests(folder)
        rss = process.memory_info().rss
        lines = running.get("/metrics").text.splitlines()
    up = sum(line.startswith("ott_stream_up{") and line.endswith(" 1.0") for line in lines)
    paths = asked[len(before) :]
    bare = asyncio.run(fetch(port, newest(folder / "content", paths)))
    per_request = used / len(paths)
    return {
        "channels": channels,
        "channels_up": up / channels,
        "requests_per_second": len(paths) / took,
        "segments_per_second": sum(path.endswith(".ts") for path in paths) / took,
        "agent_cpu_ratio": used / took,
        "agent_cpu_seconds_per_request": per_request,
        "bare_cpu_seconds_per_request": bare / len(paths),
        "ratio": used / bare,
        "agent_rss_bytes": rss,
    }


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def requests(folder: Path) -> list[str]:
    """Return the paths of the access log."""
    return [line.split(" ")[6] for line in (folder / "nginx/access.log").read_text("utf-8").splitlines()]


def newest(root: Path, paths: list[str]) -> list[str]:
    """Put a segment that still exists in the place of each that has left the window."""
    return [
        path if path.endswith("m3u8") else f"{Path(path).parent}/{max((root / path[1:]).parent.glob('*.ts')).name}"
        for path in paths
    ]


async def fetch(port: int, paths: list[str]) -> float:
    """Return the CPU seconds that fetching takes."""
    async with httpx.AsyncClient(trust_env=False, headers={"accept-encoding": "identity"}) as client:
        await client.get(f"http://127.0.0.1:{port}{paths[0]}")
        began = time.process_time()
        for path in paths:
            async with client.stream("GET", f"http://127.0.0.1:{port}{path}") as response:
                async for _ in response.aiter_raw():
                    pass
        return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
