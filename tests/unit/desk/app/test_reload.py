"""A desk whose files break on reload: it goes on with the old ones and says so where people look."""

from pathlib import Path

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.plan import load
from alerts.desk.app.commands import reread
from alerts.desk.app.serve import reload
from alerts.desk.app.workers import Crew
from tests.unit.desk.console_desk import Hall

SITES = '[[site]]\nname = "almaty"\n'


def test_a_broken_topology_changes_nothing_and_is_on_the_pages_until_it_is_mended(
    control_room: Hall, tmp_path: Path
) -> None:
    config, file = tmp_path / "desk.toml", tmp_path / "topology.toml"
    config.write_text('topology = "topology.toml"\nwatchdog = ""\n', "utf-8")
    file.write_text(SITES, "utf-8")
    correlator, crew = Correlator(load(file)), Crew([])
    control_room.machine.app.state.correlator = correlator
    reader = control_room.person("viewer")

    def read_again(text: str) -> None:
        file.write_text(text, "utf-8")
        reload(control_room.runtime, correlator, crew, lambda: reread(config, correlator))

    try:
        read_again(SITES + '[[feeds]]\nfrom = "a"\nto = ["site:paris"]\n')
        assert set(correlator.topology.plan.sites) == {"almaty"}
        for path in ("/overview", "/settings/policies"):
            text = reader.get(path).text
            assert "the old ones hold" in text
            assert "line 5: feeds[1].to: there is no site" in text
        assert "ott_desk_config_last_reload_successful 0.0" in control_room.machine.get("/metrics").text
        read_again(SITES + '[[site]]\nname = "astana"\n')
        assert set(correlator.topology.plan.sites) == {"almaty", "astana"}
        assert "the old ones hold" not in reader.get("/settings/policies").text
        assert "ott_desk_config_last_reload_successful 1.0" in control_room.machine.get("/metrics").text
    finally:
        crew.stop()
