import stat
from pathlib import Path

import pytest

from agent.cli import state
from agent.settings import AgentSettings
from agent.sources.edge_log.settings import EdgeLogSettings
from service.settings import SettingsError

FILE = Path("agent.toml")
LOG = EdgeLogSettings("ott", ["/var/log/nginx/ott_access.log"], format="ott")


def settings(folder: Path) -> AgentSettings:
    return AgentSettings(state=folder, tables={"edge_log": [LOG]})


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    state.check(settings(folder), FILE)
    assert not folder.exists()
    state.prepare(settings(folder), FILE)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    state.prepare(settings(folder), FILE)


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(0o750)
    state.prepare(settings(folder), FILE)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_without_an_edge_log_no_folder_is_needed(tmp_path: Path) -> None:
    state.prepare(AgentSettings(state=tmp_path / "no" / "such"), FILE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no/such", r"agent\.toml: state: the folder .*/no does not exist; create it, or name another"),
        ("file", r"agent\.toml: state: .*/file is not a folder; name another"),
        ("../state", r"agent\.toml: state: must be an absolute path, not 'state'"),
    ],
)
def test_a_folder_that_cannot_be(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").touch()
    folder = Path("state") if name == "../state" else tmp_path / name
    for step in (state.check, state.prepare):
        with pytest.raises(SettingsError, match=problem):
            step(settings(folder), FILE)


def test_a_folder_that_this_account_may_not_make_or_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        SettingsError, match=r"/proc/ottwatch cannot be made: .*; as root: install -d -m 0700 -o ACCOUNT"
    ):
        state.prepare(settings(Path("/proc/ottwatch")), FILE)
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root, who may write everywhere
    with pytest.raises(SettingsError, match="cannot be written by this account; as root: install -d"):
        state.prepare(settings(tmp_path), FILE)
