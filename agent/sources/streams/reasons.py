"""What can be wrong with a channel: the values of the label `reason`."""

from enum import StrEnum


class Reason(StrEnum):
    """A fault a probe can find. docs/streams.md says of each what the viewer notices."""

    PLAYLIST_UNREACHABLE = "playlist_unreachable"
    PLAYLIST_TIMEOUT = "playlist_timeout"
    PLAYLIST_STATUS = "playlist_status"
    PLAYLIST_CONTENT_TYPE = "playlist_content_type"
    PLAYLIST_MALFORMED = "playlist_malformed"
    PLAYLIST_INVALID = "playlist_invalid"
    PLAYLIST_ENDED = "playlist_ended"
    PLAYLIST_STALLED = "playlist_stalled"
    SEQUENCE_BACKWARDS = "sequence_backwards"
    INIT_MISSING = "init_missing"
    INIT_MALFORMED = "init_malformed"
    KEY_MISSING = "key_missing"
    SEGMENT_UNREACHABLE = "segment_unreachable"
    SEGMENT_MISSING = "segment_missing"
    SEGMENT_EARLY = "segment_early"
    SEGMENT_STATUS = "segment_status"
    SEGMENT_SLOW = "segment_slow"
    SEGMENT_TRUNCATED = "segment_truncated"
    SEGMENT_CONTENT_TYPE = "segment_content_type"
    SEGMENT_MALFORMED = "segment_malformed"
    PROGRAM_MISSING = "program_missing"
    PROGRAM_HIDDEN = "program_hidden"
    PID_MISSING = "pid_missing"
    SCRAMBLED = "scrambled"
    TS_SYNC = "ts_sync"
    TS_CONTINUITY = "ts_continuity"
    TS_CRC = "ts_crc"
    TS_TRANSPORT_ERROR = "ts_transport_error"


class Fault(Exception):  # noqa: N818 - a fault of the channel, not of the program
    """A player has nothing to play. The detail is for the log: it never holds a URL, which may hold a token."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
