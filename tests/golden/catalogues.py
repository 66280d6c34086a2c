"""Every metric of every program, and the page docs/metrics.md that lists them."""

import importlib
from collections.abc import Iterator

from agent.sources import SOURCES
from service.metric import Metric
from tests.conftest import ROOT

# Title of the section, and the module whose values are its metrics.
CATALOGUES = (
    *((f"{kind.title} (ott-agent, `[[{kind.table}]]`)", kind.package + ".metrics") for kind in SOURCES),
    ("Quality of experience (ott-agent, `cmcd` of `[[edge_log]]`)", "agent.sources.edge_log.quality.metrics"),
    ("The agent itself (ott-agent)", "agent.runtime.metrics"),
    ("Host (ott-agent, names of node_exporter)", "agent.host.catalogue"),
    ("Desk (ott-desk)", "alerts.desk.core.metrics"),
    ("Appeals (ott-desk, `[appeals]`)", "alerts.desk.core.appeal_metrics"),
    ("Planning (ott-busyhour)", "dashboards.busy_hour.web.metrics"),
)

INTRODUCTION = """# Metrics

Made from the catalogues in the code by `./run check --update-golden`; a test keeps it fresh. Labels of the target
(`node`, `site`, `role`) come from service discovery and are not listed. *Ad hoc* means that no rule, dashboard or
report reads the metric: it is there for the engineer who looks closer.
"""


def sections() -> Iterator[tuple[str, str, list[Metric]]]:
    """Yield (title, module, metrics) for each catalogue that exists."""
    for title, module in CATALOGUES:
        if (ROOT / f"{module.replace('.', '/')}.py").is_file():
            yield title, module, list(metrics_of(module))


def metrics_of(module: str) -> Iterator[Metric]:
    """Yield the metrics of one catalogue in its order, those in tables and tuples included, each object once."""
    found = {id(metric): metric for value in vars(importlib.import_module(module)).values() for metric in _in(value)}
    yield from found.values()


def _in(value: object) -> Iterator[Metric]:
    if isinstance(value, Metric):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _in(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _in(inner)


def page() -> str:
    """Return the text of docs/metrics.md."""
    parts = [INTRODUCTION]
    for title, module, metrics in sections():
        lines = [f"\n## {title}\n", f"Declared in `{module.replace('.', '/')}.py`.\n"]
        lines += ["| metric | type | labels | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels) or '–'} "
            f"| {metric.help}{' *Ad hoc.*' if metric.reader else ''} |"
            for metric in metrics
        ]
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)
