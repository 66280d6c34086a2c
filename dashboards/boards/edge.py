"""Content delivery: sessions, viewers, traffic, requests, and whether the figures can be trusted."""

from dashboards.boards.vocabulary import (
    AHEAD,
    ERRORS,
    SERVICE,
    SITE,
    TO_CHANNEL,
    TO_NODE,
    TO_SITE,
    TO_STREAMS,
    TO_TICKETS,
)
from dashboards.model import Board, Course, Figure, Limit, Query, Ranking, Row, Steps
from dashboards.units import CLOCK, PER_SECOND, SECONDS

# Courses read the totals of sites: over six hours, a thousand edges would make each of them a million points.
WHERE = 'site=~"$site",service=~"$service"'
BUCKETS = f"sum by (le) (rate(ott_edge_request_duration_seconds_bucket{{{WHERE}}}[1m]))"
REQUESTED = f"sum(site:ott_edge_requests:rate1m{{{WHERE}}})"
IDENTIFIED = f"rate(ott_edge_identity_requests_total{{{WHERE}}}[1m])"

PROTOCOLS = (("other", "other"), ("progressive", "whole files"))
RUNGS = (
    ("token", "viewer's own token"),
    ("session", "player's session"),
    ("address", "address"),
    ("none", "by nothing"),
)
REJECTS = (
    ("format", "another format"),
    ("time", "no time"),
    ("status", "no status"),
    ("size", "no size"),
    ("ahead", "ahead of the clock"),
    ("too_long", "too long"),
    ("truncated", "cut off"),
)
CONNECTIONS = (
    ("active", "open in total"),
    ("reading", "request being read"),
    ("waiting", "waiting for a request"),
    ("writing", "answer being sent"),
)

NOW = Row(
    (
        Figure(
            title="Sessions",
            question="How many sessions are active on the chosen sites?",
            unit="none",
            queries=(Query(f"sum(site:ott_edge_sessions:sum{{{WHERE}}})"),),
            course=True,
            width=6,
            height=5,
        ),
        Figure(
            title="Viewers",
            question="How many distinct viewers do the chosen sites serve? One who is on two edges counts twice.",
            unit="none",
            queries=(Query(f"sum(site:ott_edge_viewers:sum{{{WHERE}}})"),),
            course=True,
            width=6,
            height=5,
        ),
        Figure(
            title="Traffic",
            question="How much content do the chosen sites send?",
            unit="bps",
            queries=(Query(f"8 * sum(site:ott_edge_egress_bytes:rate1m{{{WHERE}}})"),),
            course=True,
            width=6,
            height=5,
        ),
        Figure(
            title="Failed requests",
            question="What share of all requests is answered with a server error?",
            unit="percentunit",
            queries=(
                Query(f'(sum(site:ott_edge_requests:rate1m{{{WHERE},code="5xx"}}) or 0 * {REQUESTED}) / {REQUESTED}'),
            ),
            steps=ERRORS,
            decimals=2,
            width=6,
            height=5,
        ),
    )
)

AUDIENCE = Row(
    (
        Course(
            title="Where are the sessions?",
            question="How are sessions spread over the sites?",
            unit="none",
            queries=(Query(f"sum by (site) (site:ott_edge_sessions:sum{{{WHERE}}})", "{{site}}"),),
            stacked=True,
            links=(TO_SITE,),
            width=12,
            height=9,
        ),
        Ranking(
            title="Which protocols are used?",
            question="How do players fetch content?",
            unit="none",
            queries=(Query(f"sum by (protocol) (ott_edge_sessions{{{WHERE}}})", "{{protocol}}"),),
            names=PROTOCOLS,
            minimum=0,
            width=12,
            height=9,
        ),
        Figure(
            title="Do viewers come or go?",
            question="Do more viewers come than go? Both numbers jump when a channel fails and everybody reconnects.",
            unit=PER_SECOND,
            queries=(
                Query(f"sum(rate(ott_edge_sessions_started_total{{{WHERE}}}[1m]))", "begin"),
                Query(f"sum(rate(ott_edge_sessions_ended_total{{{WHERE}}}[1m]))", "end"),
            ),
            named=True,
            width=12,
            height=8,
        ),
        Ranking(
            title="What is watched most?",
            question="Which channels have most sessions, over all edges?",
            unit="none",
            queries=(Query("topk(12, channel:ott_edge_channel_sessions:sum)", "{{channel}}"),),
            links=(TO_STREAMS, TO_CHANNEL),
            minimum=0,
            width=12,
            height=8,
        ),
    ),
    "Audience",
)

TRAFFIC = Row(
    (
        Course(
            title="How much does each site send?",
            question="How much content does each site send?",
            unit="bps",
            queries=(Query(f"8 * sum by (site) (site:ott_edge_egress_bytes:rate1m{{{WHERE}}})", "{{site}}"),),
            stacked=True,
            links=(TO_SITE,),
            width=8,
            height=9,
        ),
        Ranking(
            title="Which edges send most?",
            question="Which edges send most content now?",
            unit="bps",
            queries=(
                Query(f"8 * topk(12, sum by (site, node) (node:ott_edge_egress_bytes:rate1m{{{WHERE}}}))", "{{node}}"),
            ),
            links=(TO_NODE, TO_TICKETS),
            minimum=0,
            width=8,
            height=9,
        ),
        Course(
            title="What bit rate do viewers get?",
            question="Does a session get the bit rate it should? A fall means players step down to a lower quality.",
            unit="bps",
            queries=(
                Query(
                    f"8 * sum by (site) (site:ott_edge_egress_bytes:rate1m{{{WHERE}}})"
                    f" / (sum by (site) (site:ott_edge_sessions:sum{{{WHERE}}}) > 0)",
                    "{{site}}",
                ),
            ),
            links=(TO_SITE,),
            width=8,
            height=9,
        ),
    ),
    "Outbound traffic",
)

REQUESTS = Row(
    (
        Course(
            title="How are requests answered?",
            question="How many requests are answered, and how?",
            unit=PER_SECOND,
            queries=(Query(f"sum by (code) (site:ott_edge_requests:rate1m{{{WHERE}}})", "{{code}}"),),
            stacked=True,
            width=8,
            height=8,
        ),
        Course(
            title="Which site fails requests?",
            question="What share of its requests does each site answer with a server error? "
            "The line is where the alarm of an edge begins.",
            unit="percentunit",
            queries=(
                Query(
                    f'sum by (site) (site:ott_edge_requests:rate1m{{{WHERE},code="5xx"}})'
                    f" / sum by (site) (site:ott_edge_requests:rate1m{{{WHERE}}})",
                    "{{site}}",
                ),
            ),
            steps=ERRORS,
            limits=True,
            links=(TO_SITE,),
            width=8,
            height=8,
        ),
        Ranking(
            title="Which edges fail most?",
            question="Which edges answer the largest share of requests with server errors now?",
            unit="percentunit",
            decimals=2,
            queries=(
                Query(
                    f"topk(8, max by (site, node) (node:ott_edge_request_errors:ratio_rate1m{{{WHERE}}}))", "{{node}}"
                ),
            ),
            steps=ERRORS,
            links=(TO_NODE, TO_TICKETS),
            minimum=0,
            width=8,
            height=8,
        ),
        Figure(
            title="How fast are requests answered?",
            question="How long do requests take now, the slow player's network included?",
            unit=SECONDS,
            decimals=3,
            queries=(
                Query(f"histogram_quantile(0.5, {BUCKETS})", "half of them"),
                Query(f"histogram_quantile(0.95, {BUCKETS})", "95 of 100"),
                Query(f"histogram_quantile(0.99, {BUCKETS})", "99 of 100"),
            ),
            steps=Steps(((Limit("edge_response_seconds"), "major"),)),
            named=True,
            width=24,
            height=5,
        ),
    ),
    "Requests",
)

TRUST = Row(
    (
        Ranking(
            title="How are viewers told apart?",
            question="By what are viewers recognised? The further down the ladder, the rougher the count of viewers.",
            unit="percentunit",
            decimals=1,
            queries=(
                Query(
                    f"sum by (rung) ({IDENTIFIED}) / ignoring (rung) group_left () sum({IDENTIFIED})",
                    "{{rung}}",
                ),
            ),
            names=RUNGS,
            minimum=0,
            maximum=1,
            width=8,
            height=8,
        ),
        Ranking(
            title="Which log lines are rejected?",
            question="Are lines of the access log not understood, and why?",
            unit=PER_SECOND,
            queries=(
                Query(f"sum by (reason) (rate(ott_edge_log_rejected_lines_total{{{WHERE}}}[1m]))", "{{reason}}"),
                Query(f"sum(rate(ott_edge_log_lines_total{{{WHERE}}}[1m]))", "all lines"),
            ),
            names=REJECTS,
            minimum=0,
            width=8,
            height=8,
        ),
        Figure(
            title="Newest request in the log",
            question="Which edges have not logged a request for longest?",
            unit=CLOCK,
            meanings=(AHEAD,),
            queries=(
                Query(
                    "topk(8, round(time() - max by (site, node) ("
                    f"ott_edge_log_last_request_timestamp_seconds{{{WHERE}}})))",
                    "{{node}}",
                ),
            ),
            steps=Steps(((Limit("edge_log_silent_seconds"), "minor"),)),
            links=(TO_NODE, TO_TICKETS),
            named=True,
            width=8,
            height=8,
        ),
        Ranking(
            title="What do the connections do?",
            question="How many client connections are open, by what they are doing?",
            unit="none",
            queries=(Query('sum by (state) (ott_edge_connections{site=~"$site"})', "{{state}}"),),
            names=CONNECTIONS,
            minimum=0,
            width=24,
            height=5,
        ),
    ),
    "Can these figures be trusted?",
)

BOARD = Board(
    name="edge",
    title="Sessions and traffic",
    purpose="Content delivery by edge: sessions, viewers, traffic, requests and the quality of the count",
    readers="the engineer on duty when viewers complain, and whoever reports the number of viewers and has to "
    "trust it.",
    rows=(NOW, AUDIENCE, TRAFFIC, REQUESTS, TRUST),
    variables=(SITE, SERVICE),
)
