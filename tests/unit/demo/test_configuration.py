"""What the demo writes is what each program reads, and the shipped files with other addresses."""

import subprocess
from pathlib import Path

import pytest

from agent.settings import AgentSettings, converter
from alerts.desk.core.settings import read_settings
from dashboards.busy_hour.app import settings as busy_hour_settings
from demo import configuration
from demo.layout import EDGES, MIDDLEWARE, NODES, Layout
from demo.processes import DemoError
from service.settings import load


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    made = Layout.make(tmp_path_factory.mktemp("demo") / "with a blank")
    configuration.write_all(made)
    return made


def test_every_agent_measures_what_its_node_has(layout: Layout) -> None:
    read = {node: load(layout.folder / node.name / "agent.toml", AgentSettings, converter()) for node in NODES}
    assert len({settings.listen for settings in read.values()}) == len(NODES)
    for edge in EDGES:
        assert read[edge].of("edge_log")[0].paths == [str(layout.edge(edge).log)]
        assert read[edge].of("edge_log")[0].idle_timeout == float(configuration.IDLE_TIMEOUT)
    assert [source.service for source in read[MIDDLEWARE].of("subscribers")] == ["ott", "iptv"]


def test_the_desk_and_the_busy_hour_read_their_settings(layout: Layout) -> None:
    desk = read_settings(layout.folder / "desk" / "desk.toml")
    assert desk.address == ("127.0.0.1", layout.ports["desk"])
    assert list(desk.alertmanagers) == [layout.url("alertmanager")]
    busy_hour = busy_hour_settings.read(layout.folder / "busyhour" / "busyhour.toml")
    assert busy_hour.prometheus == layout.url("prometheus")


@pytest.mark.parametrize(
    ("program", "file"),
    [
        (["promtool", "check", "config", "--syntax-only"], "prometheus/prometheus.yml"),
        (["amtool", "check-config"], "alertmanager/alertmanager.yml"),
    ],
    ids=["prometheus", "alertmanager"],
)
def test_the_shipped_configuration_stays_valid(layout: Layout, program: list[str], file: str) -> None:
    result = subprocess.run([*program, str(layout.folder / file)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_address_of_the_shipped_files_is_left(layout: Layout) -> None:
    for file in ("prometheus/prometheus.yml", "alertmanager/alertmanager.yml"):
        lines = (layout.folder / file).read_text().splitlines()
        used = [line.partition("#")[0] for line in lines]
        assert [line for line in used if "/etc/" in line or ":9093" in line or ":9781" in line] == []


def test_a_shipped_file_that_changed_is_named(tmp_path: Path) -> None:
    shipped = tmp_path / "prometheus.yml"
    shipped.write_text("global: {}\n")
    with pytest.raises(DemoError, match=r"prometheus\.yml no longer holds '127\.0\.0\.1:9093'"):
        configuration.put_in(shipped, {"127.0.0.1:9093": "127.0.0.1:1"})
