"""An access log made up of viewers whose every request is known, with the figures it must give.

The truth is kept while the requests are made, in the order of their true times, by the published definition and
nothing of the agent's code. The order of the lines is another: servers log when a response ends, so some lines come
late. About one line in a hundred is damaged.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

BEGIN = 1_769_040_000  # 2026-01-22T00:00:00Z
IDLE = 30.0
LATEST = 8  # seconds by which a late line comes late
CHANNELS, RENDITIONS = 40, ("1080p", "720p", "480p")
PLAYERS = (
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) TV Safari/537.36",
    "ExoPlayerLib/2.18.1",
    "VLC/3.0.20 LibVLC/3.0.20",
)
DAMAGED = (
    "\x00\x01 binary \x02",
    "192.0.2.1 - - [22/Jan/2026:00:00:02 +0000] another format 200 5",
    '1769040001.000 192.0.2.1 200 5 0.010 "GET /live/c1/720p/1.ts',
    "",
    '1769040001.000 192.0.2.1 200 five 0.010 "GET /live/c1/720p/1.ts HTTP/1.1" "x" "-"',
    "Jan 22 00:00:02 edge kernel: something else",
)


@dataclass(slots=True)
class Truth:
    """What the lines that were made so far must give."""

    lines: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    egress: int = 0
    rejected: int = 0
    sessions: int = 0
    last: dict[tuple[int, int], float] = field(default_factory=dict)
    first: dict[tuple[int, int], float] = field(default_factory=dict)
    intervals: list[tuple[float, float]] = field(default_factory=list)

    def media(self, viewer: int, channel: int, moment: float) -> None:
        """Note a media request; requests of one viewer come in the order of time."""
        key = (viewer, channel)
        last = self.last.get(key)
        if last is None or moment - last > IDLE:
            self.sessions += 1
            if last is not None:
                self.intervals.append((self.first[key], last))
            self.first[key] = moment
        self.last[key] = moment

    def active(self, moment: float) -> tuple[int, int]:
        """Return sessions and viewers active at a moment that no request lies after."""
        active = [key for key, last in self.last.items() if moment - last < IDLE]
        return len(active), len({viewer for viewer, _ in active})

    def most(self) -> int:
        """Return the largest number of sessions active at once, over all that was made."""
        intervals = [*self.intervals, *((self.first[key], last) for key, last in self.last.items())]
        changes = sorted([(begin, 1) for begin, _ in intervals] + [(end + IDLE, -1) for _, end in intervals])
        most = now = 0
        for _, change in changes:
            now += change
            most = max(most, now)
        return most


@dataclass(frozen=True, slots=True)
class Moment:
    """A second of the log: its lines, and at some seconds what is active at its end."""

    second: int
    text: bytes
    active: tuple[int, int] | None


def generate(viewers: int, seconds: int, truth: Truth, every: int = 60) -> Iterator[Moment]:
    """Yield the log second by second. Each viewer asks every six seconds, zaps once, pauses once, and leaves."""
    tokens = [f"{viewer * 0x9E3779B97F4A7C15 % 2**128:032x}" for viewer in range(viewers)]
    calendar: list[list[tuple[int, int, int]]] = [[] for _ in range(seconds + LATEST + 120)]
    for viewer in range(viewers):
        # (viewer, requests made, requests to make)
        calendar[viewer * 7919 % (seconds - 60)].append((viewer, 0, 24 + viewer % 30))
    late: list[list[str]] = [[] for _ in range(seconds + LATEST + 1)]
    number = 0
    for second in range(seconds):
        lines = late[second]
        for viewer, made, wanted in calendar[second]:
            number += 1
            channel = (viewer + (made > wanted // 2)) % CHANNELS
            moment = BEGIN + second + (viewer % 999 + 1) / 1000
            status, size, name = _request(viewer, made, second)
            # A tenth of the viewers have no token: address and player tell them apart.
            query = "" if viewer % 10 == 0 else f"?token={tokens[viewer]}"
            player = PLAYERS[viewer % 3]
            line = (
                f"{moment:.3f} 10.{viewer >> 16}.{viewer >> 8 & 255}.{viewer & 255} {status} {size} 0.{made % 10:03d}"
                f' "GET /live/c{channel}/{RENDITIONS[viewer % 3]}/{name}{query} HTTP/1.1" "{player}" "-"\n'
            )
            (late[second + LATEST] if number % 89 == 0 else lines).append(line)
            truth.requests[f"{status // 100}xx"] += 1
            truth.egress += size
            if status in (200, 206, 304) and not name.endswith(".jpg"):
                truth.media(viewer, channel, moment)
            if number % 100 == 0:
                lines.append(DAMAGED[number // 100 % len(DAMAGED)] + "\n")
                truth.rejected += 1
            if made + 1 < wanted:
                calendar[second + _pause(viewer, made)].append((viewer, made + 1, wanted))
        truth.lines += len(lines)
        active = truth.active(BEGIN + second + 1) if (second + 1) % every == 0 else None
        yield Moment(second, "".join(lines).encode("latin-1"), active)
    for second in range(seconds, seconds + LATEST + 1):
        truth.lines += len(late[second])
        yield Moment(second, "".join(late[second]).encode("latin-1"), None)


def _request(viewer: int, made: int, second: int) -> tuple[int, int, str]:
    """Return status, bytes and file name."""
    turn = (viewer + made) % 20
    if turn == 0:
        return 404, 153, "gone.ts"
    if turn == 1:
        return 200, 20_480, "poster.jpg"
    if turn == 2:
        return 206, 1_000 + viewer % 7, f"{second // 6}.m4s"
    return (200, 700 + made, "index.m3u8") if made % 2 else (200, 900_000 + viewer * 13 % 50_000, f"{second // 6}.ts")


def _pause(viewer: int, made: int) -> int:
    """Return the seconds to the next request: mostly six; now and then just within or beyond the idle timeout."""
    if made == 7:
        return (6, 29, 30, 31, 45)[viewer % 5]
    return 6
