"""Billing: what was due against what was charged, the runs, the balances and the correction of faults."""

from dashboards.boards.vocabulary import ANY, NONE, or_none
from dashboards.model import Board, Column, Course, Figure, Grid, Limit, Link, Meaning, Query, Row, Steps, Variable
from dashboards.units import CLOCK

SERVICE = Variable("service", "Service", "label_values(ott_billing_due, service)")
TO_BILLING = Link("Billing in the console", url="{desk}/billing")
TO_CASE = Link("Case in the console", url="{desk}/billing/case/${__value.text}")
WHERE = 'service=~"$service"'
INCOMPLETE = Steps(((Limit("billing_incomplete"), "critical"),))
STALE = Steps(((Limit("billing_source_lag_seconds"), "major"),))
TWICE = Steps(((2, "critical"),))
OFF = Steps(((1, "warning"),))
NO_BILLING = "no billing is read"
ALIVE = f"0 * max(ott_billing_check{{{WHERE}}})"
MINOR = "/ 100"  # tiyn of a tenge

STAGES = (
    Meaning("charged", "charged late"),
    Meaning("adjusted", "balances adjusted"),
    Meaning("refunded", "refunded"),
    Meaning("told", "customers told"),
    Meaning("compensated", "compensated"),
    Meaning(NONE, "no case", "good"),
)
FAULTS = (
    ("ott_billing_left_over", "left over after the cut-off"),
    ("ott_billing_extra_charges", "charged twice"),
    ("ott_billing_twin_charges", "the same within 10 minutes"),
    ("ott_billing_early_charges", "too early"),
    ("ott_billing_gaps", "wrong period"),
    ("ott_billing_after_end_charges", "after the end of the contract"),
    ("ott_billing_wrong_amount", "wrong amount"),
    ("ott_billing_broken_movements", "movements that do not add up"),
    ("ott_billing_repeated_corrections", "corrected twice"),
)


def _each(metric: str, by: str = "tariff", more: str = "") -> str:
    """Return a figure by its labels; of two agents that read one billing the larger one counts."""
    inner = "service, tariff" if by in ("tariff", "") else f"service, {by}"
    outer = f"sum by ({by})" if by else "sum"
    return f"{outer} (max by ({inner}) ({metric}{{{WHERE}{more}}}))"


def _faults(metric: str) -> str:
    return f"sum(max by (service, tariff, kind) ({metric}{{{WHERE}}}))"


def _of_case(state: str, by: str = "case, stage") -> str:
    return f'sum by ({by}) (max by (service, case, stage) (ott_billing_case_accounts{{{WHERE},state="{state}"}}))'


def _checks(state: str) -> str:
    return f'count(max by (service, check) (ott_billing_check{{{WHERE},state="{state}"}}) == 1)'


NOW = Row(
    (
        Figure(
            title="Today's fees",
            question="How many fees are due today, how many are charged, and how many have a recorded reason instead?",
            unit="none",
            queries=(
                Query(_each("ott_billing_due", ""), "due today"),
                Query(_each("ott_billing_charged", ""), "charged"),
                Query(_each("ott_billing_outcomes", "", "") + f" or {ALIVE}", "with a reason"),
            ),
            named=True,
            decimals=0,
            empty=NO_BILLING,
            width=9,
            height=5,
        ),
        Figure(
            title="Not explained",
            question="How many fees are late, with neither a charge nor a reason?",
            unit="none",
            queries=(Query("sum(tariff:ott_billing_missing:max{" + WHERE + "})"),),
            steps=INCOMPLETE,
            decimals=0,
            course=True,
            empty=NO_BILLING,
            width=5,
            height=5,
        ),
        Figure(
            title="Behind the clock",
            question="How far are the billing's rows behind the clock? All other figures are of that moment.",
            unit=CLOCK,
            queries=(Query(f"clamp_min(max(ott_billing_source_lag_seconds{{{WHERE}}}), 0)"),),
            steps=STALE,
            empty=NO_BILLING,
            width=5,
            height=5,
        ),
        Figure(
            title="Checks",
            question="How many checks are made, and how many are not because a view is missing?",
            unit="none",
            queries=(
                Query(_checks("on"), "made"),
                Query(f"{_checks('view_missing')} or {ALIVE}", "view missing", steps=OFF),
            ),
            named=True,
            empty=NO_BILLING,
            width=5,
            height=5,
        ),
    )
)

COURSE = Row(
    (
        Course(
            title="Is everything due charged?",
            question="Do the charges of the day reach what is due by midnight?",
            unit="none",
            queries=(
                Query(_each("ott_billing_due", ""), "due today"),
                Query(_each("ott_billing_charged", ""), "charged"),
            ),
            minimum=0,
            decimals=0,
            empty=NO_BILLING,
            width=12,
            height=8,
        ),
        Course(
            title="How fast are fees charged?",
            question="How many fees a minute does the run charge, by tariff? A tariff that is left out falls to zero.",
            unit="none",
            queries=(
                Query(
                    "sum by (tariff) (60 * rate("
                    f'ott_billing_charges_total{{{WHERE},kind="recurringCharge"}}[$__rate_interval]))',
                    "{{tariff}}",
                    step="2m",
                ),
            ),
            minimum=0,
            decimals=0,
            empty=NO_BILLING,
            width=12,
            height=8,
        ),
    ),
    "Due and charged",
)

TARIFFS = Row(
    (
        Grid(
            title="Which tariff is incomplete?",
            question="What was due in each tariff today, and what is late?",
            unit="none",
            queries=(
                Query(_each("ott_billing_due")),
                Query(_each("ott_billing_charged")),
                Query(f"{_each('ott_billing_stopped')} > 0 or 0 * {_each('ott_billing_due')}"),
                Query(f"{_each('tariff:ott_billing_missing:max')} > 0 or 0 * {_each('ott_billing_due')}"),
                Query(
                    f"{_each('ott_billing_overdue_amount_minor')} {MINOR} > 0 or 0 * {_each('ott_billing_due')}",
                ),
            ),
            columns=(
                Column("tariff", "Tariff", links=(TO_BILLING,)),
                Column("A", "Due today", decimals=0),
                Column("B", "Charged", decimals=0),
                Column("C", "Stopped", decimals=0),
                Column("D", "Not explained", decimals=0, steps=INCOMPLETE, width=140),
                Column("E", "Overdue, KZT", decimals=0, width=115),
            ),
            sort="Not explained",
            descending=True,
            empty=NO_BILLING,
            width=13,
            height=8,
        ),
        Grid(
            title="Do the runs start?",
            question="When did each run start last, when is the next one due, and was one started twice?",
            unit="none",
            queries=(
                Query(f"1000 * max by (kind) (ott_billing_run_started_timestamp_seconds{{{WHERE}}})"),
                Query(f"1000 * min by (kind) (ott_billing_run_planned_timestamp_seconds{{{WHERE}}})"),
                Query(f"max by (kind) (ott_billing_run_running{{{WHERE}}})"),
                Query(f"max by (kind) (ott_billing_run_slot_starts{{{WHERE}}})"),
            ),
            columns=(
                Column("kind", "Run", links=(TO_BILLING,)),
                Column("A", "Last start", unit="time:DD.MM HH:mm", width=105),
                Column("B", "Next", unit="time:DD.MM HH:mm", width=125),
                Column("C", "Running", decimals=0, width=90),
                Column("D", "Starts", decimals=0, steps=TWICE, width=90),
            ),
            sort="Next",
            empty=NO_BILLING,
            width=11,
            height=8,
        ),
    ),
    "Tariffs and runs",
)

ROWS = Row(
    (
        Course(
            title="Which rules are broken?",
            question="How many charges of the last days are wrong, and in which way?",
            unit="none",
            queries=tuple(Query(_faults(metric), text) for metric, text in FAULTS),
            minimum=0,
            decimals=0,
            empty=NO_BILLING,
            width=12,
            height=9,
        ),
        Figure(
            title="Balances",
            question="How many balances differ from their movements, and how many are shown wrong to customers?",
            unit="none",
            queries=(
                Query(f"max(ott_billing_conservation_accounts{{{WHERE}}})", "do not add up", steps=ANY),
                Query(f"sum(increase(ott_billing_displayed_wrong_total{{{WHERE}}}[15m]))", "shown wrong", steps=TWICE),
            ),
            named=True,
            decimals=0,
            empty=NO_BILLING,
            width=4,
            height=9,
        ),
        Course(
            title="Spent outside the bundle, KZT an hour",
            question="How much do customers pay an hour for use that their bundle does not cover?",
            unit="none",
            queries=(
                Query(
                    "sum by (tariff) (3600 * rate("
                    f"ott_billing_outside_bundle_amount_minor_total{{{WHERE}}}[$__rate_interval])) {MINOR}",
                    "{{tariff}}",
                    step="2m",
                ),
            ),
            minimum=0,
            decimals=0,
            empty=NO_BILLING,
            width=8,
            height=9,
        ),
    ),
    "Charges and balances",
)

CORRECTION = Row(
    (
        Grid(
            title="How far is each correction?",
            question="Which accounts does the correction of each case still have to reach, and where did it go wrong?",
            unit="none",
            queries=tuple(
                Query(or_none(_of_case(state), ALIVE, "stage", "case"))
                for state in ("required", "done", "wrong", "twice", "outside")
            ),
            columns=(
                Column("case", "Case", links=(TO_CASE,), width=80),
                Column("stage", "Stage", meanings=STAGES),
                Column("A", "Required", decimals=0),
                Column("B", "Done", decimals=0),
                Column("C", "Wrong", decimals=0, steps=ANY),
                Column("D", "Twice", decimals=0, steps=ANY),
                Column("E", "Outside", decimals=0, steps=ANY),
            ),
            sort="Case",
            empty=NO_BILLING,
            width=14,
            height=8,
        ),
        Course(
            title="How many accounts are open?",
            question="How many accounts has each stage of the correction still to deal with?",
            unit="none",
            queries=(
                Query(
                    or_none(
                        f"{_of_case('required', 'stage')} - {_of_case('done', 'stage')}"
                        f" - {_of_case('unreachable', 'stage')}",
                        ALIVE,
                        "stage",
                    ),
                    "{{stage}}",
                ),
            ),
            names=tuple((str(stage.value), stage.text) for stage in STAGES),
            minimum=0,
            decimals=0,
            empty=NO_BILLING,
            width=10,
            height=8,
        ),
    ),
    "Corrections",
)

BOARD = Board(
    name="billing",
    title="Billing",
    purpose="What was due and what was charged, whether the runs start, balances add up and corrections are complete",
    readers="the engineer on duty when a fee run begins, and whoever follows the correction of a billing fault.",
    rows=(NOW, COURSE, TARIFFS, ROWS, CORRECTION),
    variables=(SERVICE,),
    since="now-24h",
)
