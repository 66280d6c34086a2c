"""What several boards say in the same way: choices, scales, states and links."""

from dashboards.model import Column, Figure, Grid, Limit, Link, Meaning, Query, State, Steps, Variable
from dashboards.units import CLOCK

SITE = Variable("site", "Site", 'label_values(up{job="ott-agent"}, site)')
ROLE = Variable("role", "Role", 'label_values(up{job="ott-agent",site=~"$site"}, role)')
NODES = Variable("node", "Node", 'label_values(up{job="ott-agent",site=~"$site"}, node)')
ONE_NODE = Variable("node", "Node", 'label_values(up{job="ott-agent",site=~"$site"}, node)', multi=False)
SERVICE = Variable("service", "Service", "label_values(node:ott_edge_sessions:sum, service)")

# A state colour stands only where an alert has a threshold, and is the severity of that alert.
PROCESSOR = Steps(((Limit("node_cpu"), "minor"),))
DISK = Steps(((Limit("node_disk_io"), "minor"),))
MEMORY = Steps(((Limit("node_memory_available", rest=True), "major"),))
FILESYSTEM = Steps(((Limit("node_filesystem_available", rest=True), "major"),))
CONNTRACK = Steps(((Limit("node_conntrack"), "major"),))
ERRORS = Steps(((Limit("edge_errors"), "major"),))

STATES = (
    Meaning(0, "normal", "good"),
    Meaning(1, "warning", "warning"),
    Meaning(2, "minor alarm", "minor"),
    Meaning(3, "major alarm", "major"),
    Meaning(4, "critical alarm", "critical"),
)
YES_NO = (Meaning(0, "no", "critical"), Meaning(1, "yes", "good"))

SEVERITIES = (
    Meaning("critical", "critical", "critical"),
    Meaning("major", "major", "major"),
    Meaning("minor", "minor", "minor"),
    Meaning("warning", "warning", "warning"),
)
CLOCKS = (
    Meaning("acknowledge", "take in hand"),
    Meaning("restore", "restore"),
    Meaning("accept", "vendor: accept"),
    Meaning("vendor", "vendor: restore"),
)
OVERDUE = Steps(((0, "good"),), base="critical")

ANY = Steps(((1, "critical"),))  # one is too many

# The tickets board and the console know a ticket by its node, and the node board by the same name.
TO_NODE = Link("Node dashboard", "node", (("node", "node"), ("site", "site")))
TO_TICKETS = Link("Tickets of this node", "tickets", (("node", "node"), ("site", "site")))
TO_QUEUE = Link("Tickets in the console", url="{desk}/", variables=(("node", "node"),))
TO_TICKET = Link("Ticket in the console", url="{desk}/ticket/${__value.text}")
TO_SITE = Link("Nodes of this site", "sites", (("site", "site"),))
TO_STREAMS = Link("Streams of this channel", "streams", (("channel", "channel"),))
TO_CHANNELS = Link("Picture and sound of this channel", "channels", (("channel", "channel"),))
TO_CHANNEL = Link("Channel in the console", url="{desk}/channels/one", variables=(("name", "channel"),))

TO_RECORDS = Link(
    "Records and forecast in the console",
    url="{desk}/busy-hour",
    variables=(("scope", "scope"), ("quantity", "quantity")),
)

# The raw value: what a column shows in other words does not travel in a link.
TO_SCOPE = Link("Records and forecast in the console", url="{desk}/busy-hour?scope=${__value.raw}")

_OF = {"site": (TO_SITE,), "node": (TO_NODE, TO_TICKETS, TO_QUEUE)}
_SEVERITY_FIGURES: tuple[tuple[str, str, State], ...] = (
    ("critical", "critical", "critical"),
    ("major", "major", "major"),
    ("minor|warning", "others", "minor"),
)

OPEN = 'status!~"resolved|closed|rejected|cancelled"'
DEADLINE = "ott_desk_ticket_deadline_timestamp_seconds"

# Nothing to show is an answer only while the source of it lives: a dead desk has no tickets either. These are 0 for as
# long as the source answers, and no series at all afterwards.
DESK = "0 * max(ott_desk_outbox_pending)"
RULES = '0 * count(ALERTS{alertname="Watchdog",alertstate="firing"})'
NONE = "none"
NO_TIME = Meaning(0, "–")
OVER = Meaning(0, "overdue", "critical", below=True)
# Of an age in whole seconds: parts of one are the time that the question takes.
AHEAD = Meaning(0, "clock is ahead", "warning", below=True)
NO_TICKET = Meaning(0, "no ticket is open", "good")


def tickets(where: str = "") -> str:
    """Return the open tickets; desks that share a database all tell of the same ones, so one of them counts."""
    return f"max by (status, severity, owner) (ott_desk_tickets{{{where}}})"


def or_none(query: str, alive: str, label: str, *others: str) -> str:
    """Return the query, and where it gives nothing one row that says so: its `label` is "none" and its value 0.

    The `others` are a dash in that row: a table loses a column that no row has a label for, and Grafana prints a blank
    as 0.
    """
    row = f'label_replace({alive}, "{label}", "{NONE}", "", "")'
    for other in others:
        row = f'label_replace({row}, "{other}", "–", "", "")'
    return f"{query} or on () {row}"


def or_none_in_words(query: str, alive: str, *others: str) -> str:
    """Return the query, and where it gives nothing one row that says so in the label of each language."""
    row = f'label_replace(label_replace({alive}, "en", "none", "", ""), "ru", "нет", "", "")'
    for other in others:
        row = f'label_replace({row}, "{other}", "–", "", "")'
    return f"{query} or on () {row}"


def open_tickets(width: int) -> Figure:
    """Return the figure of open tickets by severity."""
    return Figure(
        title="Open tickets",
        question="How many problems are being worked on, by severity?",
        unit="none",
        queries=tuple(
            Query(
                "sum({}) or {}".format(tickets(f'{OPEN},severity=~"{severity}"'), DESK),
                text,
                steps=Steps(((1, mark),)),
            )
            for severity, text, mark in _SEVERITY_FIGURES
        ),
        named=True,
        width=width,
        height=5,
    )


def clocks(width: int, height: int, where: str = "", *, due: bool = True) -> Grid:
    """Return the table of running clocks, the most urgent first; without `due` only the time that is left."""
    labels = ("clock", "ticket", "priority", "node")
    series = f"max by ({', '.join(labels)}) ({DEADLINE}{{{where}}})"
    return Grid(
        title="Which ticket comes first?",
        question="Which ticket has to be dealt with first?",
        unit="none",
        queries=(
            Query(or_none(f"{series} - time()", DESK, *labels)),
            *((Query(or_none(f"1000 * {series}", DESK, *labels)),) if due else ()),
        ),
        columns=(
            Column("ticket", "Ticket", links=(TO_TICKET,), width=75),
            Column("priority", "Priority", width=95),
            Column("clock", "Clock", meanings=(*CLOCKS, Meaning(NONE, "no ticket is open", "good")), width=180),
            Column("node", "Node", links=(Link("Node dashboard", "node", (("node", "node"),)),)),
            Column("A", "Time left", unit=CLOCK, steps=OVERDUE, meanings=(NO_TIME, OVER), width=105),
            *((Column("B", "Due", unit="time:DD.MM HH:mm", meanings=(NO_TIME,), width=105),) if due else ()),
        ),
        sort="Time left",
        width=width,
        height=height,
    )


def alarms(where: str, labels: tuple[str, ...], width: int, height: int) -> Grid:
    """Return the table of active alarms, the worst first."""
    names, widths = {"site": "Site", "node": "Node"}, {"site": 100}
    by = ", ".join((*labels, "alertname", "severity"))
    queue = TO_QUEUE if "node" in labels else Link(TO_QUEUE.title, url="{desk}/?node=${node}")
    query = (
        f'1000 * max by ({by}) (ALERTS_FOR_STATE{{alertname!="Watchdog"{where}}}'
        f' and ignoring (alertstate) ALERTS{{alertstate="firing"{where}}})'
    )
    return Grid(
        title="What is wrong now?",
        question="What is wrong right now, and since when?",
        unit="none",
        queries=(Query(or_none(query, RULES, "alertname", "severity", *labels)),),
        columns=(
            Column("alertname", "Alarm", meanings=(Meaning(NONE, "no active alarm", "good"),), links=(queue,)),
            Column("severity", "Severity", meanings=SEVERITIES, width=125),
            *(Column(label, names[label], links=_OF[label], width=widths.get(label, 0)) for label in labels),
            Column("A", "Since", unit="time:DD.MM HH:mm", meanings=(NO_TIME,), width=105),
        ),
        sort="Severity",  # in the order of the alphabet, critical comes first
        width=width,
        height=height,
    )


def state(by: str, where: str, scraped: str = "") -> str:
    """Return the worst alarm as a number of STATES for each `by`; without an alarm 0, for what is `scraped` at all.

    An alarm counts where it has the last label of `by`: one of a whole site is its site's, and of no node.
    """
    scraped = scraped or f'up{{job="ott-agent",{where}}}'
    own = by.rpartition(" ")[2]
    firing = 'ALERTS{alertstate="firing",severity="%s",' + f'{own}!="",{where}}}'
    ranked = [
        f"{number} * {firing % severity}"
        for number, severity in ((4, "critical"), (3, "major"), (2, "minor"), (1, "warning"))
    ]
    return f"max by ({by}) ({' or '.join(ranked)} or 0 * {scraped})"
