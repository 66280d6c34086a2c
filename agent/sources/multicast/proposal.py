"""The tables for channels that `ott-agent init` proposes where programs of a head-end run."""

from collections.abc import Iterable

from agent.sources.node import Seen

# As the kernel names processes: fifteen characters.
HEAD_END = frozenset(
    {
        "astra",
        "dvblast",
        "ffmpeg",
        "gst-launch-1.0",
        "msd_lite",
        "multicat",
        "mumudvb",
        "srt-live-transm",
        "tsp",
        "udpxy",
    }
)


def proposal(seen: Seen) -> Iterable[str]:
    """Yield a commented table for a channel, and one for its picture and sound."""
    running = sorted(seen.processes & HEAD_END)
    if not running:
        return
    yield f"# A program of a head-end runs here ({', '.join(running)})."
    yield "# To judge its channels (docs/multicast.md; needs the extra “probe”), a table for each:"
    yield from (
        "# [[multicast]]",
        '# channel = "first"                 # the same name as in [[stream]] and in the edge log',
        '# address = "239.1.2.3:5000"        # or url, to pull it over HTTP or SRT',
        "",
        "# To look into picture and sound of all of them (docs/picture.md; needs the extra “picture”):",
        "# [[picture]]",
        '# channel = "*"',
        "",
    )
