"""Channels as viewers get them: does each arrive whole by multicast, and is there a picture and sound?"""

from dashboards.boards.vocabulary import ANY, NODES, SITE, TO_CHANNEL, TO_NODE, TO_STREAMS, TO_TICKETS, or_none
from dashboards.model import Board, Column, Course, Figure, Grid, Limit, Meaning, Query, Row, Steps, Variable
from dashboards.units import PER_SECOND, SECONDS

CHANNEL = Variable("channel", "Channel", 'label_values(ott_ts_up{site=~"$site",node=~"$node"}, channel)')
WHERE = 'site=~"$site",node=~"$node",channel=~"$channel"'
NO_MULTICAST, NO_PICTURE = "no multicast is probed", "no picture is analysed"
NO_ERROR, NO_CHANGE = Meaning("none", "no error", "good"), Meaning("none", "no change", "good")
TO_ONE = (TO_STREAMS, TO_CHANNEL)
TO = (*TO_ONE, TO_NODE, TO_TICKETS)


def _lasting(what: str, since: str) -> str:
    return f"ott_{what}_timestamp_seconds{{{WHERE}}} - ott_{since}_timestamp_seconds{{{WHERE}}}"


BLACK = _lasting("picture_seen", "picture_lit")
STILL = _lasting("picture_seen", "picture_changed")
SILENT = _lasting("audio_decoded", "audio_heard")
BLACK_FROM = Steps(((Limit("picture_black_seconds"), "major"),))
STILL_FROM = Steps(((Limit("picture_frozen_seconds"), "major"),))
SILENT_FROM = Steps(((Limit("sound_silent_seconds"), "major"),))


def _changes(what: str) -> str:
    changes = f"increase(ott_{what}_format_changes_total{{{WHERE}}}[1d])"
    return f'label_replace(sum by (channel, delivery, property) ({changes}) > 0, "of", "{what}", "", "")'


PICTURE_CHANGES, SOUND_CHANGES = _changes("picture"), _changes("audio")
PICTURES = f"0 * count(ott_picture_seen_timestamp_seconds{{{WHERE}}})"


def _beyond(lasting: str, threshold: str) -> str:
    limit = f'site:ott_threshold:effective{{threshold="{threshold}"}}'
    return f"count({lasting} > on (site) group_left () {limit}) or 0 * count({lasting})"


def _too_long(title: str, question: str, lasting: str, threshold: str) -> Figure:
    return Figure(
        title=title,
        question=question,
        unit="none",
        queries=(Query(_beyond(lasting, threshold), steps=ANY),),
        empty=NO_PICTURE,
        width=6,
        height=5,
    )


def _course(title: str, question: str, lasting: str, steps: Steps) -> Course:
    return Course(
        title=title,
        question=f"{question} The line is where the alarm begins.",
        unit=SECONDS,
        queries=(
            Query(f"max by (site, node, channel, delivery) (round({lasting}, 0.1))", "{{channel}} · {{delivery}}"),
        ),
        steps=steps,
        limits=True,
        minimum=0,
        links=TO,
        empty=NO_PICTURE,
        width=8,
        height=8,
    )


NOW = Row(
    (
        Figure(
            title="Not received",
            question="How many channels are not received by multicast, out of how many?",
            unit="none",
            queries=(
                Query(
                    f"count(ott_ts_up{{{WHERE}}} == 0) or 0 * count(ott_ts_up{{{WHERE}}})", "not received", steps=ANY
                ),
                Query(f"count(ott_ts_up{{{WHERE}}})", "probed"),
            ),
            named=True,
            empty=NO_MULTICAST,
            width=6,
            height=5,
        ),
        _too_long(
            "Black", "How many channels have been black for longer than the threshold?", BLACK, "picture_black_seconds"
        ),
        _too_long(
            "Frozen",
            "How many channels have been frozen for longer than the threshold?",
            STILL,
            "picture_frozen_seconds",
        ),
        _too_long(
            "Silent",
            "How many channels have been silent for longer than the threshold?",
            SILENT,
            "sound_silent_seconds",
        ),
    )
)

MULTICAST = Row(
    (
        Course(
            title="Errored seconds",
            question="How many seconds of each minute have lost packets or no synchronisation, by channel?",
            unit=SECONDS,
            queries=(
                Query(
                    f"max by (site, node, channel) (increase(ott_ts_errored_seconds_total{{{WHERE}}}[1m]))",
                    "{{channel}} · {{node}}",
                ),
            ),
            minimum=0,
            links=TO,
            empty=NO_MULTICAST,
            width=12,
            height=9,
        ),
        Grid(
            title="TR 101 290, last hour",
            question="Which indicators of TR 101 290 were raised in the last hour, in which channel, and how often?",
            unit="none",
            queries=(
                Query(
                    or_none(
                        f"sum by (channel, priority, indicator) (increase(ott_ts_errors_total{{{WHERE}}}[1h])) > 0",
                        f"0 * count(ott_ts_up{{{WHERE}}})",
                        "indicator",
                        "channel",
                        "priority",
                    )
                ),
            ),
            columns=(
                Column("channel", "Channel", links=TO_ONE),
                Column("priority", "Priority", width=100),
                Column("indicator", "Indicator", meanings=(NO_ERROR,)),
                Column("A", "Times", decimals=0, width=90),
            ),
            sort="Times",
            descending=True,
            empty=NO_MULTICAST,
            width=12,
            height=9,
        ),
        Course(
            title="Bit rate of the streams",
            question="What is the bit rate of each transport stream, null packets included?",
            unit="bps",
            queries=(Query(f"max by (channel) (ott_ts_bit_rate_bits_per_second{{{WHERE}}})", "{{channel}}"),),
            minimum=0,
            links=TO_ONE,
            empty=NO_MULTICAST,
            width=12,
            height=8,
        ),
        Course(
            title="Lost packets",
            question="How many packets a second does the network lose, and how many datagrams does the probe drop?",
            unit=PER_SECOND,
            queries=(
                Query(f"sum(rate(ott_ts_packets_missing_total{{{WHERE}}}[1m]))", "in the network"),
                Query(f"sum(rate(ott_ts_datagrams_dropped_total{{{WHERE}}}[1m]))", "at the probe"),
            ),
            minimum=0,
            empty=NO_MULTICAST,
            width=12,
            height=8,
        ),
    ),
    "Multicast",
)

PICTURE = Row(
    (
        _course("Black picture", "For how many seconds has each channel been black?", BLACK, BLACK_FROM),
        _course("Frozen picture", "For how many seconds has each picture been frozen?", STILL, STILL_FROM),
        _course("No sound", "For how many seconds has each channel been silent?", SILENT, SILENT_FROM),
        Course(
            title="Loudness",
            question="How loud is each channel, in LUFS (short-term, EBU R 128)? The target is -23.",
            unit="none",
            queries=(
                Query(
                    f"max by (channel, delivery) (ott_audio_loudness_short_term_lufs{{{WHERE}}})",
                    "{{channel}} · {{delivery}}",
                ),
            ),
            decimals=1,
            links=TO_ONE,
            empty=NO_PICTURE,
            width=12,
            height=8,
        ),
        Grid(
            title="Format changes, last day",
            question="Which channels changed the format of picture or sound, and in what?",
            unit="none",
            queries=(
                Query(or_none(f"{PICTURE_CHANGES} or {SOUND_CHANGES}", PICTURES, "property", "delivery", "channel")),
            ),
            columns=(
                Column("channel", "Channel", links=TO_ONE),
                Column("delivery", "Delivery", width=110),
                Column("property", "What", meanings=(NO_CHANGE,)),
                Column("A", "Times", decimals=0, width=90),
            ),
            sort="Times",
            descending=True,
            empty=NO_PICTURE,
            width=12,
            height=8,
        ),
    ),
    "Picture and sound",
)

BOARD = Board(
    name="channels",
    title="Channels",
    purpose="Every channel as viewers get it: multicast without errors, picture and sound present",
    readers="the engineer on duty when a channel is black, frozen, silent or breaks up.",
    rows=(NOW, MULTICAST, PICTURE),
    variables=(SITE, NODES, CHANNEL),
    since="now-3h",
)
