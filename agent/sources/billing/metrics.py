"""What a billing system's database shows of its charges: counts and sums, never an account.

Sums are in the currency's minor unit (tiyn). A tariff with fewer accounts than `smallest_cell` is part of "other".
"""

from service.metric import Metric

_TARIFF = ("service", "tariff")
_KIND = ("service", "tariff", "kind")
_RUN = ("service", "kind")

CHECK = Metric(
    "ott_billing_check",
    "gauge",
    "1, labelled with the state of a check: on, declared_off, no_query, view_missing.",
    ("service", "check", "state"),
)
SOURCE_LAG = Metric(
    "ott_billing_source_lag_seconds",
    "gauge",
    "How far the rows of the billing database are behind the agent's clock; negative where they are ahead.",
    ("service",),
)
SUBSCRIPTIONS = Metric("ott_billing_subscriptions", "gauge", "Active subscriptions.", _TARIFF, reader="ad hoc")
LATE_ROWS = Metric(
    "ott_billing_late_rows",
    "gauge",
    "Charges of the last hour that appeared after their minute had been counted.",
    ("service",),
    reader="ad hoc",
)
CHARGES = Metric("ott_billing_charges_total", "counter", "Charges that were recorded, reversals among them.", _KIND)
AMOUNT = Metric("ott_billing_amount_minor_total", "counter", "Sum of these charges.", _KIND, reader="ad hoc")
DUE = Metric("ott_billing_due", "gauge", "Subscriptions whose period begins today.", _TARIFF)
CHARGED = Metric("ott_billing_charged", "gauge", "Those of them that are charged.", _TARIFF)
OUTCOMES = Metric(
    "ott_billing_outcomes",
    "gauge",
    "Reasons recorded today for no charge.",
    ("service", "tariff", "reason"),
)
UNEXPLAINED = Metric(
    "ott_billing_unexplained",
    "gauge",
    "Subscriptions whose period begins today, past the grace time, with neither a charge nor a reason.",
    _TARIFF,
)
UNEXPLAINED_AMOUNT = Metric(
    "ott_billing_unexplained_amount_minor", "gauge", "Sum of the fees of these subscriptions.", _TARIFF, reader="ad hoc"
)
LEFT_OVER = Metric(
    "ott_billing_left_over",
    "gauge",
    "Subscriptions with neither a charge nor a reason for a period of the last days whose cut-off has passed.",
    _TARIFF,
)
WAITING = Metric(
    "ott_billing_waiting",
    "gauge",
    "Active subscriptions that should have been charged minutes ago.",
    _TARIFF,
    reader="ad hoc",
)
STOPPED = Metric(
    "ott_billing_stopped",
    "gauge",
    "Of these, the subscriptions that fell due since the last charge of their tariff, where none came for as long.",
    _TARIFF,
)
OVERDUE = Metric(
    "ott_billing_overdue",
    "gauge",
    "Active subscriptions whose next charge is further in the past than the grace time, without a reason.",
    _TARIFF,
)
OVERDUE_AMOUNT = Metric("ott_billing_overdue_amount_minor", "gauge", "Sum of the fees of these subscriptions.", _TARIFF)
OLDEST_OVERDUE = Metric(
    "ott_billing_oldest_overdue_timestamp_seconds",
    "gauge",
    "When the longest overdue charge was due.",
    ("service",),
    reader="ad hoc",
)
EXTRA = Metric(
    "ott_billing_extra_charges",
    "gauge",
    "Charges for a subscription, period and kind that had been charged before, less reversals.",
    _KIND,
)
EXTRA_AMOUNT = Metric(
    "ott_billing_extra_charges_amount_minor", "gauge", "Sum of these charges.", _KIND, reader="ad hoc"
)
TWINS = Metric(
    "ott_billing_twin_charges",
    "gauge",
    "Charges without period and order that repeat another of the same subscription, kind and amount within 10 minutes.",
    _KIND,
)
EARLY = Metric("ott_billing_early_charges", "gauge", "Fees that were charged before their period began.", _KIND)
GAPS = Metric(
    "ott_billing_gaps",
    "gauge",
    "Fees whose period does not follow on the one before, or twice for a product; kind: gap, overlap, anchor, product.",
    _KIND,
)
AFTER_END = Metric(
    "ott_billing_after_end_charges", "gauge", "Fees for periods after the end of their subscription.", _KIND
)
WRONG_AMOUNT = Metric(
    "ott_billing_wrong_amount",
    "gauge",
    "Charges of a wrong amount, or given back more than once, and documents whose lines are not their total; "
    "kind: price, sign, reversal, document.",
    _KIND,
)
WRONG_AMOUNT_SUM = Metric(
    "ott_billing_wrong_amount_minor", "gauge", "Sum of what they differ by.", _KIND, reader="ad hoc"
)
BROKEN_ROWS = Metric(
    "ott_billing_broken_movements",
    "gauge",
    "Movements that do not add up or went into another bucket than the fee's; kind: arithmetic, chain, bucket.",
    _KIND,
)
CONSERVATION = Metric(
    "ott_billing_conservation_difference_minor",
    "gauge",
    "Sum of what the balances of two snapshots differ by from the movements between them.",
    ("service", "tariff", "bucket"),
    reader="ad hoc",
)
CONSERVATION_ACCOUNTS = Metric(
    "ott_billing_conservation_accounts",
    "gauge",
    "Balances that the movements between two snapshots do not explain.",
    ("service",),
)
DISPLAYED_CHECKED = Metric(
    "ott_billing_displayed_checked_total",
    "counter",
    "Balances compared with the ledger.",
    ("service",),
    reader="ad hoc",
)
DISPLAYED_WRONG = Metric("ott_billing_displayed_wrong_total", "counter", "Those of them that differed.", ("service",))
OUTSIDE = Metric(
    "ott_billing_outside_bundle_amount_minor_total",
    "counter",
    "Money spent on use outside the bundle.",
    _TARIFF,
)
OUTSIDE_ACCOUNTS = Metric(
    "ott_billing_outside_bundle_accounts",
    "gauge",
    "Accounts that spent money outside the bundle within the last 15 minutes.",
    _TARIFF,
)
REPEATED_CORRECTIONS = Metric(
    "ott_billing_repeated_corrections",
    "gauge",
    "Corrections beyond the first for one account, bucket and case.",
    _TARIFF,
)
RUN_STARTED = Metric("ott_billing_run_started_timestamp_seconds", "gauge", "When the latest run started.", _RUN)
RUN_PLANNED = Metric(
    "ott_billing_run_planned_timestamp_seconds",
    "gauge",
    "When the earliest run is due that has not started.",
    _RUN,
)
RUN_RUNNING = Metric("ott_billing_run_running", "gauge", "Runs that have started and not ended.", _RUN)
RUN_SLOT_STARTS = Metric(
    "ott_billing_run_slot_starts",
    "gauge",
    "The most starts of one planned run within two days; a run that failed does not count.",
    _RUN,
)
RUN_DRIFT = Metric(
    "ott_billing_run_drift_seconds", "gauge", "Median of the last 7 runs' delay behind their plan.", _RUN
)
# Of the desk's cases: `case` is its number, `stage` a step of the correction.
_CASE = ("service", "case")
CASE_COUNTED = Metric(
    "ott_billing_case_counted_timestamp_seconds", "gauge", "Up to which moment a case was counted.", _CASE
)
CASE_SINCE = Metric("ott_billing_case_since_timestamp_seconds", "gauge", "When the fault of a case began.", _CASE)
CASE_SETTLED = Metric(
    "ott_billing_case_settled",
    "gauge",
    "1 once nothing that was due before a case was contained can still come in time.",
    _CASE,
)
CASE_CLEAN = Metric(
    "ott_billing_case_clean",
    "gauge",
    "1 once everything was right for a whole day, or in a snapshot, after a case was contained.",
    _CASE,
)
CASE_SCOPE = Metric(
    "ott_billing_case_scope_accounts", "gauge", "Accounts that a case concerns.", ("service", "case", "tariff")
)
CASE_SUBSCRIPTIONS = Metric(
    "ott_billing_case_scope_subscriptions", "gauge", "Subscriptions and periods that a case concerns.", _CASE
)
CASE_MONEY = Metric(
    "ott_billing_case_scope_amount_minor",
    "gauge",
    "Money of a case; money: not_charged, in_excess, shown_wrong, outside_bundle.",
    ("service", "case", "tariff", "money"),
)
CASE_FINGERPRINT = Metric(
    "ott_billing_case_fingerprint",
    "gauge",
    "Sum, modulo 2^48, of the keyed hashes of what a case concerns.",
    _CASE,
)
CASE_ACCOUNTS = Metric(
    "ott_billing_case_accounts",
    "gauge",
    "Accounts of a stage of a case; state: required, done, wrong, twice, unreachable, outside.",
    ("service", "case", "stage", "state"),
)
CASE_STAGE_MONEY = Metric(
    "ott_billing_case_amount_minor",
    "gauge",
    "Money of a stage of a case; state: required, done.",
    ("service", "case", "stage", "state"),
)
CASE_UNREACHABLE = Metric(
    "ott_billing_case_unreachable", "gauge", "Accounts that cannot be told.", ("service", "case", "reason")
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
