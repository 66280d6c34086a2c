"""A segment as it arrives: whether it is media, and whether a player can start with it."""

from agent.sources.media import Keeper
from agent.sources.streams import mp4
from agent.sources.streams.content import (
    WEBM,
    Asked,
    Content,
    Fragment,
    Plain,
    Remark,
    Transport,
    is_transport,
    page_of,
    told,
)
from agent.sources.streams.decrypt import Decryptor
from agent.sources.streams.fetch import Answer
from agent.sources.streams.live import Container, Segment
from agent.sources.streams.reasons import Fault, Reason
from service.nouns import counted

LARGEST = 256 << 20

# What error pages, portals and playlists come as. Where the bytes are media, such a type is a remark: players look at
# the bytes. Other types are not judged: servers give segments the oddest ones.
NO_MEDIA = frozenset(
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

_HEAD = 192  # enough to tell every container


class Enough(Exception):  # noqa: N818 - no error
    """All that was asked for has come, though the answer goes on."""


class Cut:
    """Cuts the range that was asked for out of an answer: a server may send the whole file instead."""

    def __init__(self, byte_range: tuple[int, int | None] | None) -> None:
        self._skip = 0
        self.left: int | None = None
        self.wrong = ""  # what came is not what was asked for
        self.surplus = 0  # bytes beyond it
        self._first = 0
        if byte_range is not None:
            self._first, self.left = byte_range

    def head(self, answer: Answer) -> None:
        """Take the head of the answer."""
        self.surplus = self._skip = self._first if answer.status != 206 else 0
        if answer.first not in (None, self._first):
            self.wrong = (
                f"begins with byte {answer.first} of its file, not with the byte {self._first} that was asked for"
            )

    def cut(self, data: bytes) -> bytes:
        """Return what of these bytes was asked for."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if self.left is not None:
            self.surplus += max(0, len(data) - self.left)
            data = data[: self.left]
            self.left -= len(data)
        return data

    @property
    def complete(self) -> bool:
        """Return whether nothing more is wanted."""
        return self.left == 0 and not self._skip


class SegmentChecker:
    """Takes one segment's answer; `finish` gives what a player gets over, anything worse is raised as Fault."""

    def __init__(
        self, segment: Segment, key: bytes | None = None, keeper: Keeper | None = None, section: bytes = b""
    ) -> None:
        """Take the segment, its key where it is encrypted as a whole, who keeps its content, and its initialization."""
        self.segment = segment
        self._section = section
        self._keeper = keeper
        self._asked = Asked(whole=not segment.partial, init=segment.init is not None)
        self._cut = Cut(segment.resource.byte_range)
        self._decryptor = Decryptor(key, segment.key.vector) if key is not None and segment.key is not None else None
        self._head = b""
        self._content: Content | None = None
        self._type = ""
        self._status = 200
        self.size = 0

    def head(self, answer: Answer) -> None:
        """Take the head of the answer."""
        self._type, self._status = answer.content_type, answer.status
        self._cut.head(answer)

    def piece(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        data = self._cut.cut(data)
        self.size += len(data)
        if self._decryptor is not None:
            data = self._decryptor.feed(data)
        self._feed(data)
        if self._cut.complete and self._status == 200:
            raise Enough

    def finish(self) -> list[Remark]:
        """Judge a body that has ended."""
        partial = self.segment.partial
        if self._cut.wrong:
            raise Fault(Reason.SEGMENT_MALFORMED, self._cut.wrong)
        if self._cut.left and not partial:
            raise Fault(Reason.SEGMENT_TRUNCATED, f"lacks {counted(self._cut.left, 'byte')} of its byte range")
        if not self.size:
            raise Fault(Reason.SEGMENT_MALFORMED, "is empty")
        rest, problem = (b"", "") if self._decryptor is None else self._decryptor.finish()
        self._feed(rest)
        remarks: list[Remark] = []
        if self.segment.container != "opaque":
            content, remarks = self._whole(problem)
            if isinstance(content, Fragment) and self.segment.begins is not None:
                remarks += content.placed(self._section, self.segment.begins, self.segment.duration)
        if self._cut.surplus and not partial:
            size, more = counted(self.size, "byte"), "" if self._status == 206 else ", and the status is 200, not 206"
            words = f"is longer than the {size} that were asked for{more}: players take all of it for this segment"
            remarks.append(Remark(Reason.SEGMENT_MALFORMED, words))
        if self._type in NO_MEDIA:
            remarks.append(Remark(Reason.SEGMENT_CONTENT_TYPE, f"is media and came as {self._type}"))
        return remarks

    def _whole(self, problem: str) -> tuple[Content, list[Remark]]:
        """Judge the content; `problem` is what is wrong with how it was encrypted."""
        try:
            content = self._content or self._begin()
            remarks = content.finish()
        except Fault:
            if problem:
                raise Fault(Reason.SEGMENT_MALFORMED, problem) from None
            raise
        if problem:
            words = (
                "holds media, but is not padded as RFC 8216 (4.3.2.4) wants it; hls.js plays it, shaka-player does not"
            )
            remarks.append(Remark(Reason.SEGMENT_MALFORMED, words))
        return content, remarks

    def summary(self) -> str:
        """Say what came."""
        if self.segment.container == "opaque":
            return f"{counted(self.size, 'byte')}, encrypted"
        return self._content.summary() if self._content is not None else counted(self.size, "byte")

    def _feed(self, data: bytes) -> None:
        if self.segment.container == "opaque":
            return
        if self._keeper is not None:
            self._keeper.add(data)
        if self._content is not None:
            self._content.feed(data)
            return
        self._head += data
        if len(self._head) >= _HEAD:
            self._begin()

    def _begin(self) -> Content:
        """Tell the content by its first bytes, and give it what has come."""
        head, self._head = self._head, b""
        if page := page_of(head):
            reason = Reason.SEGMENT_CONTENT_TYPE if self._type in NO_MEDIA else Reason.SEGMENT_MALFORMED
            kind = f" and came as {self._type}" if self._type in NO_MEDIA else ""
            raise Fault(reason, f"is {page}, no media{kind}")
        self._content = _declared(self.segment.container, head, self._asked)
        self._content.feed(head)
        return self._content


def _declared(container: Container, head: bytes, asked: Asked) -> Content:
    """Return what judges the content that the manifest declares; raise Fault where it is another."""
    if container == "mp4":
        if head[4:8] not in mp4.FIRST:
            raise Fault(Reason.SEGMENT_MALFORMED, "does not begin like a fragment of MP4, which the manifest declares")
        return Fragment(asked)
    if container == "webm":
        if not head.startswith(WEBM):
            raise Fault(Reason.SEGMENT_MALFORMED, "does not begin like WebM, which the manifest declares")
        return Plain("WebM")
    if container == "ts":
        if not is_transport(head):
            raise Fault(Reason.SEGMENT_MALFORMED, "does not begin like a transport stream, which the manifest declares")
        return Transport(asked)
    return told(head, asked)
