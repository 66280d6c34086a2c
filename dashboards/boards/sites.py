"""The map: every site, every node, and how they got there."""

from dashboards.boards.vocabulary import (
    ANY,
    DISK,
    FILESYSTEM,
    MEMORY,
    PROCESSOR,
    ROLE,
    SITE,
    STATES,
    TO_NODE,
    TO_QUEUE,
    TO_SITE,
    TO_TICKETS,
    YES_NO,
    state,
)
from dashboards.model import Board, Column, Figure, Grid, History, Query, Row

WHERE = 'site=~"$site"'
UP = f'up{{job="ott-agent",{WHERE}}}'
NODES = f"max by (site, node) ({UP})"
NODE = 'site=~"$site",role=~"$role"'

SITES = Row(
    (
        Grid(
            title="Which site is in trouble?",
            question="How is each site, and what does it carry?",
            unit="none",
            queries=(
                Query(state("site", WHERE)),
                Query(f"count by (site) ({NODES})"),
                Query(f"count by (site) ({NODES} == 0) or 0 * count by (site) ({NODES})"),
                Query(f"sum by (site) (site:ott_edge_viewers:sum{{{WHERE}}})"),
                Query(f"sum by (site) (site:ott_edge_sessions:sum{{{WHERE}}})"),
                Query(f"8 * sum by (site) (site:ott_edge_egress_bytes:rate1m{{{WHERE}}})"),
                Query(f"max by (site) (site:node_cpu_utilisation:avg{{{WHERE}}})"),
            ),
            columns=(
                Column("site", "Site", links=(TO_SITE,)),
                Column("A", "State", meanings=STATES, width=190),
                Column("B", "Nodes"),
                Column("C", "Not answering", steps=ANY),
                Column("D", "Viewers"),
                Column("E", "Sessions"),
                Column("F", "Traffic", unit="bps"),
                Column("G", "Processor, average", unit="percentunit", decimals=0),
            ),
            sort="State",
            descending=True,
            width=24,
            height=6,
        ),
    ),
    "Sites",
)

MAP = Row(
    (
        Figure(
            title="Which node is in which state?",
            question="Which node is in which state? The colour is the worst active alarm; a click opens the node.",
            unit="none",
            queries=(Query(state("site, node", NODE), "{{node}}"),),
            meanings=STATES,
            links=(TO_NODE, TO_TICKETS, TO_QUEUE),
            fill=True,
            named=True,
            width=24,
            height=6,
        ),
        Grid(
            title="Is it load, memory, disk or traffic?",
            question="Which node is in trouble, and is it load, memory, disk or traffic?",
            unit="none",
            queries=(
                Query(state("site, node", NODE)),
                Query(f'max by (site, node) (up{{job="ott-agent",{NODE}}})'),
                Query(f"max by (site, node) (node:node_cpu_utilisation:ratio_rate1m{{{NODE}}})"),
                Query(f"max by (site, node) (node:node_memory_utilisation:ratio{{{NODE}}})"),
                Query(f"max by (site, node) (node:node_disk_io_utilisation:ratio_rate1m{{{NODE}}})"),
                Query(f"max by (site, node) (node:node_filesystem_utilisation:ratio{{{NODE}}})"),
                Query(f"sum by (site, node) (node:ott_edge_viewers:sum{{{NODE}}})"),
                Query(f"8 * sum by (site, node) (node:ott_edge_egress_bytes:rate1m{{{NODE}}})"),
            ),
            columns=(
                Column("node", "Node", links=(TO_NODE, TO_TICKETS, TO_QUEUE)),
                Column("site", "Site", links=(TO_SITE,)),
                Column("A", "State", meanings=STATES, width=190),
                Column("B", "Answers", meanings=YES_NO),
                Column("C", "Processor", unit="percentunit", decimals=0, steps=PROCESSOR),
                Column("D", "Memory", unit="percentunit", decimals=0, steps=MEMORY),
                Column("E", "Disk activity", unit="percentunit", decimals=0, steps=DISK),
                Column("F", "File system", unit="percentunit", decimals=0, steps=FILESYSTEM),
                Column("G", "Viewers"),
                Column("H", "Traffic", unit="bps"),
            ),
            sort="State",
            descending=True,
            width=24,
            height=10,
        ),
    ),
    "Nodes",
)

PAST = Row(
    (
        History(
            title="Since when?",
            question="When did each site's worst alarm begin and end?",
            unit="none",
            queries=(Query(state("site", WHERE, f"site:up:present{{{WHERE}}}"), "{{site}}"),),
            meanings=STATES,
            links=(TO_SITE,),
            width=24,
            height=7,
        ),
    ),
    "How it came to this",
)

BOARD = Board(
    name="sites",
    title="Sites and nodes",
    purpose="Every site and node with its state, load and traffic: where is the trouble?",
    readers="the engineer on duty who was told that something is wrong and asks where.",
    rows=(SITES, MAP, PAST),
    variables=(SITE, ROLE),
)
