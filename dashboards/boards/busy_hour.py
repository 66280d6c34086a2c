"""Planning: the busy hour day by day, the pattern of the week, and when capacity runs out."""

from dashboards.boards.vocabulary import TO_RECORDS, TO_SCOPE
from dashboards.model import Board, Column, Course, Figure, Grid, HeatMap, Limit, Meaning, Query, Ranking, Row, Steps

PLATFORM = 'scope="platform"'
PLACES = 'scope=~"platform|site:.+"'  # a thousand nodes have their own figures in the report
NO_CAPACITY = "no capacity is stated in the settings of ott-busyhour"

# The mean of an hour stands at its end: an hour back is its beginning, and that is what people call the busy hour.
ONLINE = "sum(platform:ott_subscribers_online:avg1h)"
SESSIONS = "sum(platform:ott_edge_sessions:sum)"
TRAFFIC = "sum(platform:ott_edge_egress_bytes:rate1m)"
BEGAN = "vector(time() + $utc_offset - 3600)"
# Grafana puts daily points on local midnight; a day ahead makes each the value of the day that begins there.
DAY = "[1d:15m] offset -1d"
OVER = "count_over_time(platform:ott_subscribers_online:avg1h[1h] offset -1d)"  # its last hour has come
# A hundred more than the hour, so that the rows are in order: 9 would come after 23.
BY_HOUR = f'{ONLINE} * on () group_right () count_values("order", 100 + hour({BEGAN}))'
WEEKDAY = f"(day_of_week({BEGAN}) + 6) % 7 + 1"  # Monday is 1
BY_SLOT = f'{ONLINE} * on () group_right () count_values("slot", 100 * ({WEEKDAY}) + hour({BEGAN}))'

QUANTITIES = (
    Meaning("subscribers_online", "subscribers"),
    Meaning("sessions", "sessions"),
    Meaning("viewers", "viewers"),
    Meaning("egress_bits_per_second", "traffic"),
    Meaning("node_load", "server load"),
    Meaning("stall_ratio", "stalled share"),
)

# In the measures, whose column holds persons, shares and traffic: in bit/s, traffic would be eight digits long.
SCALED = tuple(Meaning(q.value, "traffic, Mbit/s") if q.text == "traffic" else q for q in QUANTITIES)

# Busy hours begin at a quarter. Grafana chooses the ticks of an axis among decimal numbers, so the axis counts hours.
TIMES = tuple(Meaning(f"{quarter / 4:g}", f"{quarter // 4:02}:{quarter % 4 * 15:02}") for quarter in range(97))

SCOPES = (Meaning("platform", "platform"), Meaning("/^(?:site|node):(.+)$/", "$1"))

DATE = "time:YYYY-MM-DD"  # a forecast knows no hour

USE = Steps(
    ((Limit("capacity_watch"), "warning"), (Limit("capacity_order"), "minor"), (Limit("capacity_exceeded"), "major"))
)


def _of(metric: str, quantity: str, more: str = "") -> str:
    return f'max({metric}{{{PLATFORM},quantity="{quantity}"{more}}})'


def _place(series: str) -> str:
    return f'label_replace({series}, "place", "$1", "scope", "(?:site:|node:)?(.+)")'


def _capacity(quantity: str) -> str:
    # Today's capacity as one line over the whole range, and not only over the days since it was first stated.
    today = f'ott_capacity_surviving{{{PLATFORM},quantity="{quantity}"}}[1d] @ end() offset -1d'
    return f"max(last_over_time({today}))"


def _measure(measure: str) -> str:
    values = f'ott_busy_hour_value{{{PLACES},measure="{measure}",quantity%s"egress_bits_per_second"}}'
    return f"max by (scope, quantity) ({values % '!='} or {values % '='} / 1e6)"


def _began(hour: str) -> str:
    """Return at which hour of the day each day's busiest hour began, with quarters as a fraction."""
    # The greatest value carries the time at which its hour began behind five decimals; the rest of it is cut off.
    marked = f"floor({hour}) * 100000 + (time() + $utc_offset - 3600) % 86400"
    return f"max_over_time(({marked}){DAY}) % 100000 / 3600 and on () {OVER}"


LAST_DAY = Row(
    (
        Figure(
            title="Subscribers in the busy hour",
            question="How many subscribers were served at once in the busiest hour of the last recorded day?",
            unit="none",
            queries=(Query(_of("ott_busy_hour_value", "subscribers_online", ',measure="last_day"')),),
            decimals=0,
            width=6,
            height=5,
        ),
        Figure(
            title="Sessions in the busy hour",
            question="How many sessions were carried in the busiest hour of the last recorded day? "
            "The mean of concurrent sessions over the hour is its traffic in erlangs.",
            unit="none",
            queries=(Query(_of("ott_busy_hour_value", "sessions", ',measure="last_day"')),),
            decimals=0,
            width=5,
            height=5,
        ),
        Figure(
            title="Traffic in the busy hour",
            question="How much content was sent in the busiest hour of the last recorded day?",
            unit="bps",
            queries=(Query(_of("ott_busy_hour_value", "egress_bits_per_second", ',measure="last_day"')),),
            width=5,
            height=5,
        ),
        Figure(
            title="It began at",
            question="When did the busiest hour of the last recorded day begin?",
            unit="time:DD.MM.YYYY HH:mm",
            queries=(Query(f"1000 * {_of('ott_busy_hour_start_timestamp_seconds', 'subscribers_online')}"),),
            width=4,
            height=5,
        ),
        Figure(
            title="Data of that day",
            question="What share of that day's quarters of an hour has data?",
            unit="percentunit",
            queries=(Query(_of("ott_busy_hour_coverage_ratio", "subscribers_online")),),
            decimals=0,
            width=4,
            height=5,
        ),
    ),
    "The last recorded day",
)

DAILY = Row(
    (
        Course(
            title="How far is each day's busy hour from capacity?",
            question="How many subscribers were served in each day's busiest hour, and how far is it to the capacity?",
            unit="none",
            queries=(
                Query(f"max_over_time({ONLINE}{DAY})", "busy hour", step="1d"),
                Query(_capacity("subscribers_online"), "surviving capacity", step="1d"),
            ),
            bars=True,
            lines=("surviving capacity",),
            decimals=0,
            back="8w",
            width=24,
            height=9,
        ),
        Course(
            title="How much traffic in each busy hour?",
            question="How much content was sent in each day's busiest hour, and how far is it to the capacity?",
            unit="bps",
            queries=(
                Query(
                    f"8 * max_over_time(avg_over_time({TRAFFIC}[1h:5m]){DAY})",
                    "busy hour",
                    step="1d",
                ),
                Query(_capacity("egress_bits_per_second"), "surviving capacity", step="1d"),
            ),
            bars=True,
            lines=("surviving capacity",),
            back="8w",
            width=12,
            height=9,
        ),
        Course(
            title="When does the peak begin?",
            question="At what time of the day did each day's busiest hour begin?",
            unit="none",
            meanings=TIMES,
            queries=(
                Query(_began(ONLINE), "subscribers", step="1d"),
                Query(_began(f"avg_over_time({SESSIONS}[1h:5m])"), "sessions", step="1d"),
                Query(_began(f"avg_over_time({TRAFFIC}[1h:5m])"), "traffic", step="1d"),
            ),
            legend_values=False,
            minimum=0,
            maximum=24,
            back="8w",
            width=12,
            height=9,
        ),
    ),
    "Day by day",
)

PATTERN = Row(
    (
        HeatMap(
            title="Which hours of which days are busiest?",
            question="At which hours of which days are most subscribers served? "
            "A row is the hour that begins at its number, a column is a day.",
            unit="none",
            queries=(
                Query(
                    f'label_replace(max_over_time(({BY_HOUR})[1d:1h] offset -1d), "hour", "$1", "order", ".(..)")',
                    "{{hour}}",
                    step="1d",
                ),
            ),
            decimals=0,
            back="4w",
            width=12,
            height=25,
        ),
        Grid(
            title="What is a usual week like?",
            question="How many subscribers are served at each hour of each weekday, on average over four weeks?",
            unit="none",
            queries=(
                Query(
                    f'label_replace(label_replace(avg_over_time(({BY_SLOT})[4w:1h]), "weekday", "$1", "slot", "(.).*")'
                    ', "hour", "$1", "slot", ".(..)")'
                ),
            ),
            columns=(
                Column("hour", "Hour", width=60),
                Column("1", "Mon"),
                Column("2", "Tue"),
                Column("3", "Wed"),
                Column("4", "Thu"),
                Column("5", "Fri"),
                Column("6", "Sat"),
                Column("7", "Sun"),
            ),
            matrix=("hour", "weekday"),
            sort="slot",
            decimals=0,
            width=12,
            height=25,
        ),
    ),
    "Pattern",
)

CAPACITY = Row(
    (
        Ranking(
            title="How much is used with the largest node lost?",
            question="How much of what is left after losing the largest node does the average busy hour need?",
            unit="percentunit",
            queries=(
                Query(
                    _place("topk(12, max by (scope, quantity) (ott_capacity_utilisation_ratio))"),
                    "{{place}} · {{quantity}}",
                ),
            ),
            links=(TO_RECORDS,),
            firsts=(("platform", "platform"),),
            names=tuple((str(quantity.value), quantity.text) for quantity in QUANTITIES),
            steps=USE,
            minimum=0,
            maximum=1,
            decimals=0,
            empty=NO_CAPACITY,
            width=12,
            height=10,
        ),
        Grid(
            title="When is 70 % reached?",
            question="How much of the surviving capacity is in use now, and when does demand reach 70 % of it: most "
            "likely, at the earliest, at the latest? A missing date lies beyond three years or cannot be told yet.",
            unit="none",
            queries=(
                *(
                    Query(
                        "1000 * max by (scope, quantity) "
                        f'(ott_capacity_exhaustion_timestamp_seconds{{{PLACES},bound="{bound}"}})'
                    )
                    for bound in ("likely", "earliest", "latest")
                ),
                Query(f"max by (scope, quantity) (ott_capacity_utilisation_ratio{{{PLACES}}})"),
            ),
            columns=(
                Column("scope", "Scope", meanings=SCOPES, links=(TO_SCOPE,)),
                Column("quantity", "Quantity", meanings=QUANTITIES),
                Column("A", "Likely", unit=DATE, width=94),
                Column("B", "Earliest", unit=DATE, width=94),
                Column("C", "Latest", unit=DATE, width=94),
                Column("D", "In use", unit="percentunit", decimals=0, steps=USE, width=80),
            ),
            sort="In use",
            descending=True,
            empty=NO_CAPACITY,
            width=12,
            height=10,
        ),
        Grid(
            title="What are the measures of 30 days?",
            question="What are the busy hours of each place by the recommended measures?",
            unit="none",
            queries=(
                *(Query(_measure(measure)) for measure in ("last_day", "adpqh", "tcbh_quarter", "fdmh")),
                Query(f"max by (scope, quantity) (ott_busy_hour_peak_ratio{{{PLACES}}})"),
            ),
            columns=(
                Column("scope", "Scope", meanings=SCOPES, links=(TO_SCOPE,)),
                Column("quantity", "Quantity", meanings=SCALED),
                Column("A", "Last day", decimals=2),
                Column("B", "ADPQH", decimals=2),
                Column("C", "TCBH", decimals=2),
                Column("D", "FDMH", decimals=2),
                Column("E", "ADPQH / TCBH", decimals=2),
            ),
            sort="Scope",
            width=24,
            height=12,
        ),
    ),
    "Capacity",
)

BOARD = Board(
    name="busy-hour",
    title="Busy hour and capacity",
    purpose="Daily busy hours, the time of the peak, the pattern of the week, and when capacity runs out",
    readers="capacity planners and the platform's owner, once a day or once a month. Records, reports and "
    "forecasts come from `ott-busyhour`; the dashboard shows them beside the live series.",
    rows=(LAST_DAY, DAILY, PATTERN, CAPACITY),
    since="now-8w",
    refresh="5m",
)
