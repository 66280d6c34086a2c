"""What the bytes of a segment or of an initialization section are, judged as they arrive."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from agent.sources.streams import mp4
from agent.sources.streams.live import HOLD_BACK
from agent.sources.streams.reasons import Fault, Reason
from agent.transport.packets import PACKET, SYNC, Findings, TransportChecker
from agent.transport.programs import Elementary, ProgramReader
from service.nouns import counted

EBML, CLUSTER = b"\x1a\x45\xdf\xa3", b"\x1f\x43\xb6\x75"
# Elements that a piece of WebM may begin with: EBML, Segment, Cluster, Cues, Void, Tags, SeekHead, Info, Tracks.
WEBM = (EBML, b"\x18\x53\x80\x67", CLUSTER, b"\x1c\x53\xbb\x6b", b"\xec", b"\x12\x54\xc3\x67", b"\x11\x4d\x9b\x74")
WEBM_INIT = (EBML,)
_TAG = b"ID3"
_TAG_HEAD = 10
_PACKED = (_TAG, b"\x0b\x77", b"WEBVTT", b"\xef\xbb\xbfWEBV", b"fLaC")
_PLAYED = frozenset({"vide", "soun"})
_MISPLACED = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Remark:
    """A fault that a player gets over."""

    reason: Reason
    detail: str


class Asked(NamedTuple):
    """What of a thing was asked for: all of it, and whether an initialization section came before it."""

    whole: bool = True
    init: bool = True


class Content(Protocol):
    """Judges the bytes of one thing; `finish` raises Fault where a player has nothing to play."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""

    def finish(self) -> list[Remark]:
        """Return what a player gets over."""

    def summary(self) -> str:
        """Say what it was."""


def told(head: bytes, asked: Asked) -> Content:
    """Return what judges content that begins with these bytes; raise Fault where they are no media."""
    if head[4:8] in mp4.FIRST:
        return Fragment(asked)
    if head.startswith(WEBM[:-1]):
        return Plain("WebM")
    if head.startswith(_TAG):
        return Tagged()
    if packed(head):
        return Plain("packed audio or text")
    if head[:1] != bytes([SYNC]) and (page := page_of(head)):
        raise Fault(Reason.SEGMENT_MALFORMED, f"is {page}, no media")
    return Transport(asked)


def packed(head: bytes) -> bool:
    """Return whether these are packed audio (RFC 8216, 3.4) or subtitles."""
    adts_or_mpeg = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return adts_or_mpeg or head.startswith(_PACKED)


def page_of(head: bytes) -> str:
    """Return what text a body is instead of media; empty where it is none."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:5].lower()
    if text.startswith(b"#ext"):
        return "a playlist"
    if text.startswith(b"<"):
        return "a page of HTML or XML"
    return "a JSON document" if text.startswith((b"{", b"[")) else ""


class Plain:
    """Media that is not looked into."""

    def __init__(self, name: str) -> None:
        self._name, self._size = name, 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)

    def finish(self) -> list[Remark]:
        return []

    def summary(self) -> str:
        return f"{self._name}, {counted(self._size, 'byte')}"


class Tagged:
    """Packed audio: sound behind one or more tags of ID3 (RFC 8216, 3.4)."""

    def __init__(self) -> None:
        self._head = b""  # of a tag, as far as it has come
        self._left = 0  # bytes of the tag still to come
        self._tags = self._sound = 0

    def feed(self, data: bytes) -> None:
        while data and not self._sound:
            if self._left:
                size = min(self._left, len(data))
                self._left -= size
            else:
                size = min(_TAG_HEAD - len(self._head), len(data))
                self._head += data[:size]
                self._begin()
            data = data[size:]
        self._sound += len(data)

    def finish(self) -> list[Remark]:
        if not self._sound:
            raise Fault(Reason.SEGMENT_MALFORMED, f"holds {counted(self._tags, 'tag')} of ID3 and no sound behind")
        return []

    def summary(self) -> str:
        return f"packed audio, {counted(self._sound, 'byte')} behind {counted(self._tags, 'tag')} of ID3"

    def _begin(self) -> None:
        head = self._head
        if not _TAG.startswith(head[: len(_TAG)]):
            self._sound = len(head)
        elif len(head) == _TAG_HEAD:
            size = 0
            for byte in head[6:]:  # seven bits each
                size = size << 7 | byte & 0x7F
            self._left = size + _TAG_HEAD * bool(head[5] & 0x10)  # a footer
            self._tags, self._head = self._tags + 1, b""


class Fragment:
    """A fragment of MP4."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.boxes = mp4.BoxReader()

    def feed(self, data: bytes) -> None:
        self.boxes.feed(data)

    def finish(self) -> list[Remark]:
        boxes = self.boxes
        if boxes.fault:
            raise Fault(Reason.SEGMENT_MALFORMED, f"as MP4 {boxes.fault}")
        if not self._asked.init and not boxes.tracks() and self._asked.whole:
            raise Fault(
                Reason.INIT_MISSING,
                "is a fragment of MP4 without an initialization section: neither does the playlist name one "
                "(EXT-X-MAP, initialization) nor does the segment hold a movie box with tracks",
            )
        if not self._asked.whole:
            return []
        if not self._asked.init and not boxes.fragmented:
            raise Fault(Reason.INIT_MALFORMED, f"is MP4 with {mp4.UNFRAGMENTED}")
        if boxes.truncated:
            raise Fault(Reason.SEGMENT_TRUNCATED, f"as MP4 {boxes.truncated}")
        if not boxes.kinds[b"moof"] or not boxes.media:
            listed = ", ".join(kind.decode("latin-1") for kind in boxes.kinds)
            raise Fault(Reason.SEGMENT_MALFORMED, f"is MP4 without a fragment of media: its boxes are {listed}")
        return []

    def placed(self, section: bytes, begins: float, duration: float) -> list[Remark]:
        """Return whether it lies elsewhere in time than the manifest has it, by its initialization section."""
        movie = mp4.BoxReader()
        movie.feed(section)
        times = self.boxes.begins()
        for track in movie.tracks() or self.boxes.tracks():
            if track.handler not in _PLAYED or track.number not in times or not track.scale:
                continue
            apart = times[track.number] / track.scale - begins
            if abs(apart) > max(_MISPLACED, HOLD_BACK * duration):
                return [
                    Remark(
                        Reason.SEGMENT_MALFORMED,
                        f"begins {apart:+.1f} s from where the manifest has it: track {track.number} at "
                        f"{times[track.number]}/{track.scale} s (tfdt), the manifest at {begins:.1f} s. Players look "
                        "there and do not start; presentationTimeOffset is missing or wrong, or an empty edit (elst) "
                        "is meant to move it, which browsers pass over",
                    )
                ]
        return []

    def summary(self) -> str:
        listed = ", ".join(
            f"{count} {kind.decode('latin-1')}" if count > 1 else kind.decode("latin-1")
            for kind, count in self.boxes.kinds.items()
        )
        return f"MP4: {listed}; {counted(self.boxes.media, 'byte')} of media"


class Transport:
    """A transport stream: its packets, its tables, and whether what they name is there."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.programs = ProgramReader()
        self._checker = TransportChecker(self.programs)

    def feed(self, data: bytes) -> None:
        self._checker.feed(data)

    def finish(self) -> list[Remark]:
        findings = self._checker.findings()
        if not findings.packets or (findings.packets < 2 and findings.sync_losses):
            raise Fault(Reason.SEGMENT_MALFORMED, "is no media that players know")
        self._startable()
        rest = findings if self._asked.whole else findings._replace(rest=0)
        return [*_packets(rest), *self._tables(), *self._streams()]

    def summary(self) -> str:
        reader = self.programs
        listed = "; ".join(
            f"programme {program.number}: " + ", ".join(str(stream) for stream in program.streams)
            for program in reader.programs.values()
        )
        return f"transport stream, {counted(self._checker.findings().packets, 'packet')}, {listed or 'no programme'}"

    def _named(self) -> list[Elementary]:
        return [stream for program in self.programs.programs.values() for stream in program.streams]

    def _startable(self) -> None:
        """Raise Fault unless a player can start with this."""
        reader = self.programs
        if not reader.pat:
            raise Fault(Reason.PROGRAM_MISSING, "has no PAT: no player finds its programme (TR 101 290, 1.3)")
        if not reader.programs:
            pids = ", ".join(str(pid) for pid in reader.maps.values()) or "none"
            raise Fault(Reason.PROGRAM_MISSING, f"has no PMT, which the PAT announces on PID {pids} (TR 101 290, 1.5)")
        media = [stream for stream in self._named() if stream.kind != "data"]
        if not media:
            raise Fault(Reason.PROGRAM_MISSING, "has a PMT that names neither pictures nor sound")
        if any(stream.pid in reader.started for stream in media):
            return
        listed = ", ".join(str(stream) for stream in media)
        if any(reader.scrambled[stream.pid] for stream in media):
            raise Fault(Reason.SCRAMBLED, f"is scrambled throughout: {listed}")
        raise Fault(Reason.PROGRAM_MISSING, f"carries nothing of what its PMT names: {listed} (TR 101 290, 1.6)")

    def _tables(self) -> list[Remark]:
        errors = self.programs.crc_errors
        found = [Remark(Reason.TS_CRC, f"{counted(errors, 'section')} whose CRC is wrong")] if errors else []
        if not self.programs.first:
            found.append(
                Remark(
                    Reason.PROGRAM_HIDDEN,
                    "the first entry of its PAT is the network information (NIT) of DVB, and hls.js 1.7.4 and "
                    "shaka-player 5.2.12 look for the programme in that entry only",
                )
            )
        return found

    def _streams(self) -> list[Remark]:
        reader = self.programs
        media = [stream for stream in self._named() if stream.kind != "data"]
        scrambled = [stream for stream in media if reader.scrambled[stream.pid]]
        missing = [stream for stream in media if stream.pid not in reader.started and stream not in scrambled]
        found = []
        if missing:
            listed = ", ".join(str(stream) for stream in missing)
            found.append(Remark(Reason.PID_MISSING, f"the PMT names {listed}, of which nothing came"))
        if scrambled:
            listed = ", ".join(f"{stream}: {counted(reader.scrambled[stream.pid], 'packet')}" for stream in scrambled)
            found.append(Remark(Reason.SCRAMBLED, f"marked as scrambled: {listed}"))
        return found


def _packets(findings: Findings) -> list[Remark]:
    found = []
    sync = []
    if findings.sync_losses:
        sync.append(f"losses of sync: {findings.sync_losses}")
    if findings.rest:
        sync.append(f"{counted(findings.rest, 'byte')} at the end outside of packets")
    if sync:
        found.append(Remark(Reason.TS_SYNC, "; ".join(sync)))
    if findings.first_loss is not None:
        first = findings.first_loss
        found.append(
            Remark(
                Reason.TS_CONTINUITY,
                f"{counted(findings.losses, 'continuity error')}, the first at packet {first.packet}, PID {first.pid}: "
                f"{first.missing} missing",
            )
        )
    if findings.damaged:
        found.append(Remark(Reason.TS_TRANSPORT_ERROR, f"{counted(findings.damaged, 'packet')} marked as damaged"))
    return found


def is_transport(data: bytes) -> bool:
    """Return whether these bytes begin a transport stream."""
    return data[:1] == bytes([SYNC]) and (len(data) <= PACKET or data[PACKET] == SYNC)
