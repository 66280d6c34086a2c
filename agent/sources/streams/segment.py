"""The newest segment: whether it is media, and whether its transport stream is whole. It is judged as it arrives."""

from agent.sources.streams.fetch import Answer
from agent.sources.streams.live import Segment
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.transport import SYNC, Findings, TransportChecker

LARGEST = 256 << 20

# What error pages, portals and playlists come as. Other types are not judged: servers give transport streams the
# oddest ones, and players look at the bytes.
_NO_MEDIA = frozenset(
    {
        "application/json",
        "application/vnd.apple.mpegurl",
        "application/x-mpegurl",
        "application/xhtml+xml",
        "application/xml",
        "text/html",
        "text/xml",
    }
)
# ISO/IEC 14496-12: what a media segment or a whole file may begin with.
_BOXES = frozenset({b"emsg", b"free", b"ftyp", b"mdat", b"moof", b"prft", b"sidx", b"skip", b"styp", b"uuid"})
_HEAD = 8


class SegmentChecker:
    """Takes one segment's answer; `finish` gives the faults a player would get over, anything worse is raised."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._head = b""
        self._transport: TransportChecker | None = None
        self._skip = 0  # bytes before the range that was asked for
        self._left: int | None = None  # bytes of the range still to come
        self.summary = ""

    def head(self, answer: Answer) -> None:
        """Judge the headers."""
        if answer.content_type in _NO_MEDIA:
            raise Fault(Reason.SEGMENT_CONTENT_TYPE, f"a segment came as {answer.content_type}")
        if self._segment.byte_range is not None:
            first, self._left = self._segment.byte_range
            if answer.status == 200:  # a server may send the whole file
                self._skip = first

    def piece(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        if self._transport is not None:
            self._transport.feed(data)
        elif len(self._head) < _HEAD:
            begin = self._head + data
            self._head = begin[:_HEAD]
            if len(self._head) == _HEAD:
                self._begin(begin)

    def finish(self) -> frozenset[Reason]:
        """Return the faults of a body that has ended."""
        if self._left:
            raise Fault(Reason.SEGMENT_TRUNCATED, f"a segment lacks {self._left} bytes of its byte range")
        if len(self._head) < _HEAD:
            raise Fault(Reason.SEGMENT_MALFORMED, f"a segment has {len(self._head)} bytes")
        if self._transport is None:
            return frozenset()
        findings = self._transport.findings()
        if not findings.packets:
            raise Fault(Reason.SEGMENT_MALFORMED, "a segment is no media that players know")
        self.summary = _summary(findings)
        return _faults(findings)

    def _begin(self, begin: bytes) -> None:
        """Tell the container by the first bytes, and check what has come."""
        if self._segment.container == "opaque":
            return
        if self._segment.container == "mp4" or self._head[4:8] in _BOXES:
            if self._head[4:8] not in _BOXES:
                raise Fault(Reason.SEGMENT_MALFORMED, "a segment does not begin like a fragment of MP4")
        elif self._head[0] == SYNC or not _packed(self._head):
            self._transport = TransportChecker()
            self._transport.feed(begin)


def _packed(head: bytes) -> bool:
    """Return whether these are packed audio (RFC 8216, 3.4) or subtitles."""
    adts_or_mpeg = head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return adts_or_mpeg or head.startswith((b"ID3", b"\x0b\x77", b"WEBVTT", b"\xef\xbb\xbfWEBV"))


def _faults(findings: Findings) -> frozenset[Reason]:
    found = set()
    if findings.sync_losses or findings.rest:
        found.add(Reason.TS_SYNC)
    if findings.losses:
        found.add(Reason.TS_CONTINUITY)
    if findings.damaged:
        found.add(Reason.TS_TRANSPORT_ERROR)
    return frozenset(found)


def _summary(findings: Findings) -> str:
    parts = []
    if findings.sync_losses:
        parts.append(f"sync lost {findings.sync_losses} times")
    if findings.rest:
        parts.append(f"{findings.rest} bytes at the end are no packet")
    if findings.first_loss is not None:
        first = findings.first_loss
        parts.append(
            f"{findings.losses} continuity errors, the first at packet {first.packet}, PID {first.pid}: "
            f"{first.missing} missing"
        )
    if findings.damaged:
        parts.append(f"{findings.damaged} packets marked as damaged")
    return "; ".join(parts)
