"""Appeals of customers: how many, about what, who has them, and whether they are answered in time."""

from dashboards.boards.vocabulary import DESK, NO_TIME, NONE, OVER, OVERDUE, or_none, or_none_in_words
from dashboards.model import LANGUAGE, Board, Column, Course, Figure, Grid, Link, Meaning, Query, Ranking, Row, Steps
from dashboards.units import CLOCK

# Desks that share a database all tell of the same appeals, so one of them counts.
OPEN = "max by (service, code, entry, party, channel) (ott_desk_appeals)"
RECENT = "max by (service, region, code, entry) (ott_desk_appeals_recent)"
LATE = "max by (service, party) (ott_desk_appeals_overdue)"
_REGIONS = f'sum by (region) (label_replace({RECENT}, "region", "–", "region", ""))'
# A name for each code: desks that share a database may, for a moment, have read two versions of the file.
_NAMES = "topk by (code) (1, ott_desk_appeal_code)"
NO_APPEAL = Meaning(0, "no appeal is open", "good")
TO_APPEAL = Link("Appeal in the console", url="{desk}/appeals/${__value.text}")
ANY = Steps(((1, "minor"),))

PARTIES = (
    ("160", "160"),
    ("branch", "branch"),
    ("unrouted", "nobody yet"),
    ("supplier", "supplier"),
    ("vendor", "vendor"),
    ("incident", "emergency ticket"),
    ("customer", "customer"),
)
WAYS = (("160", "call to 160"), ("165", "call to 165"), ("cabinet", "personal cabinet"))
CHANNELS = (("email", "e-mail"), ("mobile", "mobile number"), ("city", "city number"))
STATES = (
    ("proposed", "proposed"),
    ("approved", "approved"),
    ("exported", "exported to billing"),
    ("credited", "credited"),
)


def _named(series: str, *labels: str) -> str:
    """Return series by code with the code's name in each language; the code itself where it has none."""
    known = f"{series} * on (code) group_left (en, ru) {_NAMES}"
    itself = f'label_replace(label_replace({series}, "en", "$1", "code", "(.*)"), "ru", "$1", "code", "(.*)")'
    return f"({known} or on ({', '.join(labels or ('code',))}) {itself})"


def _by(label: str, series: str, *values: str) -> str:
    """Return appeals by a label; one of `values` without an appeal is 0 for as long as the desk answers."""
    zeros = [f' or label_replace({DESK}, "{label}", "{value}", "", "")' for value in values]
    return f"sum by ({label}) ({series}){''.join(zeros)}"


def _of(label: str, value: str) -> str:
    """Return how many open appeals have a label's value; 0 for as long as the desk answers."""
    series = f'max by (service, code, entry, party, channel) (ott_desk_appeals{{{label}="{value}"}})'
    return f"sum({series}) or {DESK}"


NOW = Row(
    (
        Figure(
            title="Open appeals",
            question="How many appeals are not closed yet?",
            unit="none",
            queries=(Query(f"sum({OPEN}) or {DESK}"),),
            course=True,
            width=5,
            height=5,
        ),
        Figure(
            title="In the last hour",
            question="How many appeals were registered in the last hour?",
            unit="none",
            queries=(Query(f"sum({RECENT}) or {DESK}"),),
            course=True,
            width=5,
            height=5,
        ),
        Figure(
            title="Overdue",
            question="How many appeals were not answered within their time?",
            unit="none",
            queries=(Query(f"sum({LATE}) or {DESK}"),),
            steps=ANY,
            width=4,
            height=5,
        ),
        Figure(
            title="Least time left",
            question="How much time is left for the most urgent answer?",
            unit=CLOCK,
            queries=(Query(f"min(ott_desk_appeal_deadline_timestamp_seconds) - time() or {DESK}"),),
            steps=OVERDUE,
            meanings=(NO_APPEAL, OVER),
            width=5,
            height=5,
        ),
        Figure(
            title="Mass appeals",
            question="How many customers appeal about the same, more than chance explains?",
            unit="none",
            queries=(Query(f"sum(max by (service, region, group) (ott_desk_mass_appeal_customers)) or {DESK}"),),
            steps=ANY,
            width=5,
            height=5,
        ),
    )
)

FLOW = Row(
    (
        Course(
            title="Where do customers appeal?",
            question="From which region do appeals come, in an hour?",
            unit="none",
            queries=(Query(or_none_in_words(_REGIONS, DESK), f"{{{{region}}}}{{{{{LANGUAGE}}}}}"),),
            stacked=True,
            width=12,
            height=8,
        ),
        Course(
            title="Who has them?",
            question="With whom do open appeals lie, and do they pile up?",
            unit="none",
            queries=(Query(_by("party", OPEN, *(party for party, _ in PARTIES)), "{{party}}"),),
            names=PARTIES,
            legend_values=False,
            stacked=True,
            width=12,
            height=8,
        ),
        Ranking(
            title="What about?",
            question="Which codes have the most open appeals?",
            unit="none",
            queries=(Query(or_none_in_words(_named(f"topk(5, sum by (code) ({OPEN}))"), DESK), f"{{{{{LANGUAGE}}}}}"),),
            above=True,
            width=12,
            height=8,
        ),
        Ranking(
            title="How do they come?",
            question="By which way did the open appeals come?",
            unit="none",
            queries=tuple(Query(_of("entry", way), text) for way, text in WAYS),
            above=True,
            width=6,
            height=8,
        ),
        Ranking(
            title="How are they answered?",
            question="How do the customers want their answers?",
            unit="none",
            queries=tuple(Query(_of("channel", channel), text) for channel, text in CHANNELS),
            above=True,
            width=6,
            height=8,
        ),
    ),
    "What comes in",
)

_LABELS = ("appeal", "code", "region", "party")
_DUE = f"max by ({', '.join(_LABELS)}) (ott_desk_appeal_deadline_timestamp_seconds)"
URGENT = Row(
    (
        Grid(
            title="Which appeal comes first?",
            question="Which appeal has to be answered first?",
            unit="none",
            queries=(
                Query(or_none(_named(f"({_DUE} - time())", *_LABELS), DESK, *_LABELS, "en", "ru")),
                Query(or_none(_named(f"(1000 * {_DUE})", *_LABELS), DESK, *_LABELS, "en", "ru")),
            ),
            columns=(
                Column(
                    "appeal",
                    "Appeal",
                    links=(TO_APPEAL,),
                    meanings=(Meaning(NONE, "no appeal is open", "good"),),
                    width=150,
                ),
                Column("code", "Code", width=70),
                Column(LANGUAGE, "About"),
                Column("region", "Region", width=150),
                Column("party", "Who has it", meanings=tuple(Meaning(*party) for party in PARTIES), width=180),
                Column("A", "Time left", unit=CLOCK, steps=OVERDUE, meanings=(NO_TIME, OVER), width=110),
                Column("B", "Due", unit="time:DD.MM HH:mm", meanings=(NO_TIME,), width=110),
            ),
            sort="Time left",
            width=24,
            height=9,
        ),
    ),
    "Most urgent appeals",
)

LATER = Row(
    (
        Course(
            title="Who is late?",
            question="With whom do appeals lie that were not answered in time?",
            unit="none",
            queries=(Query(_by("party", LATE, *(party for party, _ in PARTIES)), "{{party}}"),),
            names=PARTIES,
            legend_values=False,
            stacked=True,
            width=12,
            height=8,
        ),
        Course(
            title="Free months under way",
            question="How many free months for late answers wait for which step?",
            unit="none",
            queries=(Query("max by (state) (ott_desk_free_months)", "{{state}}"),),
            names=STATES,
            legend_values=False,
            stacked=True,
            width=12,
            height=8,
        ),
    ),
    "What late answers cost",
)

BOARD = Board(
    name="appeals",
    title="Appeals",
    purpose="What customers complain about, who has their appeals, and whether they are answered in time",
    readers="the chief of the shift at 160, and the engineer on duty who asks whether viewers notice a fault.",
    rows=(NOW, FLOW, URGENT, LATER),
    since="now-24h",
)
