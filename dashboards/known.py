"""The metrics a board may ask for: those of the catalogues, those that rules record, those of Prometheus itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources

from agent import catalogue
from agent.host import catalogue as catalogue_host
from service.metric import Metric

# Labels that service discovery and the scrape add to every series.
TARGET_LABELS = frozenset({"node", "site", "role", "job", "instance"})

# Metrics that the shipped scrape jobs bring and nobody here declares.
FOREIGN: Mapping[str, frozenset[str]] = {
    "up": frozenset(),
    "scrape_duration_seconds": frozenset(),
    "scrape_samples_scraped": frozenset(),
    "ALERTS": frozenset(
        {"alertname", "alertstate", "severity", "component", "layer", "service_affecting", "service", "channel"}
    ),
    "ALERTS_FOR_STATE": frozenset(
        {"alertname", "severity", "component", "layer", "service_affecting", "service", "channel"}
    ),
    "prometheus_build_info": frozenset({"version", "revision", "branch"}),
    "prometheus_tsdb_head_series": frozenset(),
    "prometheus_tsdb_head_samples_appended_total": frozenset({"type"}),
    "prometheus_rule_group_last_duration_seconds": frozenset({"rule_group"}),
    "prometheus_rule_group_interval_seconds": frozenset({"rule_group"}),
    "prometheus_rule_evaluation_failures_total": frozenset({"rule_group"}),
    "prometheus_notifications_dropped_total": frozenset(),
    "prometheus_engine_query_duration_seconds": frozenset({"slice", "quantile"}),
    "process_resident_memory_bytes": frozenset(),
    "process_cpu_seconds_total": frozenset(),
    "alertmanager_build_info": frozenset({"version", "revision", "branch"}),
    "alertmanager_alerts": frozenset({"state"}),
    "alertmanager_notifications_total": frozenset({"integration"}),
    "alertmanager_notifications_failed_total": frozenset({"integration"}),
    "alertmanager_notification_latency_seconds": frozenset({"integration"}),
}

# What the desk and the busy hour export, as far as boards read it. Their catalogues need libraries that this program
# does without; a test holds the two together.
PROGRAMS: Mapping[str, frozenset[str]] = {
    "ott_desk_tickets": frozenset({"status", "severity", "owner"}),
    "ott_desk_tickets_opened_total": frozenset(),
    "ott_desk_ticket_deadline_timestamp_seconds": frozenset({"ticket", "clock", "priority", "node"}),
    "ott_desk_sla_breaches_total": frozenset({"clock"}),
    "ott_desk_webhook_alerts_total": frozenset({"outcome"}),
    "ott_desk_outbox_pending": frozenset(),
    "ott_desk_outbox_dead": frozenset(),
    "ott_desk_works_running": frozenset({"works", "title"}),
    "ott_desk_appeals": frozenset({"service", "code", "entry", "party", "channel"}),
    "ott_desk_appeal_code": frozenset({"code", "en", "ru"}),
    "ott_desk_appeals_recent": frozenset({"service", "region", "code", "entry"}),
    "ott_desk_appeals_overdue": frozenset({"service", "party"}),
    "ott_desk_appeal_deadline_timestamp_seconds": frozenset({"appeal", "service", "code", "region", "party"}),
    "ott_desk_mass_appeal_customers": frozenset({"service", "region", "group"}),
    "ott_desk_free_months": frozenset({"state"}),
    "ott_desk_watchdog_last_timestamp_seconds": frozenset(),
    "ott_busy_hour_value": frozenset({"scope", "quantity", "measure"}),
    "ott_busy_hour_start_timestamp_seconds": frozenset({"scope", "quantity"}),
    "ott_busy_hour_coverage_ratio": frozenset({"scope", "quantity"}),
    "ott_busy_hour_peak_ratio": frozenset({"scope", "quantity"}),
    "ott_busy_hour_last_success_timestamp_seconds": frozenset(),
    "ott_capacity_surviving": frozenset({"scope", "quantity"}),
    "ott_capacity_utilisation_ratio": frozenset({"scope", "quantity"}),
    "ott_capacity_exhaustion_timestamp_seconds": frozenset({"scope", "quantity", "bound"}),
}

_RECORDED = re.compile(r"^\s*-?\s*record:\s*[\"']?([A-Za-z_:][\w:]*)", re.MULTILINE)


def recorded() -> frozenset[str]:
    """Return the names that the shipped rules record."""
    rules = resources.files("alerts").joinpath("rules")
    texts = (file.read_text("utf-8") for file in rules.iterdir() if file.name.endswith((".yml", ".yaml")))
    return frozenset(name for text in texts for name in _RECORDED.findall(text))


def catalogued(*modules: object) -> dict[str, frozenset[str]]:
    """Return the names and labels of every metric that the catalogue modules declare, as a query spells them."""
    result: dict[str, frozenset[str]] = {}
    for module in modules:
        for metric in _metrics(vars(module).values()):
            labels = frozenset(metric.labels)
            if metric.kind == "histogram":
                result[f"{metric.name}_bucket"] = labels | {"le"}
                result[f"{metric.name}_sum"] = result[f"{metric.name}_count"] = labels
            else:
                result[metric.name] = labels
    return result


def _metrics(values: Iterable[object]) -> Iterator[Metric]:
    for value in values:
        if isinstance(value, Metric):
            yield value
        elif isinstance(value, Mapping):
            yield from _metrics(value.values())
        elif isinstance(value, tuple | list):
            yield from _metrics(value)


def metrics() -> dict[str, frozenset[str] | None]:
    """Return every metric a board may ask for with its own labels, or None where a rule decides on them."""
    return {**dict.fromkeys(recorded()), **FOREIGN, **PROGRAMS, **catalogued(catalogue, catalogue_host)}
