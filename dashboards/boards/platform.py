"""The wall: the seven figures, what is wrong now, and the day so far. Readable across a room, without a click."""

from dashboards.boards.vocabulary import DISK, MEMORY, PROCESSOR, TO_SITE, alarms, clocks, open_tickets
from dashboards.model import Board, Course, Figure, Panel, Query, Ranking, Row, Steps

ONLINE = "sum(platform:ott_subscribers_online:sum)"
NODES = 'max by (site, node) (up{job="ott-agent"})'


def _figure(title: str, question: str, unit: str, *queries: Query, named: bool = False) -> Panel:
    return Figure(
        title=title, question=question, unit=unit, queries=queries, width=4, height=5, course=not named, named=named
    )


FIGURES = Row(
    (
        _figure(
            "Subscribers in total",
            "How many accounts have an active status in the middleware?",
            "none",
            Query("sum(platform:ott_subscribers:sum)"),
        ),
        _figure(
            "Subscribers served",
            "How many subscribers does the middleware's keep-alive see right now?",
            "none",
            Query(ONLINE),
        ),
        _figure(
            "Served in busy hour",
            "How many subscribers were served at once, on average, in the busiest hour of the last recorded day, "
            "and in the busiest hour of the last 24 hours so far?",
            "none",
            Query(
                'max(ott_busy_hour_value{scope="platform",quantity="subscribers_online",measure="last_day"})',
                "last day",
            ),
            Query("max_over_time(sum(platform:ott_subscribers_online:avg1h)[1d:5m])", "24 hours"),
            named=True,
        ),
        _figure(
            "Active sessions",
            "How many content-delivery sessions are active on all edges? One viewer on one channel is one session.",
            "none",
            Query("sum(platform:ott_edge_sessions:sum)"),
        ),
        _figure(
            "Viewers",
            "How many distinct viewers are watching, over all channels?",
            "none",
            Query("sum(platform:ott_edge_viewers:sum)"),
        ),
        _figure(
            "Outbound traffic",
            "How much content do all edges send out, averaged over one minute?",
            "bps",
            Query("8 * sum(platform:ott_edge_egress_bytes:rate1m)"),
        ),
    )
)

STATE = Row(
    (
        open_tickets(width=8),
        Figure(
            title="Nodes not answering",
            question="How many of all nodes did not answer the last scrape?",
            unit="none",
            queries=(
                Query(
                    f"count({NODES} == 0) or 0 * count({NODES})",
                    "not answering",
                    steps=Steps(((1, "critical"),)),
                ),
                Query(f"count({NODES})", "of all nodes"),
            ),
            width=6,
            height=5,
            named=True,
        ),
        Ranking(
            title="How loaded is the busiest node?",
            question="How loaded is the busiest node, in processor, memory and disk?",
            unit="percentunit",
            decimals=1,
            queries=(
                Query("max(platform:node_cpu_utilisation:max)", "processor, busiest node", steps=PROCESSOR),
                Query("max(platform:node_memory_utilisation:max)", "memory, fullest node", steps=MEMORY),
                Query("max(platform:node_disk_io_utilisation:max)", "disk, busiest node", steps=DISK),
            ),
            width=10,
            height=5,
            minimum=0,
            maximum=1,
        ),
    )
)

DAY = Row(
    (
        Course(
            title="How does the day go?",
            question="How do subscribers served, viewers and sessions run over the day?",
            unit="none",
            queries=(
                Query(ONLINE, "subscribers served"),
                Query("sum(platform:ott_edge_viewers:sum)", "viewers"),
                Query("sum(platform:ott_edge_sessions:sum)", "sessions"),
            ),
            width=12,
            height=8,
        ),
        Course(
            title="How much does each site send?",
            question="Which site sends how much content?",
            unit="bps",
            queries=(Query("8 * sum by (site) (site:ott_edge_egress_bytes:rate1m)", "{{site}}"),),
            links=(TO_SITE,),
            width=12,
            height=8,
            stacked=True,
        ),
    )
)

WRONG = Row(
    (
        alarms("", ("site", "node"), width=12, height=8),
        clocks(width=12, height=8, due=False),
    )
)

BOARD = Board(
    name="platform",
    title="Platform",
    purpose="The seven figures of the platform, its state and the day so far: for the wall",
    readers="everybody in the control centre, from across the room, all the time. Nothing on it needs a click. "
    "When a figure or a colour looks wrong, go to *Sites and nodes* or straight to the ticket in the "
    "list.",
    rows=(FIGURES, STATE, WRONG, DAY),
)
