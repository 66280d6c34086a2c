"""Quality of experience: what players report of stalls, start-up and bit rate, by channel and by edge."""

from dashboards.boards.vocabulary import SITE, TO_CHANNEL, TO_CHANNELS, TO_NODE, TO_SITE, TO_STREAMS, TO_TICKETS
from dashboards.model import Board, Column, Course, Figure, Grid, Limit, Query, Ranking, Row, Steps
from dashboards.units import PER_SECOND, SECONDS

WHERE = 'site=~"$site"'
STALLED = f"node_channel:ott_qoe_stalled:rate5m{{{WHERE}}}"
STALLS = f"node_channel:ott_qoe_stalls:rate5m{{{WHERE}}}"
WATCHED = f"node_channel:ott_qoe_watched:rate5m{{{WHERE}}}"
STALLED_FROM = Steps(((Limit("qoe_stall_ratio"), "major"),))
SLOW_FROM = Steps(((Limit("qoe_startup_seconds"), "minor"),))
NOBODY = "no player reports"


def _rate(metric: str, by: str = "") -> str:
    total = f"rate({metric}{{{WHERE}}}[5m])"
    return f"sum by ({by}) ({total})" if by else f"sum({total})"


def _quantile(share: str, metric: str, by: str = "le") -> str:
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', by)})"


def _per_watched(series: str, by: str, factor: str = "") -> str:
    return f"{factor}sum by ({by}) ({series}) / (sum by ({by}) ({WATCHED}) > 0)"


NOW = Row(
    (
        Figure(
            title="Stalled",
            question="For what share of the time that viewers watch does the picture stand still?",
            unit="percentunit",
            queries=(Query(f"sum({STALLED}) / (sum({WATCHED}) > 0)"),),
            steps=STALLED_FROM,
            decimals=2,
            course=True,
            empty=NOBODY,
            width=6,
            height=5,
        ),
        Figure(
            title="Stalls an hour",
            question="How often does the picture stand still in an hour of watching?",
            unit="none",
            queries=(Query(f"3600 * sum({STALLS}) / (sum({WATCHED}) > 0)"),),
            decimals=1,
            course=True,
            empty=NOBODY,
            width=6,
            height=5,
        ),
        Figure(
            title="Players that report",
            question="How many players play and report it?",
            unit="none",
            queries=(Query(f"sum({WATCHED})"),),
            decimals=0,
            course=True,
            empty=NOBODY,
            width=6,
            height=5,
        ),
        Figure(
            title="Start-up",
            question="How long do viewers wait for the picture after they have chosen a channel?",
            unit=SECONDS,
            decimals=2,
            queries=(
                Query(_quantile("0.5", "ott_qoe_startup_seconds"), "half of them"),
                Query(_quantile("0.9", "ott_qoe_startup_seconds"), "9 of 10"),
            ),
            steps=SLOW_FROM,
            named=True,
            empty=NOBODY,
            width=6,
            height=5,
        ),
    )
)

COMPARED = Row(
    (
        Course(
            title="Is it worse than last week?",
            question="Do pictures stand still for a larger share of the time than a week ago, on the whole platform?",
            unit="percentunit",
            queries=(
                Query("platform:ott_qoe_stall:ratio_rate5m", "now"),
                Query("platform:ott_qoe_stall:ratio_rate5m offset 1w", "a week ago"),
            ),
            steps=STALLED_FROM,
            limits=True,
            minimum=0,
            empty=NOBODY,
            width=12,
            height=8,
        ),
        Course(
            title="Which site stalls?",
            question="For what share of the time do the pictures of each site's viewers stand still?",
            unit="percentunit",
            queries=(Query(f"max by (site) (site:ott_qoe_stall:ratio_rate5m{{{WHERE}}})", "{{site}}"),),
            steps=STALLED_FROM,
            limits=True,
            minimum=0,
            links=(TO_SITE,),
            empty=NOBODY,
            width=12,
            height=8,
        ),
    ),
    "Against last week",
)

CHANNELS = Row(
    (
        Grid(
            title="Which channel stalls?",
            question="Which channels stand still most, and what do their viewers get?",
            unit="none",
            queries=(
                Query(_per_watched(STALLED, "channel")),
                Query(_per_watched(STALLS, "channel", "3600 * ")),
                Query(f"sum by (channel) ({WATCHED})"),
                Query(
                    f"{_rate('ott_qoe_played_bits_total', 'channel')}"
                    f" / ({_rate('ott_qoe_played_seconds_total', 'channel')} > 0)"
                ),
                Query(
                    f"3600 * {_rate('ott_qoe_switches_total', 'channel')}"
                    f" / ({_rate('ott_qoe_played_seconds_total', 'channel')} > 0)"
                ),
                Query(
                    f"sum by (channel) (increase(ott_qoe_abandoned_sessions_total{{{WHERE}}}[1h]))"
                    f" / (sum by (channel) (increase(ott_qoe_sessions_total{{{WHERE}}}[1h])) > 0)"
                ),
            ),
            columns=(
                Column("channel", "Channel", links=(TO_STREAMS, TO_CHANNELS, TO_CHANNEL)),
                Column("A", "Stalled", unit="percentunit", decimals=2, steps=STALLED_FROM),
                Column("B", "Stalls an hour", decimals=1),
                Column("C", "Players", decimals=0),
                Column("D", "Bit rate", unit="bps"),
                Column("E", "Switches an hour", decimals=1),
                Column("F", "Left before it began", unit="percentunit", decimals=1),
            ),
            sort="Stalled",
            descending=True,
            empty=NOBODY,
            width=24,
            height=9,
        ),
    ),
    "By channel",
)

EDGES = Row(
    (
        Grid(
            title="Which edge is worse than the others?",
            question="Which edges' viewers stand still most, and how fast is the line between them?",
            unit="none",
            queries=(
                Query(f"max by (site, node) (node:ott_qoe_stall:ratio_rate5m{{{WHERE}}})"),
                Query(_per_watched(STALLS, "site, node", "3600 * ")),
                Query(f"sum by (site, node) ({WATCHED})"),
                Query(
                    f"sum by (site, node) (increase(ott_qoe_stalled_sessions_total{{{WHERE}}}[1h]))"
                    f" / (sum by (site, node) (increase(ott_qoe_sessions_total{{{WHERE}}}[1h])) > 0)"
                ),
                Query(_quantile("0.5", "ott_qoe_throughput_bits_per_second", "site, node, le")),
            ),
            columns=(
                Column("node", "Node", links=(TO_NODE, TO_TICKETS)),
                Column("site", "Site", links=(TO_SITE,)),
                Column("A", "Stalled", unit="percentunit", decimals=2, steps=STALLED_FROM),
                Column("B", "Stalls an hour", decimals=1),
                Column("C", "Players", decimals=0),
                Column("D", "Sessions that stalled", unit="percentunit", decimals=1),
                Column("E", "Throughput, median", unit="bps"),
            ),
            sort="Stalled",
            descending=True,
            empty=NOBODY,
            width=24,
            height=8,
        ),
    ),
    "By edge",
)

RESERVE = Row(
    (
        Course(
            title="How much is buffered?",
            question="How many seconds do players have in reserve? The lower line is the one tenth with the least.",
            unit=SECONDS,
            queries=(
                Query(_quantile("0.5", "ott_qoe_buffer_seconds"), "half of them"),
                Query(_quantile("0.1", "ott_qoe_buffer_seconds"), "1 of 10"),
            ),
            minimum=0,
            empty=NOBODY,
            width=12,
            height=8,
        ),
        Course(
            title="How fast are the viewers' lines?",
            question="What throughput do players measure themselves? The lower line is the slowest tenth.",
            unit="bps",
            queries=(
                Query(_quantile("0.5", "ott_qoe_throughput_bits_per_second"), "half of them"),
                Query(_quantile("0.1", "ott_qoe_throughput_bits_per_second"), "1 of 10"),
            ),
            minimum=0,
            empty=NOBODY,
            width=12,
            height=8,
        ),
    ),
    "Reserve",
)

TRUST = Row(
    (
        Figure(
            title="Requests with CMCD",
            question="Which share of the media requests says how playback goes? All else here is about these only.",
            unit="percentunit",
            decimals=1,
            queries=(Query(f"{_rate('ott_qoe_requests_total')} / ({_rate('ott_qoe_media_requests_total')} > 0)"),),
            empty=NOBODY,
            width=6,
            height=8,
        ),
        Figure(
            title="Not judged",
            question="For which share of the time is it unknown whether players played: pauses, seeks, lost reports?",
            unit="percentunit",
            decimals=1,
            queries=(
                Query(
                    f"{_rate('ott_qoe_refused_seconds_total')}"
                    f" / ({_rate('ott_qoe_refused_seconds_total')} + sum({WATCHED}) > 0)"
                ),
            ),
            empty=NOBODY,
            width=6,
            height=8,
        ),
        Ranking(
            title="What do players send?",
            question="Which version of CMCD is sent, and which key could not be read? "
            "Are there more sessions than allowed?",
            unit=PER_SECOND,
            queries=(
                Query(_rate("ott_qoe_requests_total", "version"), "version {{version}}"),
                Query(
                    _rate("ott_qoe_malformed_total", "reason") + f" or 0 * {_rate('ott_qoe_requests_total')}",
                    "not readable {{reason}}",
                ),
                Query(_rate("ott_qoe_untracked_requests_total"), "beyond the limit of sessions"),
            ),
            minimum=0,
            width=12,
            height=8,
        ),
    ),
    "Can these figures be trusted?",
)

BOARD = Board(
    name="quality",
    title="Quality of experience",
    purpose="What viewers get, as their players report it: stalls, start-up and bit rate, by channel and by edge",
    readers="the engineer on duty when viewers complain while traffic looks normal, and planners who ask whether "
    "quality holds in the busy hour.",
    rows=(NOW, COMPARED, CHANNELS, EDGES, RESERVE, TRUST),
    variables=(SITE,),
)
