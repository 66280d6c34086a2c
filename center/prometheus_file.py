"""What ottwatch adds to prometheus.yml."""

from typing import Any

from center.places import Places
from center.refused import RefusedError
from center.yaml_text import insert, mappings, plain, read, without_ours

# Where Debian's own file is as it was shipped, this takes its place: it has an example label and a job for an exporter
# that need not be there.
SKELETON = """\
# Prometheus of this control centre. The parts between the marks are ottwatch's; everything else is yours.
global:
  scrape_interval: 15s
  evaluation_interval: 15s

alerting:
  alertmanagers:
    - static_configs:
        - targets: ["127.0.0.1:9093"]

rule_files:

scrape_configs:
"""
JOBS = ("ott-agent", "ott-desk", "ott-busyhour", "prometheus", "alertmanager")
FILES = {"ott-agent": "agents", "ott-desk": "desk", "ott-busyhour": "busyhour"}
LOCAL_ALERTMANAGER = {"localhost:9093", "127.0.0.1:9093"}


def merged(text: str, places: Places, *, tls: bool) -> str:
    """Return the file with our jobs, rules and Alertmanager; raise RefusedError for one that is not understood."""
    result = without_ours(text)
    data = plain(read(result)) or {}
    theirs = {job.get("job_name") for job in mappings(data.get("scrape_configs"), "scrape_configs")}
    for name in ("ott-agent", "ott-desk", "ott-busyhour"):
        if name in theirs:
            raise RefusedError(f"there is a job {name} that ott-center did not write; remove it, then repeat")
    jobs = [job(name, places, tls=tls) for name in JOBS if name not in theirs]
    result = insert(result, ["scrape_configs"], jobs)
    result = insert(result, ["rule_files"], [str(places.share / "rules/*.yml"), str(places.site_rules / "*.yml")])
    return _with_alertmanager(result, data)


def job(name: str, places: Places, *, tls: bool) -> dict[str, Any]:
    """Return one of our jobs. Its own interval, because every detection time is counted from five seconds."""
    result: dict[str, Any] = {"job_name": name, "scrape_interval": "5s", "scrape_timeout": "4s"}
    if name == "ott-agent":
        # A node that is switched off answers nothing, so each failed scrape lasts the whole timeout.
        result["scrape_timeout"] = "2500ms"
        if tls:
            files = {"ca_file": "ca.pem", "cert_file": "scraper.pem", "key_file": "scraper.key"}
            result["scheme"] = "https"
            result["tls_config"] = {key: str(places.tls / file) for key, file in files.items()}
    if name == "ott-desk":
        result["honor_labels"] = True  # a ticket's deadline carries the node the ticket is about
    result["file_sd_configs"] = [{"files": [str(places.targets / f"{FILES.get(name, name)}*.yml")]}]
    return result


def _with_alertmanager(text: str, data: dict[str, Any]) -> str:
    alerting = data.get("alerting") or {}
    if not isinstance(alerting, dict):
        raise RefusedError("alerting is no mapping; write “alertmanagers:” below it")
    addresses = {
        target
        for entry in mappings(alerting.get("alertmanagers"), "alerting.alertmanagers")
        for static in mappings(entry.get("static_configs"), "static_configs of alerting.alertmanagers")
        for target in static.get("targets") or ()
    }
    if addresses & LOCAL_ALERTMANAGER:
        return text
    ours = [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]
    if "alerting" in data:
        return insert(text, ["alerting", "alertmanagers"], ours)
    return text + without_list_mark(ours)


def without_list_mark(alertmanagers: list[dict[str, Any]]) -> str:
    """Return a whole part `alerting` for a file that has none."""
    inner = insert("", ["alertmanagers"], alertmanagers).splitlines()
    return "\n".join([inner[0], "alerting:", *(f"  {line}" for line in inner[1:-1]), inner[-1]]) + "\n"
