"""From the tables [[billing]] to jobs: one for each check, and one that tells which checks are on."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from agent.runtime.collector import Job
from agent.sources.billing import metrics
from agent.sources.billing.calendar import Calendar
from agent.sources.billing.cases.count import Cases
from agent.sources.billing.checks.balances import Conservation, Displayed
from agent.sources.billing.checks.check import Check
from agent.sources.billing.checks.completeness import Completeness, Reasons
from agent.sources.billing.checks.flow import Flow, Outside
from agent.sources.billing.checks.overdue import Overdue
from agent.sources.billing.checks.rows import RULES, Corrections, Exclusive, Rows
from agent.sources.billing.checks.runs import Runs
from agent.sources.billing.checks.source import Source
from agent.sources.billing.free_months.count import FreeMonths
from agent.sources.billing.free_months.desk import address_of
from agent.sources.billing.places import Place, Server
from agent.sources.billing.preset import QUERIES, BillingPreset, load
from agent.sources.billing.reading import Billing
from agent.sources.billing.settings import CHECKS, BillingSettings
from agent.sources.database import MissingTableError
from agent.sources.kind import Context
from service.metric import Sample
from service.settings import Secret


def jobs(tables: Sequence[BillingSettings], _: object, context: Context) -> list[Job]:
    """Return the jobs of all billings; raise SettingsError, OSError or ValueError for presets, databases, secrets."""
    return [job for settings in tables for job in _jobs(settings, context)]


def _jobs(settings: BillingSettings, context: Context) -> Iterator[Job]:
    calendar = Calendar(ZoneInfo(settings.time_zone))
    place = place_of(settings, calendar)
    preset = load(settings.preset, place.kind)
    billing = Billing(settings.service, place, preset.query, calendar, context.clock)
    off = dict(_off(settings, preset))
    billing.with_source = "source" not in off
    yield Job(f"billing_coverage_{settings.service}", partial(_coverage, settings.service, off))
    reading = settings.deadline if settings.url else 0.0
    for check in checks(settings, preset):
        if check.name not in off:
            deadline = max(preset.query[name].deadline for name in QUERIES[check.name])
            lane = billing.slow if check.slow else billing.quick
            yield Job(
                f"billing_{check.name}_{settings.service}",
                partial(run, billing, check, deadline),
                max(settings.interval, check.interval),
                lane.patience + deadline * (settings.history + 3 if check.slow else 3) + reading,
            )


def place_of(settings: BillingSettings, calendar: Calendar) -> Place:
    """Return where the rows are; raise OSError or ValueError for the URL, its driver or its secrets."""
    if settings.url is not None:
        # Parsing pages, and SQLite: loaded only where views are read over HTTP.
        from agent.sources.billing.views.place import loaded  # noqa: PLC0415

        return loaded(settings, calendar)
    database = settings.database
    return Server(database.read() if isinstance(database, Secret) else str(database))


def checks(settings: BillingSettings, preset: BillingPreset) -> list[Check]:
    """Return every check, with what it has counted so far: nothing."""
    return [
        Check("source", Source(settings).collect),
        Check("flow", Flow(settings).collect),
        Check("overdue", Overdue(settings).collect),
        Check("reasons", Reasons(settings).collect),
        Check("runs", Runs(settings).collect),
        Check("outside", Outside(settings).collect),
        Check("completeness", Completeness(settings).collect, slow=True),
        Check("corrections", Corrections(settings).collect, slow=True),
        Check("exclusive", Exclusive(settings).collect, slow=True, interval=600.0),
        *(Check(rule.query, Rows(settings, rule).collect, slow=True) for rule in RULES),
        Check("conservation", Conservation(settings).collect, slow=True),
        Check("displayed", Displayed(settings).collect, slow=True, interval=300.0),
        Check("cases", Cases(settings, preset).collect, slow=True),
        Check("free_months", FreeMonths(settings).collect, slow=True),
    ]


def run(billing: Billing, check: Check, deadline: float) -> Iterable[Sample]:
    """Return the samples of one run and the state of its check; without its view the check is off, for all to see."""
    lane = billing.slow if check.slow else billing.quick
    try:
        with billing.session(lane, deadline) as asking:
            samples = list(check.collect(asking))
    except MissingTableError:
        return [metrics.CHECK.sample(1.0, billing.service, check.name, "view_missing")]
    return [*samples, metrics.CHECK.sample(1.0, billing.service, check.name, "on")]


def _off(settings: BillingSettings, preset: BillingPreset) -> Iterator[tuple[str, str]]:
    needed = {"bucket": settings.fee_bucket, "cases": settings.cases, "free_months": address_of(settings)}
    for name in CHECKS:
        if name in settings.without or (name in needed and not needed[name]):
            yield name, "declared_off"
        elif not preset.has(name):
            yield name, "no_query"


def _coverage(service: str, off: dict[str, str]) -> Iterator[Sample]:
    for name, state in off.items():
        yield metrics.CHECK.sample(1.0, service, name, state)
