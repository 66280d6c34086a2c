"""The compose file holds together: what it mounts exists, what it names is declared, what it configures is accepted."""

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import agent.settings
import alerts.desk.core.settings
from dashboards import build, export
from dashboards.busy_hour.app.settings import Settings as BusyHour
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


SERVICE_KEYS = {
    "build", "cap_add", "cap_drop", "command", "configs", "depends_on", "entrypoint", "environment", "healthcheck",
    "image", "network_mode", "ports", "read_only", "restart", "security_opt", "tmpfs", "user", "volumes",
}  # fmt: skip


def test_the_file_has_only_keys_of_the_specification(compose: dict[str, Any]) -> None:
    extensions = {key for key in compose if key.startswith("x-")}
    assert set(compose) - extensions == {"services", "configs", "volumes"}
    for name, service in compose["services"].items():
        assert set(service) <= SERVICE_KEYS, name
        assert "image" in service, name
        assert service["restart"] in {"no", "unless-stopped"}, name
        for condition in service.get("depends_on", {}).values():
            assert condition["condition"] in {"service_started", "service_healthy", "service_completed_successfully"}
        for entry in service.get("configs", []):
            assert set(entry) == {"source", "target"}


def test_every_dollar_is_a_variable_that_must_be_set_or_is_escaped() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rest = re.sub(r"\$\{[A-Z_]+:\?[^}]+\}|\$\$", "", "\n".join(lines))
    assert "$" not in rest


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if "build" in service:
            assert service["image"] == "ottwatch", name
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        else:
            assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?", service["image"]), service["image"]
    base = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert re.search(r"^FROM python:\d+\.\d+\.\d+-slim$", base, re.MULTILINE)


def test_the_image_is_built_of_what_a_build_needs_and_nothing_else() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert taken == packages | {"locks", "pyproject.toml", project["project"]["readme"], "LICENSE"}
    assert "*" in lines
    for name in taken:
        assert (ROOT / name).exists()
    assert (ROOT / "locks" / "all.txt").is_file()


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


def port(address: str) -> str:
    return address.rpartition(":")[2].strip("/").partition("/")[0]


def flag(service: dict[str, Any], name: str) -> str:
    return next(str(word).partition("=")[2] for word in service["command"] if str(word).startswith(f"--{name}="))


def test_everybody_is_asked_where_they_listen(compose: dict[str, Any]) -> None:
    settings = {
        name: tomllib.loads((DEPLOY / "compose" / f"{name}.toml").read_text("utf-8"))
        for name in ("agent", "desk", "busyhour")
    }
    listens = {name: port(chosen["listen"]) for name, chosen in settings.items()}
    defaults = {"agent": agent.settings.AgentSettings, "desk": alerts.desk.core.settings.Settings, "busyhour": BusyHour}
    assert listens == {name: port(_default(kind)) for name, kind in defaults.items()}
    services = compose["services"]
    listens["prometheus"] = port(flag(services["prometheus"], "web.listen-address"))
    listens["alertmanager"] = port(flag(services["alertmanager"], "web.listen-address"))
    assert {listens["prometheus"], listens["alertmanager"]} == {"9090", "9093"}
    for name, listened in listens.items():
        file = DEPLOY / ("compose/agents.yml" if name == "agent" else f"prometheus/targets/{name}.yml")
        asked = [target for group in yaml.safe_load(file.read_text("utf-8")) for target in group["targets"]]
        assert [port(target) for target in asked] == [listened], file
    for name in ("desk", "busyhour"):
        assert port(settings[name]["prometheus"]) == listens["prometheus"]
    assert [port(one) for one in settings["desk"]["alertmanagers"]] == [listens["alertmanager"]]
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/ottwatch.yaml").read_text("utf-8"))
    assert port(source["datasources"][0]["url"]) == listens["prometheus"]
    published = {entry.rpartition(":")[2] for service in services.values() for entry in service.get("ports", [])}
    assert published == {"3000", listens["desk"]}
    receivers = yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text("utf-8"))["receivers"]
    hooks = [hook["url"] for receiver in receivers for hook in receiver.get("webhook_configs", [])]
    assert {port(url.partition("/webhook")[0]) for url in hooks} == {listens["desk"]}


def _default(settings: Any) -> str:
    return str(next(field.default for field in dataclasses.fields(settings) if field.name == "listen"))


def test_prometheus_accepts_what_is_mounted_where_it_is_mounted(compose: dict[str, Any], tmp_path: Path) -> None:
    service = compose["services"]["prometheus"]
    where = {target: DEPLOY / source for source, target, *_ in (one.split(":") for one in service["volumes"])}
    text = where[flag(service, "config.file")].read_text("utf-8")
    text = re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)  # what can be switched on is not mounted
    named = set(re.findall(r"/etc/prometheus/ottwatch/\w+", text))
    assert named <= set(where), "named, but not mounted"
    assert flag(service, "web.user-assets") in where
    for path in named:
        text = text.replace(path, str(where[path].resolve()))
    (tmp_path / "prometheus.yml").write_text(text, "utf-8")
    command = ["promtool", "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rule files found" in done.stdout + done.stderr


def test_alertmanager_accepts_what_its_entrypoint_makes_of_the_shipped_file(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    script = compose["services"]["alertmanager"]["entrypoint"][2]
    found = re.search(r"sed 's#([^#]+)#([^#]+)#' (\S+) >", script)
    assert found, script
    shipped = (ROOT / "alerts" / "alertmanager.yml").read_text("utf-8")
    assert found[1] in shipped
    assert any(one.endswith(f":{found[3]}:ro") for one in compose["services"]["alertmanager"]["volumes"])
    (tmp_path / "alertmanager.yml").write_text(shipped.replace(found[1], found[2]), "utf-8")
    command = ["amtool", "check-config", str(tmp_path / "alertmanager.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_program_that_a_container_starts_is_ours_and_knows_its_words(compose: dict[str, Any]) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    called = [list(map(str, one["command"])) for one in compose["services"].values() if "build" in one]
    lines = [line.split() for words in called if words[0] == "sh" for line in words[2].splitlines()]
    called = [words for words in [*called, *lines] if words and words[0].startswith("ott-")]
    assert len(called) == 5
    for words in called:
        module = scripts[words[0]].removesuffix(".__main__:main")
        command = [word for word in words[1:] if re.fullmatch("serve|migrate|token|create", word)]
        done = subprocess.run(
            [sys.executable, "-m", module, *command, "--help"], cwd=ROOT, capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 0, words


def test_the_provisioning_files_are_what_an_export_writes() -> None:
    boards = [Wanted(language, board) for _, language, board in build.everything(Local())]
    wanted = {path: text for path, text in export.files(boards, Local()).items() if path.parts[0] == "provisioning"}
    assert wanted
    for path, text in wanted.items():
        assert (DEPLOY / "grafana" / path).read_text("utf-8") == text
    folder = DEPLOY / "grafana"
    assert {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()} == set(wanted)


def test_provisioned_boards_are_the_committed_files(compose: dict[str, Any]) -> None:
    mount = next(m for m in compose["services"]["grafana"]["volumes"] if m.endswith(f"{export.DASHBOARDS_AT}:ro"))
    assert (DEPLOY / mount.split(":")[0]).resolve() == build.JSON.resolve()
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (build.JSON / Path(home).relative_to(export.DASHBOARDS_AT)).is_file()
