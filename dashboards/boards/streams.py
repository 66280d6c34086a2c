"""Streams as a player sees them: are they there, are they live, are they fast enough?"""

from dashboards.boards.vocabulary import (
    AHEAD,
    ANY,
    NODES,
    SITE,
    TO_CHANNEL,
    TO_CHANNELS,
    TO_NODE,
    TO_TICKETS,
    or_none,
)
from dashboards.model import Board, Column, Course, Figure, Grid, History, Limit, Meaning, Query, Row, Steps, Variable
from dashboards.units import CLOCK, SECONDS

CHANNEL = Variable("channel", "Channel", 'label_values(ott_stream_up{site=~"$site",node=~"$node"}, channel)')
WHERE = 'site=~"$site",node=~"$node",channel=~"$channel"'
TO_ONE = (TO_CHANNELS, TO_CHANNEL)
SHARE = f"ott_stream_segment_download_seconds{{{WHERE}}} / ott_stream_segment_duration_seconds{{{WHERE}}}"

UP = (Meaning(0, "down", "critical"), Meaning(1, "up", "good"))
NONE = "no stream is probed"

# The words of docs/streams.md's reasons.
FAULTS = (
    Meaning("none", "no fault", "good"),
    Meaning("playlist_unreachable", "playlist: no connection"),
    Meaning("playlist_timeout", "playlist: too late"),
    Meaning("playlist_status", "playlist: refused or missing"),
    Meaning("playlist_content_type", "playlist: something else in its place"),
    Meaning("playlist_malformed", "playlist: unusable"),
    Meaning("playlist_invalid", "playlist: refused by some players"),
    Meaning("playlist_ended", "playlist: ended"),
    Meaning("playlist_stalled", "playlist: no new segment"),
    Meaning("sequence_backwards", "segments: numbers go backwards"),
    Meaning("init_missing", "initialization: missing"),
    Meaning("init_malformed", "initialization: unusable"),
    Meaning("key_missing", "key: missing"),
    Meaning("segment_unreachable", "segment: no connection"),
    Meaning("segment_missing", "segment: missing"),
    Meaning("segment_early", "segment: listed before it exists"),
    Meaning("segment_status", "segment: refused"),
    Meaning("segment_slow", "segment: slower than it plays"),
    Meaning("segment_truncated", "segment: cut off"),
    Meaning("segment_content_type", "segment: something else in its place"),
    Meaning("segment_malformed", "segment: unusable"),
    Meaning("program_missing", "stream: no programme to play"),
    Meaning("program_hidden", "stream: programme not found by some players"),
    Meaning("pid_missing", "stream: pictures or sound missing"),
    Meaning("scrambled", "stream: scrambled"),
    Meaning("ts_sync", "stream: packets out of step"),
    Meaning("ts_continuity", "stream: packets lost"),
    Meaning("ts_crc", "stream: tables damaged"),
    Meaning("ts_transport_error", "stream: packets damaged"),
)

SLOW = Steps(((Limit("stream_segment_slow"), "major"),))
STALE = Steps(((Limit("stream_stale_durations"), "critical"),))

NOW = Row(
    (
        Figure(
            title="Streams that are down",
            question="How many of all probed streams could a player not start?",
            unit="none",
            queries=(
                Query(
                    f"count(ott_stream_up{{{WHERE}}} == 0) or 0 * count(ott_stream_up{{{WHERE}}})", "down", steps=ANY
                ),
                Query(f"count(ott_stream_up{{{WHERE}}})", "probed"),
            ),
            named=True,
            empty=NONE,
            width=8,
            height=5,
        ),
        Figure(
            title="Oldest live edge",
            question="How far behind the clock is the slowest stream?",
            unit=CLOCK,
            meanings=(AHEAD,),
            queries=(Query(f"round(max(time() - ott_stream_live_edge_timestamp_seconds{{{WHERE}}}))"),),
            empty=NONE,
            width=8,
            height=5,
        ),
        Figure(
            title="Slowest segment",
            question="How long does the slowest download take, as a share of the segment's playing time? "
            "From 100 % on, players stall.",
            unit="percentunit",
            queries=(Query(f"max({SHARE})"),),
            steps=SLOW,
            decimals=0,
            empty=NONE,
            width=8,
            height=5,
        ),
    )
)

LIVE = Row(
    (
        History(
            title="Which stream was down, and when?",
            question="When could each stream be played, and when not?",
            unit="none",
            queries=(Query(f"min by (channel) (ott_stream_up{{{WHERE}}})", "{{channel}}"),),
            meanings=UP,
            links=TO_ONE,
            empty=NONE,
            width=24,
            height=8,
        ),
        Course(
            title="How far behind is each stream?",
            question="Does each stream advance with the clock? A stalled packager draws a rising line.",
            unit=SECONDS,
            queries=(
                Query(
                    f"max by (site, node, channel) (time() - ott_stream_live_edge_timestamp_seconds{{{WHERE}}})",
                    "{{channel}} · {{node}}",
                ),
            ),
            links=(*TO_ONE, TO_NODE, TO_TICKETS),
            empty=NONE,
            width=12,
            height=9,
        ),
        Course(
            title="Does a stream stand still?",
            question="How long ago did each stream last get a new segment, in segment durations? "
            "Above 1.5 it is late; the line is where the alarm begins.",
            unit="none",
            queries=(
                Query(
                    f"max by (site, node, channel) ((time() - ott_stream_advanced_timestamp_seconds{{{WHERE}}})"
                    f" / ott_stream_target_duration_seconds{{{WHERE}}})",
                    "{{channel}} · {{node}}",
                ),
            ),
            decimals=1,
            steps=STALE,
            limits=True,
            links=(*TO_ONE, TO_NODE, TO_TICKETS),
            empty=NONE,
            width=12,
            height=9,
        ),
    ),
    "Live",
)

QUALITY = Row(
    (
        Course(
            title="Do segments arrive fast enough?",
            question="Is each stream delivered faster than it plays? The line is where the alarm begins.",
            unit="percentunit",
            steps=SLOW,
            limits=True,
            queries=(
                Query(
                    f"max by (site, node, channel) ({SHARE})",
                    "{{channel}} · {{node}}",
                ),
            ),
            links=(*TO_ONE, TO_NODE, TO_TICKETS),
            empty=NONE,
            width=12,
            height=9,
        ),
        Grid(
            title="What went wrong in the last hour?",
            question="What was wrong with which stream?",
            unit="none",
            queries=(
                Query(
                    or_none(
                        f"sum by (channel, reason) (increase(ott_stream_errors_total{{{WHERE}}}[1h])) > 0",
                        f"0 * count(ott_stream_up{{{WHERE}}})",
                        "reason",
                        "channel",
                    )
                ),
            ),
            columns=(
                Column("channel", "Channel", links=TO_ONE, width=160),
                Column("reason", "Fault", meanings=FAULTS),
                Column("A", "Times", decimals=0, width=90),
            ),
            sort="Times",
            descending=True,
            empty=NONE,
            width=12,
            height=9,
        ),
    ),
    "Quality",
)

BOARD = Board(
    name="streams",
    title="Streams",
    purpose="Every probed stream as a player sees it: present, live, fast enough",
    readers="the engineer on duty when one channel fails while everything else is green.",
    rows=(NOW, LIVE, QUALITY),
    variables=(SITE, NODES, CHANNEL),
    since="now-3h",
)
