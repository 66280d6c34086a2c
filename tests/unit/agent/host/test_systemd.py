import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host import systemd
from service.metric import Sample

SHOWN = """Type=forking
NRestarts=2
Id=nginx.service
LoadState=loaded
ActiveState=active
ActiveEnterTimestamp=Mon 2026-09-21 14:13:20 UTC

Type=oneshot
NRestarts=0
Id=backup.service
LoadState=loaded
ActiveState=failed
ActiveEnterTimestamp=

Id=backup.timer
LoadState=loaded
ActiveState=active
ActiveEnterTimestamp=@1780000000
"""


def figures(shown: str) -> dict[tuple[str, ...], object]:
    return {(sample.metric.name, *sample.labels): sample.value for sample in systemd.parse(shown)}


def test_states_starts_and_restarts() -> None:
    found = figures(SHOWN)
    state = "node_systemd_unit_state"
    assert {key[1:]: value for key, value in found.items() if key[0] == state and value} == {
        ("nginx.service", "active", "forking"): 1,
        ("backup.service", "failed", "oneshot"): 1,
        ("backup.timer", "active", ""): 1,
    }
    assert sum(key[0] == state for key in found) == 15
    assert found["node_systemd_service_restart_total", "nginx.service"] == 2
    assert found["node_systemd_unit_start_time_seconds", "nginx.service"] == 1790000000
    # As node_exporter has it.
    assert found["node_systemd_unit_start_time_seconds", "backup.service"] == 0
    assert found["node_systemd_unit_start_time_seconds", "backup.timer"] == 1780000000
    assert ("node_systemd_service_restart_total", "backup.timer") not in found


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ("", "showed no unit"),
        ("Id=ngnix.service\nLoadState=not-found\nActiveState=inactive\n", "there is no unit ngnix.service"),
        ("LoadState=loaded\n", "has no Id"),
        ("Id=a.service\nActiveState=active\nNRestarts=many\n", "many"),
        ("Id=a.service\nActiveState=active\nActiveEnterTimestamp=Sat 2021-12-11 15:25:57 CET\n", "is no moment in UTC"),
        ("Id=a.service\nActiveState=active\nActiveEnterTimestamp=Sat 2021-12-41 15:25:57 UTC\n", "is no moment in UTC"),
    ],
)
def test_what_is_not_understood(shown: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        figures(shown)


LINES = st.lists(
    st.sampled_from(
        [
            *SHOWN.splitlines(),
            "NRestarts=x",
            "ActiveEnterTimestamp=@",
            "ActiveEnterTimestamp=Mon 2026-09-31 14:13:20 UTC",
            "=",
            "Id",
        ]
    ),
    max_size=12,
)


@given(st.one_of(st.text(max_size=80), LINES.map("\n".join)))
def test_any_text_gives_samples_or_a_value_error(shown: str) -> None:
    try:
        assert all(isinstance(sample, Sample) for sample in systemd.parse(shown))
    except ValueError:
        return


def program(folder: Path, script: str) -> None:
    file = folder / "systemctl"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_systemctl_is_asked_once_for_all_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, 'echo "Id=$*"; echo "$TZ $LC_ALL"')
    monkeypatch.setenv("TZ", "Asia/Almaty")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    shown = systemd.read(systemd.Units(("a.service", "b.timer"), 5))
    assert shown.startswith("Id=show --property=Id,")
    assert shown.endswith(" -- a.service b.timer\nUTC C\n")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_moments_are_written_so_by_systemd_itself() -> None:
    command = ["systemd-analyze", "timestamp", "@1639232757"]
    said = subprocess.run(
        command, env={**os.environ, **systemd.IN_UTC}, check=True, capture_output=True, text=True
    ).stdout
    written = next(line.partition(": ")[2] for line in said.splitlines() if "Normalized form" in line)
    assert systemd.moment(written, "a.service") == 1639232757


def test_reasons_of_systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    program(tmp_path, "echo 'Failed to connect to bus' >&2; exit 1")
    with pytest.raises(OSError, match="systemctl ended with status 1: Failed to connect to bus"):
        systemd.read(systemd.Units(("a.service",), 5))
    program(tmp_path, "exec sleep 20")
    with pytest.raises(OSError, match=r"systemctl did not end within 0\.2 s"):
        systemd.read(systemd.Units(("a.service",), 0.2))
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(OSError, match="systemctl"):
        systemd.read(systemd.Units(("a.service",), 5))
