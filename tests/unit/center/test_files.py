"""Our parts in the files of Prometheus and Alertmanager: the rest stays, and what is not understood is refused."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from center import alertmanager_file, changes, prometheus_file
from center.places import Places
from center.refused import RefusedError
from center.yaml_text import BEGIN, insert, plain, read, without_ours

PLACES = Places()
PROMETHEUS = {
    "Debian's own": (
        "global:\n  scrape_interval:     15s # often\n\nalerting:\n  alertmanagers:\n  - static_configs:\n"
        "    - targets: ['localhost:9093']\n\nrule_files:\n  # - \"first_rules.yml\"\n\nscrape_configs:\n"
        "  - job_name: 'prometheus'\n    static_configs:\n      - targets: ['localhost:9090']\n"
    ),
    "nothing but a global part": "global: {scrape_interval: 1m}\n",
    "an empty file": "",
    "lists at the edge, no last line end": "scrape_configs:\n- job_name: node\n  static_configs:\n  - targets: [a]",
    "another Alertmanager": (
        "alerting:\n    alertmanagers:\n        -   static_configs: [{targets: ['10.0.0.1:9093']}]\n"
        "scrape_configs:\n    -   job_name: x\n"
    ),
    "alerting without one": "alerting:\n  alert_relabel_configs:\n    - {regex: replica, action: labeldrop}\n",
    "all of alerting commented out": "alerting:\n# alertmanagers:\n# - x\nscrape_configs:\n- job_name: x\n",
    "ours already": prometheus_file.merged(prometheus_file.SKELETON, PLACES, tls=False),
}


@pytest.mark.parametrize("text", PROMETHEUS.values(), ids=PROMETHEUS.keys())
@pytest.mark.parametrize("tls", [False, True])
def test_prometheus_gets_jobs_rules_and_alertmanager_and_keeps_the_rest(text: str, *, tls: bool) -> None:
    merged = prometheus_file.merged(text, PLACES, tls=tls)
    data: dict[str, Any] = plain(read(merged))
    jobs = {job["job_name"]: job for job in data["scrape_configs"]}
    assert set(prometheus_file.JOBS) <= set(jobs)
    assert ("tls_config" in jobs["ott-agent"]) is tls
    assert "/usr/share/ottwatch-center/rules/*.yml" in data["rule_files"]
    targets = str(data["alerting"]["alertmanagers"])
    assert "127.0.0.1:9093" in targets or "localhost:9093" in targets
    # Again: the same. And out again: every byte as before.
    assert prometheus_file.merged(merged, PLACES, tls=tls) == merged
    assert without_ours(merged).rstrip("\n") == without_ours(text).rstrip("\n")


def test_a_job_of_theirs_named_like_prometheus_own_stays_and_is_not_doubled() -> None:
    merged = prometheus_file.merged(PROMETHEUS["Debian's own"], PLACES, tls=False)
    jobs = [job["job_name"] for job in plain(read(merged))["scrape_configs"]]
    assert jobs.count("prometheus") == 1


REFUSED = {
    "no YAML": ("scrape_configs: [", "not valid YAML"),
    "a key twice": ("global: {}\nglobal: {}\n", "not valid YAML"),
    "no mapping": ("- a\n", "not a mapping"),
    "a list in one line": ("scrape_configs: [{job_name: a}]\n", "scrape_configs"),
    "a list that an alias names": ("x: &a\n  - job_name: y\nscrape_configs: *a\n", "scrape_configs"),
    "a job of our name": ("scrape_configs:\n  - job_name: ott-agent\n", "there is a job ott-agent"),
    "a mark without its end": (f"{BEGIN}\nscrape_configs: []\n", "has no line"),
    "a job that is no list": ("scrape_configs:\n  job_name: x\n", "scrape_configs is no list of mappings"),
    "jobs that are words": ("scrape_configs:\n  - x\n", "scrape_configs is no list of mappings"),
    "alerting that is a list": ("alerting:\n  - x\n", "alerting is no mapping"),
    "an Alertmanager that is a word": ("alerting:\n  alertmanagers:\n    - x\n", "alerting.alertmanagers is no list"),
    "lists without end": ("a: " + "[" * 3000, "nested too deeply"),
    "alerting in one line": ("alerting: {alert_relabel_configs: []}\n", "alerting"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_understood_is_refused(text: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        prometheus_file.merged(text, PLACES, tls=False)


ALERTMANAGER = {
    "the skeleton": alertmanager_file.SKELETON,
    "without routes": "route:\n  receiver: mail\nreceivers:\n- name: mail\n",
    "with routes": (
        "route:\n  receiver: a\n  routes:\n  # first\n  - receiver: a\n    match: {x: y}\nreceivers:\n  - name: a\n"
    ),
}


@pytest.mark.parametrize("text", ALERTMANAGER.values(), ids=ALERTMANAGER.keys())
def test_alertmanager_gets_the_desk_first(text: str) -> None:
    merged = alertmanager_file.merged(text, PLACES)
    data = plain(read(merged))
    assert data["receivers"][0]["name"] == "desk"
    assert data["route"]["routes"][0]["receiver"] == "desk"
    assert alertmanager_file.merged(merged, PLACES) == merged
    assert without_ours(merged) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no route"), ("route: {receiver: a}\nreceivers:\n  - name: a\n", "route"),
     ("route:\n  receiver: a\nreceivers:\n  name: a\n", "receivers is no list of mappings"),
     ("route:\n  receiver: desk\nreceivers:\n  - name: desk\n", "there is a receiver desk")],
)  # fmt: skip
def test_alertmanager_files_that_are_refused(text: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        alertmanager_file.merged(text, PLACES)


words = st.text(alphabet="abc: -#'\"&*|>[]{}\n", max_size=60)


@given(words)
@example("{}:")
def test_any_file_is_refused_or_keeps_its_content(text: str) -> None:
    try:
        merged = insert(text, ["rule_files"], ["/ours/*.yml"])
    except RefusedError:
        return
    after = plain(read(merged))
    assert after["rule_files"][0] == "/ours/*.yml"
    after["rule_files"] = after["rule_files"][1:]
    before = plain(read(text)) or {}
    assert {**before, "rule_files": before.get("rule_files") or []} == after


def test_a_file_of_windows_keeps_the_ends_of_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    theirs = b"global:\r\n  scrape_interval: 15s\r\nscrape_configs:\r\n  - job_name: x\r\n"
    file.write_bytes(theirs)

    def merged() -> changes.Change:
        return changes.change(file, lambda text: prometheus_file.merged(text, PLACES, tls=False))

    changes.write(file, merged().after)
    written = file.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > theirs.count(b"\n")
    assert not merged().needed
    assert without_ours(written.decode()).encode().startswith(theirs)


def test_a_file_that_is_not_utf_8_is_refused_with_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_bytes("# узлы\nscrape_configs:\n".encode("cp1251"))
    with pytest.raises(RefusedError, match=r"byte 3 of .*prometheus\.yml is not UTF-8; save the file as UTF-8"):
        changes.change(file, lambda text: text)


def test_a_link_goes_on_leading_to_the_file(tmp_path: Path) -> None:
    """As programs that manage settings make them."""
    file, link = tmp_path / "managed.yml", tmp_path / "prometheus.yml"
    file.write_text("old", "utf-8")
    link.symlink_to(file.name)
    changes.write(link, "new")
    assert (link.is_symlink(), file.read_text("utf-8")) == (True, "new")
