"""What looking into picture and sound gives (docs/picture.md).

Moments are exported, never ages or verdicts on their length: how long a picture may be black is for the rules to say.
A channel that delivers nothing has moments that stand still together, so that their differences stay as they were.
"""

from service.metric import Metric

_WAY = ("channel", "delivery")

PICTURE_EXAMINED = Metric(
    "ott_picture_examined_timestamp_seconds",
    "gauge",
    "When the end of the last piece came that should hold a picture.",
    _WAY,
)
PICTURE_AWAITED = Metric(
    "ott_picture_awaited_timestamp_seconds",
    "gauge",
    "When the first piece came that should hold a picture, since the agent started.",
    _WAY,
)
PICTURE_DECODED = Metric(
    "ott_picture_decoded_timestamp_seconds",
    "gauge",
    "When the end of the last piece came with a picture that could be decoded.",
    _WAY,
)
PICTURE_SEEN = Metric(
    "ott_picture_seen_timestamp_seconds",
    "gauge",
    "Moment of the last key frame that was decoded.",
    _WAY,
)
PICTURE_LIT = Metric(
    "ott_picture_lit_timestamp_seconds",
    "gauge",
    "Moment since which every key frame is black; of the last key frame where it is not, or black is expected.",
    _WAY,
)
PICTURE_CHANGED = Metric(
    "ott_picture_changed_timestamp_seconds",
    "gauge",
    "Moment since which the picture is still; of the last key frame where it is not, or a still picture is expected.",
    _WAY,
)
PICTURE_LUMINANCE = Metric(
    "ott_picture_luminance_ratio",
    "gauge",
    "Mean brightness of the last key frame, 0 for black and 1 for white.",
    _WAY,
    reader="ad hoc",
)
PICTURE_INFO = Metric(
    "ott_picture_info",
    "gauge",
    "1, with the format of the picture; a label is empty where the stream does not say.",
    (*_WAY, "codec", "resolution", "aspect", "frame_rate"),
    reader="ad hoc",
)
PICTURE_FORMAT_CHANGES = Metric(
    "ott_picture_format_changes_total",
    "counter",
    "Changes of the picture's format within one rendition.",
    (*_WAY, "property"),
)
AUDIO_EXAMINED = Metric(
    "ott_audio_examined_timestamp_seconds",
    "gauge",
    "When the end of the last piece came that should hold sound.",
    _WAY,
)
AUDIO_DECODED = Metric(
    "ott_audio_decoded_timestamp_seconds",
    "gauge",
    "Moment up to which sound was decoded, silence included.",
    _WAY,
)
AUDIO_HEARD = Metric(
    "ott_audio_heard_timestamp_seconds",
    "gauge",
    "Moment at which the sound was last above -60 dBFS, or silence expected.",
    _WAY,
)
AUDIO_MOMENTARY = Metric(
    "ott_audio_loudness_momentary_lufs",
    "gauge",
    "Momentary loudness (EBU Tech 3341, 400 ms) at the end of the last piece.",
    _WAY,
    reader="ad hoc",
)
AUDIO_SHORT_TERM = Metric(
    "ott_audio_loudness_short_term_lufs",
    "gauge",
    "Short-term loudness (EBU Tech 3341, 3 s) at the end of the last piece; absent until 3 s came without a gap.",
    _WAY,
)
AUDIO_INFO = Metric(
    "ott_audio_info",
    "gauge",
    "1, with the format of the sound.",
    (*_WAY, "codec", "sample_rate", "channels"),
    reader="ad hoc",
)
AUDIO_FORMAT_CHANGES = Metric(
    "ott_audio_format_changes_total",
    "counter",
    "Changes of the sound's format within one rendition.",
    (*_WAY, "property"),
)
PICTURE_NOT_JUDGED = Metric(
    "ott_picture_not_judged",
    "gauge",
    "1 for what of picture and sound is not judged now; docs/picture.md lists the reasons.",
    (*_WAY, "reason"),
)
PICTURE_PIECES = Metric(
    "ott_picture_pieces_total",
    "counter",
    "Pieces of channels by what became of them: examined, refused, broken, fatal, dropped.",
    (*_WAY, "outcome"),
)
PICTURE_RESTARTS = Metric(
    "ott_picture_decoder_restarts_total",
    "counter",
    "Times that a decoding process ended or was ended and another took its place.",
    reader="ad hoc",
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
