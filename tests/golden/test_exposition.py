"""The whole exposition against a folder of fixtures: names, types, help, labels and values.

Masked: what no fixture can hold still (durations, the clock, the test machine's own file system, the agent's process).
"""

import importlib
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.catalogue import METRICS
from agent.host.jobs import host_collectors, jobs
from agent.host.settings import HostSettings
from agent.runtime.collector import Runner
from agent.runtime.exposition import registry
from agent.runtime.exposition import text as exposition_text
from agent.runtime.metrics import COLLECTOR_BUGS, COLLECTOR_DURATION, COLLECTOR_LAST_SUCCESS, COLLECTOR_SUCCESS
from service.metric import Metric
from tests.conftest import ROOT
from tests.golden import catalogues

HERE = Path(__file__).parent
FIXTURES = HERE / "agent_host"
MASKED = re.compile(
    r"^((?:ott_collector_(?:duration|last_success)_[a-z_]+|node_time_seconds|ott_agent_build_info"
    r"|node_filesystem_(?:avail|free|size)_bytes|node_filesystem_files(?:_free)?)(?:\{.*\})?) .*$",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def exposition() -> str:
    found = jobs(HostSettings(root=FIXTURES))
    runner = Runner(found)
    runner.run_all()
    text = exposition_text(registry(runner.samples)).decode()
    assert runner.failures() == {}
    ours = [line for line in text.splitlines() if not re.match(r"(# (HELP|TYPE) )?process_", line)]
    return re.sub(r'build_info{version="[^"]*"', 'build_info{version="*"', MASKED.sub(r"\1 *", "\n".join(ours) + "\n"))


def test_the_exposition_is_the_golden_file(
    exposition: str, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    golden(HERE / "agent_host.prom", exposition.replace(str(FIXTURES), "ROOT"))


def declared() -> Iterator[Metric]:
    for collector in host_collectors():
        yield from collector.emits
    yield from (COLLECTOR_SUCCESS, COLLECTOR_DURATION, COLLECTOR_LAST_SUCCESS, COLLECTOR_BUGS)


def test_what_the_collectors_declare_is_what_they_emit(exposition: str) -> None:
    declarations = {metric.name: metric for metric in declared()}
    seen = set()
    for family in text_string_to_metric_families(exposition.replace(" *\n", " 0\n")):
        for sample in family.samples:
            if sample.name == "ott_agent_build_info":
                continue
            metric = declarations[sample.name]
            seen.add(sample.name)
            assert family.documentation == metric.help
            assert {"unknown": "untyped"}.get(family.type, family.type) == metric.kind
            assert set(sample.labels) == set(metric.labels)
    # The fixtures have the memory keys of one kernel; no kernel has them all.
    assert {name for name in declarations if not name.startswith("node_memory_")} <= seen


def test_promtool_finds_no_fault_but_the_kernels_spelling(exposition: str) -> None:
    result = subprocess.run(
        ["promtool", "check", "metrics"],
        input=exposition.replace(" *\n", " 0\n"),
        capture_output=True,
        text=True,
        check=False,
    )
    # node_exporter spells keys of memory, TCP and UDP as the kernel does; so do we, on purpose.
    kernels = re.compile(r"node_(memory|netstat)_\w+ metric names should be written in 'snake_case' not 'camelCase'")
    assert [line for line in (result.stdout + result.stderr).splitlines() if not kernels.fullmatch(line)] == []


def test_every_declared_metric_is_emitted_somewhere() -> None:
    """The fixtures cover the host; the rest must at least be used by a collector, a source or a preset."""
    code = "\n".join(
        file.read_text("utf-8")
        for pattern in ("*.py", "presets/*.toml")
        for file in (ROOT / "agent").rglob(pattern)
        if file.name != "metrics.py"
    )
    constants = {
        value.name: constant
        for _, module, _ in catalogues.sections()
        if module.startswith("agent.") and not module.startswith("agent.host")
        for constant, value in vars(importlib.import_module(module)).items()
        if isinstance(value, Metric)
    }
    assert constants.keys() == {metric.name for metric in METRICS}
    unused = [
        constant
        for name, constant in constants.items()
        if not re.search(rf"\b(?:catalogue|metrics)\.{constant}\b", code) and f'"{name}"' not in code
    ]
    assert unused == []
