"""The agent started by hand has the allocator's settings, as the same process with the same command."""

from pathlib import Path

from agent.runtime import allocator
from tests.contract.agent.program import agent


def test_the_settings_are_the_agents_but_for_those_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with agent(tmp_path, environment={"MALLOC_ARENA_MAX": "3"}) as running:
        process = Path(f"/proc/{running.process.pid}")
        environment = dict(line.partition("=")[::2] for line in process.joinpath("environ").read_text().split("\0"))
        command = process.joinpath("cmdline").read_text().split("\0")
    given = {name: environment.get(name) for name in allocator.SETTINGS}
    assert given == {**allocator.SETTINGS, "MALLOC_ARENA_MAX": "3"}
    assert [Path(command[1]).name, *command[2:5]] == ["ott-agent", "--log-format", "json", "serve"]
