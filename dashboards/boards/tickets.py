"""Tickets and their clocks: what has to be done first, and whether the vendor is on time."""

from dashboards.boards.vocabulary import (
    CLOCKS,
    DEADLINE,
    DESK,
    NO_TICKET,
    NODES,
    OVER,
    OVERDUE,
    SITE,
    clocks,
    open_tickets,
    tickets,
)
from dashboards.model import Board, Course, Figure, Query, Row, Steps
from dashboards.units import CLOCK

MINE = 'node=~"$node"'

STATUS = (
    ("acknowledged", "not yet taken"),
    ("inProgress", "in work"),
    ("pending", "waiting for someone"),
    ("held", "held"),
    ("resolved", "resolved, to be confirmed"),
)


def _tickets(by: str, *values: str) -> str:
    """Return the tickets by a label; one of `values` without a ticket is 0 for as long as the desk answers."""
    zeros = [f' or label_replace({DESK}, "{by}", "{value}", "", "")' for value in values]
    return f"sum by ({by}) ({tickets()}){''.join(zeros)}"


NOW = Row(
    (
        open_tickets(width=8),
        Figure(
            title="Not yet taken",
            question="How many tickets has nobody taken in hand?",
            unit="none",
            queries=(Query("sum({}) or {}".format(tickets('status="acknowledged"'), DESK)),),
            steps=Steps(((1, "major"),)),
            width=5,
            height=5,
        ),
        Figure(
            title="Least time left",
            question="How much time is left on the most urgent clock?",
            unit=CLOCK,
            queries=(Query(f"min({DEADLINE}{{{MINE}}}) - time() or {DESK}"),),
            steps=OVERDUE,
            meanings=(NO_TICKET, OVER),
            width=6,
            height=5,
        ),
        Figure(
            title="Targets missed today",
            question="How many targets were missed in the last 24 hours?",
            unit="none",
            queries=(Query("sum(increase(ott_desk_sla_breaches_total[1d]))"),),
            steps=Steps(((0.5, "major"),)),
            decimals=0,
            width=5,
            height=5,
        ),
    )
)

QUEUE = Row((clocks(width=24, height=9, where=MINE),), "What comes first")

WORK = Row(
    (
        Course(
            title="In which state are the tickets?",
            question="Where do tickets stand, and do they pile up?",
            unit="none",
            queries=(Query(_tickets("status", *(status for status, _ in STATUS)), "{{status}}"),),
            names=STATUS,
            legend_values=False,
            stacked=True,
            width=12,
            height=8,
        ),
        Course(
            title="Who is working on them?",
            question="Who has them: the control centre, or which vendor?",
            unit="none",
            queries=(Query(_tickets("owner", "ncc"), "{{owner}}"),),
            names=(("ncc", "control centre"),),
            stacked=True,
            width=12,
            height=8,
        ),
        Course(
            title="How many were opened?",
            question="How many problems begin in an hour?",
            unit="none",
            queries=(Query("sum(increase(ott_desk_tickets_opened_total[1h]))", "opened in the last hour"),),
            width=12,
            height=8,
        ),
        Course(
            title="Which targets were missed?",
            question="Which clocks run over: taking in hand, restoring, or the vendor's two?",
            unit="none",
            queries=(Query("sum by (clock) (increase(ott_desk_sla_breaches_total[1h]))", "{{clock}}"),),
            legend_values=False,
            names=tuple((str(clock.value), clock.text) for clock in CLOCKS),
            width=12,
            height=8,
        ),
    ),
    "Work and its targets",
)

BOARD = Board(
    name="tickets",
    title="Tickets and SLA",
    purpose="Open problems, the time left on each, and how the targets are kept",
    readers="the shift leader: what has to be done first, what piles up, whether the vendor is on time.",
    rows=(NOW, QUEUE, WORK),
    variables=(SITE, NODES),
    since="now-24h",
)
