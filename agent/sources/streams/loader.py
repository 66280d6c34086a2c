"""What a player loads to play: initialization section, key and segment, from an address or from its copies."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from agent.sources.streams import mp4
from agent.sources.streams.capture import Capture
from agent.sources.streams.content import WEBM_INIT, Remark, is_transport, page_of
from agent.sources.streams.cookies import Cookies
from agent.sources.streams.decrypt import Decryptor
from agent.sources.streams.fetch import Answer, Ask, Fetcher, FetchError, Taker, Trouble
from agent.sources.streams.journal import Journal
from agent.sources.streams.live import Init, Key, NotJudged, Resource, Segment
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.segment import LARGEST, Cut, Enough, SegmentChecker
from agent.transport.packets import TransportChecker
from agent.transport.programs import ProgramReader
from service.nouns import counted

# Seconds for which an initialization section and a key are not fetched again; a viewer who starts needs them.
KEPT = 60.0
LARGEST_INIT = 8 << 20
_LARGEST_KEY = 1 << 10
_LARGEST_KEPT = 64 << 10  # bytes of an initialization section; they have some hundreds
_MOST_KEPT = 64

_K = TypeVar("_K")
_V = TypeVar("_V")

_REASONS = {
    Trouble.UNREACHABLE: Reason.SEGMENT_UNREACHABLE,
    Trouble.TIMEOUT: Reason.SEGMENT_SLOW,
    Trouble.MISSING: Reason.SEGMENT_MISSING,
    Trouble.STATUS: Reason.SEGMENT_STATUS,
    Trouble.TRUNCATED: Reason.SEGMENT_TRUNCATED,
    Trouble.OVERSIZE: Reason.SEGMENT_MALFORMED,
}


class Loaded(NamedTuple):
    """A segment that came whole, and what a player gets over."""

    seconds: float
    remarks: tuple[Remark, ...]


class _Gathered:
    """The body of something small, with the range that was asked for."""

    def __init__(self, byte_range: tuple[int, int | None] | None) -> None:
        self.body = bytearray()
        self._cut = Cut(byte_range)
        self._status = 200

    def head(self, answer: Answer) -> None:
        self._status = answer.status
        self._cut.head(answer)

    def piece(self, data: bytes) -> None:
        self.body += self._cut.cut(data)
        if self._cut.wrong:
            raise FetchError(Trouble.STATUS, self._cut.wrong)
        if self._cut.complete and self._status == 200:
            raise Enough


@dataclass(slots=True)
class Loader:
    """One channel's loads, with what need not be loaded again."""

    clock: Callable[[], float]
    cookies: Cookies
    journal: Journal
    _sections: dict[Init, tuple[float, bytes]] = field(
        default_factory=dict
    )  # when each was found good, and its content
    _keys: dict[str, tuple[float, bytes]] = field(default_factory=dict)

    def forget(self) -> None:
        """Load everything again, as a player that starts."""
        self._sections.clear()
        self._keys.clear()

    async def segment(
        self,
        fetcher: Fetcher,
        segment: Segment,
        subject: str,
        limits: tuple[float, float],
        capture: Capture | None = None,
    ) -> Loaded:
        """Load what the segment needs and the segment itself; `limits` are a playlist's and a segment's deadline.

        `capture` takes what came whole. Raise Fault for what a player does not get over.
        """
        section = b""
        if segment.init is not None:
            words = f"the initialization section of {subject}"
            section = await self._section(fetcher, segment.init, words, limits[0])
        key = None if segment.key is None else await self._key(fetcher, segment.key, subject, limits[0])
        whole = segment.key is not None and segment.key.whole
        remarks = _unlicensed(section, segment.init, subject)
        for place, url in enumerate(segment.resource.urls, 1):
            try:
                if capture is not None:
                    capture.begin(section)
                checker = SegmentChecker(segment, key if whole else None, capture, section)
                loaded = await self._once(fetcher, url, checker, subject, limits[1])
            except Fault as fault:
                if place == len(segment.resource.urls):
                    raise
                remarks.append(Remark(fault.reason, f"{fault.detail}; its copy at the next address is taken"))
                self.journal.note("remark", subject, fault.detail, reason=fault.reason.value)
            else:
                if capture is not None:
                    capture.end(segment, self.clock())
                return Loaded(loaded.seconds, (*remarks, *loaded.remarks))
        raise Fault(Reason.SEGMENT_MISSING, f"{subject} has no address")

    async def _once(self, fetcher: Fetcher, url: str, checker: SegmentChecker, subject: str, limit: float) -> Loaded:
        segment = checker.segment
        taker = Taker(checker.head, checker.piece, LARGEST)
        try:
            seconds = await self._get(fetcher, url, taker, segment.resource.byte_range, limit)
            remarks = checker.finish()
        except FetchError as error:
            if error.trouble is Trouble.ENCODING:
                raise NotJudged("encoding", f"{subject} {error.detail}") from None
            raise Fault(_REASONS[error.trouble], f"{subject}: {error.detail}") from None
        except Fault as fault:
            raise Fault(fault.reason, f"{subject} {fault.detail}") from None
        self.journal.note("ok", subject, f"{checker.summary()}; {seconds:.3f} s", url=url)
        if seconds > segment.duration and not segment.partial:
            remarks.append(Remark(Reason.SEGMENT_SLOW, f"{segment.duration:g} s long, took {seconds:.1f} s"))
        return Loaded(seconds, tuple(Remark(one.reason, f"{subject}: {one.detail}") for one in remarks))

    async def _get(
        self, fetcher: Fetcher, url: str, taker: Taker, byte_range: tuple[int, int | None] | None, limit: float
    ) -> float:
        headers = {}
        if byte_range is not None:
            first, length = byte_range
            headers["Range"] = f"bytes={first}-{'' if length is None else first + length - 1}"
        began = time.monotonic()
        try:
            return await fetcher.get(url, taker, deadline=limit, ask=Ask(headers, self.cookies))
        except Enough:
            return time.monotonic() - began

    async def _section(self, fetcher: Fetcher, init: Init, subject: str, limit: float) -> bytes:
        """Return the initialization section, which has been found good; empty where it is too large to keep."""
        now = self.clock()
        kept = self._sections.get(init)
        if kept is not None and now - kept[0] < KEPT:
            return kept[1]
        try:
            body, url = await self._small(fetcher, init.resource, LARGEST_INIT, limit)
        except FetchError as error:
            if error.trouble is Trouble.ENCODING:
                raise NotJudged("encoding", f"{subject} {error.detail}") from None
            raise Fault(Reason.INIT_MISSING, f"{subject}: {error.detail}") from None
        odd = ""
        if init.key is not None and init.key.whole:
            key = await self._key(fetcher, init.key, subject, limit)
            decryptor = Decryptor(key, init.key.vector)
            clear = decryptor.feed(body)
            rest, odd = decryptor.finish()
            body = clear + rest
        problem, words = ("", "encrypted") if init.container == "opaque" and body else judged(body)
        problem = problem and (odd or problem)
        if problem:
            raise Fault(Reason.INIT_MALFORMED, f"{subject} {problem}")
        self.journal.note("ok", subject, words, url=url)
        content = body if len(body) <= _LARGEST_KEPT else b""
        _keep(self._sections, init, (now, content))
        return content

    async def _key(self, fetcher: Fetcher, key: Key, subject: str, limit: float) -> bytes:
        now = self.clock()
        kept = self._keys.get(key.url)
        if kept is not None and now - kept[0] < KEPT:
            return kept[1]
        try:
            body, url = await self._small(fetcher, Resource((key.url,)), _LARGEST_KEY, limit)
        except FetchError as error:
            if error.trouble is Trouble.ENCODING:
                raise NotJudged("encoding", f"the key of {subject} {error.detail}") from None
            raise Fault(Reason.KEY_MISSING, f"the key of {subject}: {error.detail}") from None
        if len(body) != key.size:
            raise Fault(Reason.KEY_MISSING, f"the key of {subject} has {counted(len(body), 'byte')}, not {key.size}")
        self.journal.note("ok", f"the key of {subject}", counted(len(body), "byte"), url=url)
        _keep(self._keys, key.url, (now, body))
        return body

    async def _small(self, fetcher: Fetcher, resource: Resource, largest: int, limit: float) -> tuple[bytes, str]:
        """Return the body of the first address that answers; raise the last one's FetchError."""
        for place, url in enumerate(resource.urls, 1):
            gathered = _Gathered(resource.byte_range)
            try:
                taker = Taker(gathered.head, gathered.piece, largest)
                await self._get(fetcher, url, taker, resource.byte_range, limit)
            except FetchError:
                if place == len(resource.urls):
                    raise
            else:
                return bytes(gathered.body), url
        raise FetchError(Trouble.MISSING, "has no address")


def judged(body: bytes) -> tuple[str, str]:
    """Return why a player cannot start with an initialization section (empty where it can), and what it is."""
    if not body or (page := page_of(body)):
        return ("is empty" if not body else f"is {page}"), ""
    if body.startswith(WEBM_INIT):
        return "", f"WebM, {counted(len(body), 'byte')}"
    if is_transport(body):
        programs = ProgramReader()
        TransportChecker(programs).feed(body)
        return ("" if programs.programs else "is a transport stream without PAT or PMT"), "tables of a transport stream"
    if body[4:8] in mp4.FIRST:
        return _movie(body)
    return "is neither MP4 nor WebM nor a transport stream", ""


def _unlicensed(section: bytes, init: Init | None, subject: str) -> list[Remark]:
    """Return whether an initialization section names another key than the manifest."""
    if init is None or not init.licensed:
        return []
    boxes = mp4.BoxReader()
    boxes.feed(section)
    keys = {track.key for track in boxes.tracks()} - {""}
    if not keys or keys & init.licensed:
        return []
    detail = (
        f"the initialization section of {subject} names the key {min(keys)}, the manifest {min(init.licensed)} "
        "(cenc:default_KID); shaka-player 5.2.12 waits for a key that no licence for these samples holds"
    )
    return [Remark(Reason.PLAYLIST_INVALID, detail)]


def _movie(body: bytes) -> tuple[str, str]:
    boxes = mp4.BoxReader()
    boxes.feed(body)
    if boxes.fault or boxes.truncated:
        return f"as MP4 {boxes.fault or boxes.truncated}", ""
    tracks = boxes.tracks()
    if not tracks:
        return "is MP4 without a movie box (moov) that sets up a track", ""
    if not boxes.fragmented:
        return f"is MP4 with {mp4.UNFRAGMENTED}", ""
    return "", "MP4: " + ", ".join(f"{track.handler} {track.codec}" for track in tracks)


def _keep(kept: dict[_K, _V], key: _K, value: _V) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value
