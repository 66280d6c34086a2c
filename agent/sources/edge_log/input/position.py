"""How far a file was read, and by what it is known again.

Equal first bytes prove nothing: every W3C, CDN or tab-separated log begins with the same header. A file is known by
device and inode, and by what was read of it: its first bytes, the bytes before the place that was reached, and its
first line of data. A copy has all three; a successor with the same header has at most the first.
"""

from dataclasses import dataclass
from hashlib import blake2b

# Bytes of a file's beginning, and before the place reached, that it is known by.
HEAD = TAIL = 1024
# A header longer than this is taken for data.
LONGEST_HEADER = 64 * 1024
# A single equal line is a coincidence: the same probe asks two servers in the same second.
LINES_OF_PROOF = 2


@dataclass(slots=True)
class Position:
    """How far a file was read: what a checkpoint holds of it. `offset` is always the start of a line."""

    path: str
    device: int
    inode: int
    offset: int
    fingerprint: str  # of the first `fingerprint_length` bytes
    fingerprint_length: int
    skipping: bool = False  # within a line that is too long
    state: str = ""  # the parser's
    tail: str = ""  # fingerprint of the last bytes before `offset`; "" where an older version stored the position
    last: str = ""  # fingerprint of the last line read, where it is no longer than a tail
    last_length: int = 0
    first: str = ""  # fingerprint of the first line of data; "" while there is none
    modified: float = 0.0
    retired: bool = False  # rotated away and read to its end
    gone: bool = False  # deleted
    name: str = ""  # the path of the settings that led to it, where that is a link

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.device, self.inode


def absent(path: str) -> Position:
    """Return the position of a log that is not there: it fits no file, so that the log is new when it appears."""
    return Position(path, device=0, inode=0, offset=0, fingerprint="", fingerprint_length=0)


def fingerprint(data: bytes) -> str:
    """Return what some bytes are known by."""
    return blake2b(data, digest_size=16).hexdigest()


def data_lines(beginning: bytes, most: int = LINES_OF_PROOF) -> list[bytes]:
    """Return the first whole lines that are no header, as long as a position remembers them."""
    lines: list[bytes] = []
    begin = 0
    while len(lines) < most and (end := beginning.find(b"\n", begin)) >= 0:
        if end > begin and beginning[begin : begin + 1] != b"#":
            lines.append(beginning[begin:end][:HEAD])
        begin = end + 1
    return lines
