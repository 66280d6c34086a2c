"""The watcher watched: agents, Prometheus, Alertmanager, the desk and its messages."""

from dashboards.boards.vocabulary import AHEAD, ANY, NODES, SITE, YES_NO
from dashboards.model import Board, Column, Course, Figure, Grid, History, Limit, Link, Query, Row, Steps
from dashboards.units import CLOCK, PER_SECOND, SECONDS

WHERE = 'site=~"$site",node=~"$node"'
JOBS = 'job=~"ott-.+|prometheus|alertmanager"'
PARTS = f'up{{{JOBS},job!="ott-agent"}}'
COLLECTORS = f"ott_collector_success{{{WHERE}}}"

SUCCESS = f"min by (node, collector) ({COLLECTORS})"
AGE = f"round(time() - max by (node, collector) (ott_collector_last_success_timestamp_seconds{{{WHERE}}}))"
# A thousand nodes have twenty thousand collectors: those that fail, and the fifty with the oldest results.
PICKED = f"({SUCCESS} == 0) or topk(50, {AGE})"

OUTCOMES = (
    ("new", "new"),
    ("repeated", "known already"),
    ("recovered", "recovered"),
    ("reopened", "came back"),
    ("missed", "over before it was known"),
    ("late", "overtaken by later news"),
    ("settled", "closed by an engineer"),
    ("no_ticket", "opens no ticket"),
    ("works", "belongs to planned works"),
    ("watchdog", "sign of life"),
)

RULES = Steps(((Limit("rule_group_duration"), "minor"),))
WAITING = Steps(((Limit("desk_outbox"), "minor"),))

NOW = Row(
    (
        Figure(
            title="Last sign of life",
            question="How long ago did the alarm that never stops last reach the desk? "
            "It passes through Prometheus and Alertmanager, so all three work.",
            unit=CLOCK,
            meanings=(AHEAD,),
            queries=(Query("round(time() - max(ott_desk_watchdog_last_timestamp_seconds))"),),
            # Alertmanager repeats it every few minutes; the desk itself opens a ticket when it stays away.
            width=5,
            height=5,
        ),
        Figure(
            title="Parts that do not answer",
            question="How many parts of ottwatch itself did not answer the last scrape, agents not counted?",
            unit="none",
            queries=(Query(f"count({PARTS} == 0) or 0 * count({PARTS})"),),
            steps=ANY,
            width=5,
            height=5,
        ),
        Figure(
            title="Failing collectors",
            question="How many collectors of the chosen nodes failed in their last run?",
            unit="none",
            queries=(Query(f"count({COLLECTORS} == 0) or 0 * count({COLLECTORS})"),),
            steps=Steps(((1, "minor"),)),
            width=5,
            height=5,
        ),
        Figure(
            title="Messages waiting",
            question="How many messages of the desk wait for delivery, and how many were given up?",
            unit="none",
            queries=(
                Query("max(ott_desk_outbox_pending)", "waiting", steps=WAITING),
                Query("max(ott_desk_outbox_dead)", "given up", steps=Steps(((1, "minor"),))),
            ),
            named=True,
            width=5,
            height=5,
        ),
        Figure(
            title="Time series",
            question="How many time series does Prometheus keep at once?",
            unit="sishort",
            queries=(Query("sum(prometheus_tsdb_head_series)"),),
            width=4,
            height=5,
        ),
    )
)

AGENTS = Row(
    (
        History(
            title="Does each part answer?",
            question="When did each part answer, and when not?",
            unit="none",
            queries=(Query(f"min by (job) ({PARTS})", "{{job}}"),),
            meanings=YES_NO,
            width=12,
            height=8,
        ),
        Course(
            title="How many agents answer?",
            question="How many agents answer, of those that should?",
            unit="none",
            queries=(
                Query(f'count(up{{job="ott-agent",{WHERE}}})', "all", step="30s"),
                Query(f'sum(up{{job="ott-agent",{WHERE}}})', "answering", step="30s"),
            ),
            width=12,
            height=8,
        ),
        Grid(
            title="Which collector fails or lags?",
            question="Which collector fails, and since when has it had no result? "
            "Failing ones, and the fifty oldest results.",
            unit="none",
            queries=(
                Query(f"{SUCCESS} and on (node, collector) ({PICKED})"),
                Query(f"{AGE} and on (node, collector) ({PICKED})"),
                Query(
                    f"max by (node, collector) (ott_collector_duration_seconds{{{WHERE}}})"
                    f" and on (node, collector) ({PICKED})"
                ),
            ),
            columns=(
                Column("node", "Node", links=(Link("Node dashboard", "node", (("node", "node"),)),)),
                Column("collector", "Collector"),
                Column("A", "Succeeds", meanings=YES_NO),
                Column("B", "Age of the result", unit=CLOCK, meanings=(AHEAD,)),
                Column("C", "Duration", unit=SECONDS, decimals=3),
            ),
            sort="Age of the result",
            descending=True,
            width=24,
            height=9,
        ),
    ),
    "Agents",
)

CHAIN = Row(
    (
        Course(
            title="How many samples come in?",
            question="How fast does Prometheus take samples in?",
            unit=PER_SECOND,
            queries=(Query("sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))", "samples"),),
            width=8,
            height=8,
        ),
        Course(
            title="Are the rules fast enough?",
            question="Do the rules finish within their interval? At 100 % alarms come late.",
            unit="percentunit",
            decimals=1,
            queries=(
                Query(
                    # The label holds the path of the file before the name of the group.
                    "max by (group) (label_replace(prometheus_rule_group_last_duration_seconds"
                    ' / prometheus_rule_group_interval_seconds, "group", "$1", "rule_group", ".*;(.*)"))',
                    "{{group}}",
                ),
            ),
            steps=RULES,
            limits=True,
            legend_values=False,
            width=8,
            height=8,
        ),
        Course(
            title="Are the scrapes fast enough?",
            question="How long does the slowest target of each job take to answer? The limit is 4 s.",
            unit=SECONDS,
            queries=(Query(f"max by (job) (scrape_duration_seconds{{{JOBS}}})", "{{job}}", step="30s"),),
            width=8,
            height=8,
        ),
        Course(
            title="Do notifications leave?",
            question="Do Alertmanager's notifications reach the desk?",
            unit=PER_SECOND,
            queries=(
                Query('sum(rate(alertmanager_notifications_total{integration="webhook"}[$__rate_interval]))', "sent"),
                Query(
                    'sum(rate(alertmanager_notifications_failed_total{integration="webhook"}[$__rate_interval]))',
                    "failed",
                ),
            ),
            width=12,
            height=8,
        ),
        Course(
            title="What does the desk receive?",
            question="What did the alerts that the desk received change?",
            unit=PER_SECOND,
            queries=(Query("sum by (outcome) (rate(ott_desk_webhook_alerts_total[$__rate_interval]))", "{{outcome}}"),),
            names=OUTCOMES,
            legend_values=False,
            width=12,
            height=8,
        ),
    ),
    "From alarm to ticket",
)

BOARD = Board(
    name="ottwatch",
    title="ottwatch itself",
    purpose="Whether the monitoring itself works: agents, Prometheus, Alertmanager, the desk and its messages",
    readers="whoever is responsible for the monitoring itself; and the engineer on duty, before trusting a quiet wall.",
    rows=(NOW, AGENTS, CHAIN),
    variables=(SITE, NODES),
    since="now-3h",
)
