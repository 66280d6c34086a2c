"""The compose file holds together: what it mounts exists, what it names is declared, what it configures is accepted."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import build, export
from dashboards.context import Local
from dashboards.publish import Wanted
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return read


def mounts(compose: dict[str, Any]) -> list[str]:
    return [mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])]


def test_every_mounted_file_is_in_the_project_and_every_volume_declared(compose: dict[str, Any]) -> None:
    for source in mounts(compose):
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
        else:
            assert source in compose["volumes"]
    assert set(compose["volumes"]) <= set(mounts(compose))


def test_every_configuration_exists_and_is_used(compose: dict[str, Any]) -> None:
    used = {entry["source"] for service in compose["services"].values() for entry in service.get("configs", [])}
    assert used == set(compose["configs"])
    for entry in compose["configs"].values():
        assert (DEPLOY / entry["file"]).is_file()


def test_services_refer_to_services(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"postgres", "prometheus", "alertmanager", "grafana", "desk", "busyhour", "agent"} <= set(services)
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert service.get("network_mode", "service:postgres") == "service:postgres"


def test_only_loopback_of_the_host_is_published(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize(
    ("module", "name"),
    [("agent", "agent"), ("alerts.desk", "desk"), ("dashboards.busy_hour", "busyhour")],
)
def test_our_programs_accept_their_settings(module: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "check-config", "--config", str(DEPLOY / "compose" / f"{name}.toml")],
        env={**os.environ, "DESK_DATABASE": "postgresql+psycopg://ottwatch:x@127.0.0.1/ottwatch"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_the_provisioning_files_are_what_an_export_writes() -> None:
    boards = [Wanted(language, board) for _, language, board in build.everything(Local())]
    wanted = {path: text for path, text in export.files(boards, Local()).items() if path.parts[0] == "provisioning"}
    assert wanted
    for path, text in wanted.items():
        assert (DEPLOY / "grafana" / path).read_text("utf-8") == text
    folder = DEPLOY / "grafana"
    assert {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()} == set(wanted)


def test_provisioned_boards_are_the_committed_files(compose: dict[str, Any]) -> None:
    mount = next(m for m in compose["services"]["grafana"]["volumes"] if m.endswith(f"{export.BOARDS_AT}:ro"))
    assert (DEPLOY / mount.split(":")[0]).resolve() == build.JSON.resolve()
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (build.JSON / Path(home).relative_to(export.BOARDS_AT)).is_file()
