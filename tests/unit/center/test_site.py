"""The settings that `ott-center site` writes: each accepted by the program that reads it."""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from center import site
from center.places import Places
from center.site_settings import SiteSettings, read_site
from service.settings import SettingsError
from tests.conftest import ROOT

TEMPLATES = ROOT / "deploy" / "site" / "machine"
SETTINGS = """\
site = "astana"
name = "relay-astana"
address = "10.1.0.4"
centre = ["10.0.0.1", "10.0.0.2"]
queue = "12GB"

[mail]
to = "duty@example.org"
sender = "ottwatch@example.org"
smarthost = "mail.example.org:25"
"""


def written(folder: Path, was: str = "", becomes: str = "") -> Path:
    assert was in SETTINGS
    file = folder / "site.toml"
    file.write_text(SETTINGS.replace(was, becomes) if was else SETTINGS, "utf-8")
    return file


def files(folder: Path) -> dict[str, str]:
    return dict(site.rendered(read_site(written(folder)), TEMPLATES))


def test_promtool_and_amtool_accept_the_files(tmp_path: Path) -> None:
    if not shutil.which("promtool") or not shutil.which("amtool"):
        pytest.skip("promtool and amtool are missing: apt-get install prometheus prometheus-alertmanager")
    for name, command in (
        ("etc/prometheus/prometheus.yml", ["promtool", "check", "config", "--syntax-only"]),
        ("etc/prometheus/alertmanager.yml", ["amtool", "check-config"]),
    ):
        file = tmp_path / "checked.yml"
        file.write_text(files(tmp_path)[name], "utf-8")
        done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_rule_that_records_the_queue_is_accepted_without_a_remark(tmp_path: Path) -> None:
    if not shutil.which("promtool") or not shutil.which("vmalert"):
        pytest.skip("promtool and vmalert are missing: apt-get install prometheus victoria-metrics")
    file = tmp_path / "queue.yml"
    file.write_text(files(tmp_path)["etc/prometheus/ottwatch/site/queue.yml"], "utf-8")
    for command in (
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", str(file)],
        ["vmalert", "-dryRun", f"-rule={file}"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("queue", "size"), [("1MB", 1_000_000), ("500MB", 500_000_000), ("1GB", 1_000_000_000), ("12GB", 12_000_000_000)]
)
def test_the_queue_is_recorded_in_bytes_as_vmagent_reads_it(tmp_path: Path, queue: str, size: int) -> None:
    """Powers of ten: vmagent 1.79.5, lib/flagutil/bytes.go."""
    found = dict(site.rendered(read_site(written(tmp_path, "12GB", queue)), TEMPLATES))
    (group,) = yaml.safe_load(found["etc/prometheus/ottwatch/site/queue.yml"])["groups"]
    assert group["rules"] == [
        {"record": "site:ott_sample_queue:bytes", "labels": {"site": "astana"}, "expr": f"vector({size})"}
    ]
    assert f"-remoteWrite.maxDiskUsagePerURL={queue} " in found["etc/default/vmagent"]


def test_a_name_that_yaml_takes_for_a_number_stays_a_name(tmp_path: Path) -> None:
    found = dict(site.rendered(read_site(written(tmp_path, 'site = "astana"', 'site = "007"')), TEMPLATES))
    (group,) = yaml.safe_load(found["etc/prometheus/ottwatch/site/queue.yml"])["groups"]
    assert group["rules"][0]["labels"] == {"site": "007"}


@pytest.mark.parametrize(
    ("alert", "receiver"),
    [
        ("CentreUnreachable", "people"),
        ("SampleQueueFilling", "people"),
        ("SamplesLost", "people"),
        ("SamplesRefused", "people"),
        ("SampleQueueFillingToo", "nobody"),
        ("NodeDown", "nobody"),
    ],
)
def test_the_sites_people_are_told_what_concerns_the_site_itself(tmp_path: Path, alert: str, receiver: str) -> None:
    file = alertmanager(tmp_path)
    command = ["amtool", "config", "routes", "test", f"--config.file={file}", f"alertname={alert}", "site=astana"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [receiver], done.stderr


@pytest.mark.parametrize(
    ("alert", "firing", "resolved"),
    [
        ("CentreUnreachable", "astana does not reach the control centre", "astana reaches the control centre again"),
        ("SampleQueueFilling", "the queue of astana fills up", "the queue of astana has room again"),
        ("SamplesLost", "astana loses samples", "astana loses no more samples"),
        (
            "SamplesRefused",
            "a database refuses samples of astana",
            "no database refuses samples of astana any more",
        ),
    ],
)
def test_a_mail_says_in_its_subject_what_it_is_about(tmp_path: Path, alert: str, firing: str, resolved: str) -> None:
    (email,) = yaml.safe_load(alertmanager(tmp_path).read_text("utf-8"))["receivers"][1]["email_configs"]
    for status, subject in (("firing", firing), ("resolved", resolved)):
        data = tmp_path / "data.json"
        data.write_text(json.dumps({"status": status, "groupLabels": {"alertname": alert}}), "utf-8")
        text = f"--template.text={email['headers']['Subject']}"
        command = [
            "amtool",
            "template",
            "render",
            f"--template.data={data}",
            f"--template.glob={tmp_path}/*.tmpl",
            text,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout.rstrip("\n") == f"ottwatch: {subject}", done.stderr


def alertmanager(folder: Path) -> Path:
    if not shutil.which("amtool"):
        pytest.skip("amtool is missing: apt-get install prometheus-alertmanager")
    file = folder / "alertmanager.yml"
    file.write_text(files(folder)["etc/prometheus/alertmanager.yml"], "utf-8")
    return file


def test_samples_go_to_the_sites_database_first_and_to_both_sides_of_the_centre(tmp_path: Path) -> None:
    arguments = files(tmp_path)["etc/default/vmagent"]
    urls = [each.removeprefix("-remoteWrite.url=") for each in arguments.split() if "-remoteWrite.url=" in each]
    assert [url.strip('"') for url in urls] == [
        f"http://{address}/api/v1/write" for address in ("10.1.0.4:8428", "10.0.0.1:9097", "10.0.0.2:9097")
    ]
    assert "-remoteWrite.maxDiskUsagePerURL=12GB" in arguments


def test_only_alerts_about_the_site_leave_it(tmp_path: Path) -> None:
    notifiers = yaml.safe_load(files(tmp_path)["etc/prometheus/vmalert-notifiers.yml"])
    assert notifiers["alert_relabel_configs"] == [{"source_labels": ["site"], "regex": "astana", "action": "keep"}]
    assert notifiers["timeout"] == "500ms"  # rules of an interval of one second wait for it
    assert notifiers["static_configs"] == [{"targets": ["10.1.0.4:9093", "10.0.0.1:9093", "10.0.0.2:9093"]}]


def test_a_site_has_no_job_that_a_centre_knows_its_own_programs_by(tmp_path: Path) -> None:
    jobs = {
        each["job_name"] for each in yaml.safe_load(files(tmp_path)["etc/prometheus/prometheus.yml"])["scrape_configs"]
    }
    scrape = (ROOT / "deploy/pair/machine/scrape.yml").read_text("utf-8")
    vmagent = (ROOT / "deploy/pair/machine/victoriametrics/etc/prometheus/prometheus.yml").read_text("utf-8")
    assert {job for job in jobs if f"job_name: {job}\n" in scrape + vmagent} == {"ott-agent"}


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = Places(tmp_path / "root")
    shutil.copytree(TEMPLATES, places.share / "site")
    arguments = argparse.Namespace(settings=written(tmp_path), dry_run=True)
    assert site.run(arguments, places) == 0
    assert '+  - targets: ["10.1.0.4:9093"' in capsys.readouterr().out
    assert not (places.root / "etc").exists()


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('"relay-astana"', '"relay astana"', "relay astana"),
        ('"10.1.0.4"', '"relay"', "address: "),
        ('"10.0.0.2"', '"second"', "second"),
        ('"10.0.0.2"', '"10.1.0.4"', "none of the centre's"),
        ('["10.0.0.1", "10.0.0.2"]', "[]", "centre: no address"),
        ('"12GB"', '"twelve"', "twelve"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, was: str, becomes: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_site(written(tmp_path, was, becomes))


def test_the_queue_has_a_size_by_default(tmp_path: Path) -> None:
    settings: SiteSettings = read_site(written(tmp_path, 'queue = "12GB"\n'))
    assert settings.queue == "10GB"
