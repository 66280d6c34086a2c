"""What several sources say is shown once: desks that share a database, and a node_exporter beside the agent."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.dashboards.test_absent import expressions, promtool

CARD = 'node="edge-1",site="almaty",device="eth0"'
TWO_DESKS = ('instance="a"', 'instance="b"')
TWO_EXPORTERS = ('job="ott-agent",instance="a"', 'job="node",instance="b"')


def said_by(sources: tuple[str, ...], name: str, labels: str, values: str) -> list[dict[str, str]]:
    return [{"series": f"{name}{{{','.join(filter(None, (labels, each)))}}}", "values": values} for each in sources]


# (board, panel, query): what all the sources say, and what is shown.
TOLD: dict[tuple[str, str, str], tuple[list[dict[str, str]], list[dict[str, Any]]]] = {
    ("platform", "Open tickets", "A"): (
        [
            *said_by(TWO_DESKS, "ott_desk_tickets", 'status="held",severity="critical",owner="ncc"', "2x20"),
            *said_by(TWO_DESKS, "ott_desk_tickets", 'status="held",severity="critical",owner="vendor"', "1x20"),
        ],
        [{"value": 3}],
    ),
    ("tickets", "Not yet taken", "A"): (
        said_by(TWO_DESKS, "ott_desk_tickets", 'status="acknowledged",severity="minor",owner="ncc"', "2x20"),
        [{"value": 2}],
    ),
    ("tickets", "Who is working on them?", "A"): (
        said_by(TWO_DESKS, "ott_desk_tickets", 'status="held",severity="minor",owner="vendor"', "2x20"),
        [{"labels": '{owner="vendor"}', "value": 2}],
    ),
    ("ottwatch", "Messages waiting", "A"): (said_by(TWO_DESKS, "ott_desk_outbox_pending", "", "5x20"), [{"value": 5}]),
    ("ottwatch", "Messages waiting", "B"): (said_by(TWO_DESKS, "ott_desk_outbox_dead", "", "1x20"), [{"value": 1}]),
    ("node", "Do processes queue up?", "C"): (
        said_by(TWO_EXPORTERS, "node_cpu_seconds_total", 'node="edge-1",site="almaty",cpu="0",mode="idle"', "0+1x20"),
        [{"value": 1}],
    ),
    ("node", "How much do disks read and write?", "A"): (
        said_by(TWO_EXPORTERS, "node_disk_read_bytes_total", CARD, "0+15x20"),
        [{"labels": '{device="eth0"}', "value": 1}],
    ),
    ("node", "How much do interfaces carry?", "A"): (
        said_by(TWO_EXPORTERS, "node_network_transmit_bytes_total", CARD, "0+15x20"),
        [{"labels": '{device="eth0"}', "value": 8}],
    ),
    ("node", "Are packets lost or damaged?", "C"): (
        said_by(TWO_EXPORTERS, "node_network_receive_drop_total", CARD, "0+15x20"),
        [{"value": 1}],
    ),
    ("node", "How much is sent again?", "A"): (
        [
            *said_by(TWO_EXPORTERS, "node_netstat_Tcp_RetransSegs", 'node="edge-1",site="almaty"', "0+15x20"),
            *said_by(TWO_EXPORTERS, "node_netstat_Tcp_OutSegs", 'node="edge-1",site="almaty"', "0+1500x20"),
        ],
        [{"value": 0.01}],
    ),
    ("node", "What does the node itself lose?", "C"): (
        said_by(TWO_EXPORTERS, "node_softnet_dropped_total", 'node="edge-1",site="almaty",cpu="0"', "0+15x20"),
        [{"value": 1}],
    ),
    ("platform", "Nodes not answering", "B"): (
        said_by(('instance="a"', 'instance="b"'), "up", 'job="ott-agent",node="edge-1",site="almaty"', "1x20"),
        [{"value": 1}],
    ),
}


@pytest.mark.parametrize(("board", "panel", "letter"), TOLD, ids=lambda value: value.replace(" ", "-"))
def test_what_two_say_is_shown_once(board: str, panel: str, letter: str, tmp_path: Path) -> None:
    series, shown = TOLD[board, panel, letter]
    expression = {(name, title, ref): text for name, title, ref, text in expressions()}[board, panel, letter]
    expression = expression.replace('node=".*"', 'node="edge-1"')  # the board of one node takes no pattern
    asked = [{"expr": expression, "eval_time": "3m", "exp_samples": shown}]
    assert promtool(tmp_path, [{"interval": "15s", "input_series": series, "promql_expr_test": asked}]) == ""


@pytest.mark.parametrize("panel", ["Which site is in trouble?", "Since when?"])
def test_an_alarm_of_a_whole_site_is_the_sites_state(panel: str, tmp_path: Path) -> None:
    expression = {(name, title, ref): text for name, title, ref, text in expressions()}["sites", panel, "A"]
    series = [
        {"series": 'up{job="ott-agent",node="edge-1",site="almaty"}', "values": "1x20"},
        {"series": 'site:up:present{site="almaty"}', "values": "1x20"},
        {
            "series": 'ALERTS{alertname="SiteTrafficCollapsed",alertstate="firing",severity="major",site="almaty"}',
            "values": "1x20",
        },
        # Of the platform, so of no site.
        {"series": 'ALERTS{alertname="AgentsAbsent",alertstate="firing",severity="critical"}', "values": "1x20"},
    ]
    asked = [{"expr": expression, "eval_time": "3m", "exp_samples": [{"labels": '{site="almaty"}', "value": 3}]}]
    assert promtool(tmp_path, [{"interval": "15s", "input_series": series, "promql_expr_test": asked}]) == ""
