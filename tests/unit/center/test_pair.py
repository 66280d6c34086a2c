"""The settings that `ott-center pair` writes: each accepted by the program that reads it, in both kinds of pair."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from center.pair import rendered
from center.pair_settings import MACHINES, Machine, PairSettings, read_pair
from center.refused import RefusedError
from center.site import SAMPLES
from service.settings import SettingsError
from tests.conftest import ROOT

TEMPLATES = ROOT / "deploy" / "pair" / "machine"
SETTINGS = """\
a = "10.0.0.1"
b = "10.0.0.2"
witness = "10.0.0.3"
site = "almaty"
engine = "{engine}"
public_url = "https://monitoring.example"
secret = {{ file = "{secret}" }}
{more}
[mail]
to = "ncc@example.org"
sender = "ottwatch@example.org"
smarthost = "mail.example.org:25"
"""


def pair_toml(folder: Path, engine: str = "victoriametrics", more: str = "", secret: str = "s" * 64) -> Path:
    (folder / "secret").write_text(secret, "utf-8")
    (folder / "secret").chmod(0o600)
    file = folder / "pair.toml"
    file.write_text(SETTINGS.format(engine=engine, secret=folder / "secret", more=more), "utf-8")
    return file


def files(folder: Path, machine: Machine, engine: str = "victoriametrics", more: str = "") -> dict[str, str]:
    return dict(rendered(read_pair(pair_toml(folder, engine, more)), machine, TEMPLATES))


@pytest.mark.parametrize("engine", ["victoriametrics", "prometheus"])
def test_promtool_and_amtool_accept_the_files_of_both_sides(tmp_path: Path, engine: str) -> None:
    if not shutil.which("promtool") or not shutil.which("amtool"):
        pytest.skip("promtool and amtool are missing: apt-get install prometheus prometheus-alertmanager")
    for machine in ("a", "b"):
        found = files(tmp_path, "a" if machine == "a" else "b", engine)
        for name, command in (
            ("etc/prometheus/prometheus.yml", ["promtool", "check", "config", "--syntax-only"]),
            ("etc/prometheus/alertmanager.yml", ["amtool", "check-config"]),
        ):
            file = tmp_path / "checked.yml"
            file.write_text(found[name], "utf-8")
            done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


def test_haproxy_accepts_its_file(tmp_path: Path) -> None:
    if not shutil.which("haproxy"):
        pytest.skip("haproxy is missing: apt-get install haproxy")
    file = tmp_path / "haproxy.cfg"
    text = files(tmp_path, "a")["etc/haproxy/haproxy.cfg"]
    # The package's account need not be here, and names are not looked up.
    file.write_text(re.sub(r"^    (user|group) .*\n", "", text, flags=re.MULTILINE), "utf-8")
    done = subprocess.run(["haproxy", "-c", "-f", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_witness_gets_its_vote_and_nothing_else(tmp_path: Path) -> None:
    assert list(files(tmp_path, "witness")) == ["etc/default/etcd"]


def test_the_three_agree_on_the_votes_and_the_sides_on_every_password(tmp_path: Path) -> None:
    found = {machine: files(tmp_path, machine) for machine in MACHINES}
    clusters = {
        re.findall(r"^ETCD_INITIAL_CLUSTER=.*", each["etc/default/etcd"], re.MULTILINE)[0] for each in found.values()
    }
    assert clusters == {
        'ETCD_INITIAL_CLUSTER="control-a=http://10.0.0.1:2380,control-b=http://10.0.0.2:2380,'
        'control-witness=http://10.0.0.3:2380"'
    }
    for name in ("etc/ottwatch/desk-database", "etc/ottwatch/busyhour-database", "etc/patroni/ottwatch-databases"):
        assert found["a"][name] == found["b"][name]
    assert "s" * 64 not in "".join(found["a"].values())


def test_alerts_take_the_shipped_routes_and_reach_both_desks(tmp_path: Path) -> None:
    shipped: dict[str, Any] = yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text("utf-8"))
    ours: dict[str, Any] = yaml.safe_load(files(tmp_path, "b")["etc/prometheus/alertmanager.yml"])
    routes = ours["route"]["routes"]
    assert [each["matchers"] for each in routes[-3:-1]] == [["alertname = DeskUnavailable"]] * 2
    assert routes[-3]["continue"] is True
    assert routes[-1] == {"matchers": ["alertname = CentreUnreachable"], "receiver": "nobody"}
    assert ours["route"] | {"routes": routes[:-3]} == shipped["route"]
    (nobody, desk, people) = ours["receivers"]
    assert nobody == {"name": "nobody"}
    (one,) = shipped["receivers"][0]["webhook_configs"]
    assert [each.pop("url") for each in desk["webhook_configs"]] == [
        "http://10.0.0.2:9781/webhook/alertmanager",
        "http://10.0.0.1:9781/webhook/alertmanager",
    ]
    del one["url"]
    assert desk["webhook_configs"] == [one, one]
    assert people["email_configs"][0]["to"] == "ncc@example.org"


def test_both_kinds_of_pair_ask_the_same_nodes_as_a_single_control_centre(tmp_path: Path) -> None:
    shipped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8"))
    (agents,) = [each for each in shipped["scrape_configs"] if each["job_name"] == "ott-agent"]
    for engine in ("victoriametrics", "prometheus"):
        found = yaml.safe_load(files(tmp_path, "a", engine)["etc/prometheus/prometheus.yml"])
        ours = found["scrape_configs"][0]
        assert [each["url"] for each in ours.pop("http_sd_configs")] == [
            f"http://{address}:9781/api/v1/targets/agents" for address in ("10.0.0.1", "10.0.0.2")
        ]
        assert ours == agents
        assert found["global"]["scrape_interval"] == shipped["global"]["scrape_interval"]
        assert ("external_labels" in found["global"]) is (engine == "prometheus")


@pytest.mark.parametrize(("engine", "port"), [("victoriametrics", 8428), ("prometheus", 9090)])
def test_sites_write_to_the_own_database_of_either_kind_at_one_port(tmp_path: Path, engine: str, port: int) -> None:
    text = files(tmp_path, "b", engine)["etc/haproxy/haproxy.cfg"]
    (front,) = re.findall(r"^frontend samples\n((?:    .*\n)+)", text, re.MULTILINE)
    (back,) = re.findall(r"^backend samples\n((?:    .*\n)+)", text, re.MULTILINE)
    assert f"bind 10.0.0.2:{SAMPLES}\n" in front
    assert re.findall(r"^    server .*", back, re.MULTILINE) == [f"    server own 10.0.0.2:{port}"]


def test_prometheus_takes_samples_as_old_as_the_oldest_that_it_keeps(tmp_path: Path) -> None:
    found = files(tmp_path, "a", "prometheus")
    arguments = found["etc/default/prometheus"].split()
    assert "--web.enable-remote-write-receiver" in arguments
    window = yaml.safe_load(found["etc/prometheus/prometheus.yml"])["storage"]["tsdb"]["out_of_order_time_window"]
    assert f"--storage.tsdb.retention.time={window}" in arguments


@pytest.mark.parametrize(("more", "queue", "size"), [("", "20GB", 20_000_000_000), ('queue = "1MB"', "1MB", 1_000_000)])
def test_vmagents_queue_is_recorded_in_bytes(tmp_path: Path, more: str, queue: str, size: int) -> None:
    found = files(tmp_path, "a", more=more)
    (group,) = yaml.safe_load(found["etc/prometheus/ottwatch/site/queue.yml"])["groups"]
    assert group["rules"] == [
        {"record": "site:ott_sample_queue:bytes", "labels": {"site": "almaty"}, "expr": f"vector({size})"}
    ]
    assert f"-remoteWrite.maxDiskUsagePerURL={queue} " in found["etc/default/vmagent"]
    assert "-rule=/etc/prometheus/ottwatch/site/*.yml " in found["etc/default/vmalert"]


def test_an_address_that_moves_has_a_file_and_none_has_none(tmp_path: Path) -> None:
    assert "etc/keepalived/keepalived.conf" not in files(tmp_path, "a")
    more = 'console = "10.0.0.10/24"\ninterface = "eth0"'
    one, other = (files(tmp_path, side, more=more)["etc/keepalived/keepalived.conf"] for side in ("a", "b"))
    assert "10.0.0.10/24" in one
    assert [re.findall(r"priority (\d+)", each) for each in (one, other)] == [["110"], ["100"]]


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('b = "10.0.0.2"', 'b = "10.0.0.1"', "two have one address"),
        ('b = "10.0.0.2"', 'b = "second"', "second"),
        ('site = "almaty"', 'site = "al maty"', "al maty"),
        ("mail.example.org:25", "mail.example.org", "not host:port"),
        ("[mail]", 'console = "10.0.0.9/24"\n[mail]', "console and interface"),
        ("[mail]", "console_port = 0\n[mail]", "console_port"),
        ("[mail]", 'queue = "20 GB"\n[mail]', "queue: .*20 GB"),
        ("[mail]", 'names = { a = "x", b = "x", witness = "z" }\n[mail]', "names"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, was: str, becomes: str, told: str) -> None:
    file = pair_toml(tmp_path)
    text = file.read_text("utf-8")
    assert was in text
    file.write_text(text.replace(was, becomes), "utf-8")
    with pytest.raises(SettingsError, match=told):
        read_pair(file)


def test_a_secret_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    settings: PairSettings = read_pair(pair_toml(tmp_path, secret="short"))
    with pytest.raises(ValueError, match="openssl rand"):
        dict(rendered(settings, "a", TEMPLATES))


def test_a_template_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "machine")
    (tmp_path / "machine" / "every" / "more").write_text("@nobody@\n", "utf-8")
    with pytest.raises(RefusedError, match="@nobody@"):
        dict(rendered(read_pair(pair_toml(tmp_path)), "witness", tmp_path / "machine"))
