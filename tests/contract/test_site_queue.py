"""Samples that a site does not get rid of, by the settings that `ott-center site` writes: real programs.

At the addresses of the centre nobody listens, and the queues take 1 MB.
"""

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from alerts.desk.core.annotations import unreadable_figures
from center.pair_settings import Mail
from center.site_settings import SiteSettings
from demo.processes import wait_until
from deploy.pair.loopback import addresses, short_folder
from deploy.site.loopback import Site, running
from tests.contract.mailbox import Box, taking_mail

SECONDS = 120.0
QUEUE = 1_000_000


class CutOff(NamedTuple):
    """The site, and the mail of its people."""

    site: Site
    box: Box
    http: httpx.Client

    def asked(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return what the site's database answers: labels and value of every series."""
        answer = self.http.get(f"{self.site.url(8428)}/api/v1/query", params={"query": query})
        return [
            (each["metric"], float(each["value"][1])) for each in answer.raise_for_status().json()["data"]["result"]
        ]

    def alerts(self) -> dict[str, dict[str, Any]]:
        """Return the alerts of vmalert by name."""
        answer = self.http.get(f"{self.site.url(8880)}/api/v1/alerts")
        return {each["name"]: each for each in answer.raise_for_status().json()["data"]["alerts"] or []}

    def subjects(self) -> list[str]:
        """Return what the mails of the site's people are about, in their order."""
        return [mail.letter["Subject"] for mail in self.box.mails]


@pytest.fixture
def cut_off() -> Iterator[CutOff]:
    found = addresses()
    folder, box = short_folder(), Box()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        smarthost = f"127.0.0.1:{stack.enter_context(taking_mail(box))}"
        mail = Mail("duty@example.org", "ottwatch@example.org", smarthost)
        settings = SiteSettings("astana", "relay-astana", found["a"], (found["b"], found["witness"]), mail, "1MB")
        site = stack.enter_context(running(settings, folder, "[]\n"))
        yield CutOff(site, box, stack.enter_context(httpx.Client(timeout=SECONDS, trust_env=False)))


def test_a_queue_that_is_full_is_told_at_the_site_and_so_is_what_is_dropped(cut_off: CutOff) -> None:
    values = random.Random(1)
    for _ in range(16):  # 1.4 MB as vmagent keeps it
        lines = "\n".join(f'filler{{number="{number}"}} {values.random()}' for number in range(10_000))
        cut_off.http.post(f"{cut_off.site.url(8429)}/api/v1/import/prometheus", content=lines).raise_for_status()

    wait_until(
        lambda: {"SampleQueueFilling", "SamplesLost"} <= cut_off.alerts().keys(), SECONDS, "the rules show nothing"
    )
    dropping = 'vm_persistentqueue_bytes_dropped_total{job="site-vmagent"} > 0'
    wait_until(lambda: len(cut_off.asked(dropping)) == 2, SECONDS, "one of the centre's queues drops nothing")
    assert cut_off.asked("site:ott_sample_queue:bytes") == [
        ({"__name__": "site:ott_sample_queue:bytes", "site": "astana"}, QUEUE)
    ]
    kept = cut_off.asked("vmagent_remotewrite_pending_data_bytes")
    dropped = cut_off.asked("vm_persistentqueue_bytes_dropped_total")
    assert {(each["job"], each["node"], each["site"]) for each, _ in kept + dropped} == {
        ("site-vmagent", "relay-astana", "astana")
    }
    # The site's own database comes first, and takes everything.
    by_url = {each["url"]: value for each, value in kept}
    assert by_url.keys() == {"1:secret-url", "2:secret-url", "3:secret-url"}
    assert by_url["1:secret-url"] < QUEUE / 2 < min(by_url["2:secret-url"], by_url["3:secret-url"])
    by_number = {each["path"].rpartition("/")[2].partition("_")[0]: value for each, value in dropped}
    assert by_number.keys() == {"1", "2", "3"}
    assert by_number["1"] == 0 < min(by_number["2"], by_number["3"])

    found = cut_off.alerts()
    labels = {name: found[name]["labels"] for name in ("SampleQueueFilling", "SamplesLost")}
    assert {(each["node"], each["site"]) for each in labels.values()} == {("relay-astana", "astana")}
    assert float(found["SampleQueueFilling"]["value"]) > 0.5
    assert found["SamplesLost"]["state"] == "firing"
    assert [unreadable_figures(found[name]["annotations"]) for name in labels] == [[], []]

    lost = "ottwatch: astana loses samples"
    wait_until(lambda: lost in cut_off.subjects(), SECONDS, "no mail tells of samples that are lost")
    # The other one waits for five minutes; here it is said without the wait.
    told = [{"labels": labels["SampleQueueFilling"], "annotations": found["SampleQueueFilling"]["annotations"]}]
    cut_off.http.post(f"{cut_off.site.url(9093)}/api/v2/alerts", json=told).raise_for_status()
    fills = "ottwatch: the queue of astana fills up"
    wait_until(lambda: fills in cut_off.subjects(), SECONDS, "no mail tells of a queue that fills up")
    (letter,) = (mail.letter for mail in cut_off.box.mails if mail.letter["Subject"] == fills)
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert text.split("\n")[1].rstrip() == found["SampleQueueFilling"]["annotations"]["description_ru"]
    assert found["SampleQueueFilling"]["annotations"]["description"] in text


def test_samples_of_a_wrong_time_are_told(cut_off: CutOff) -> None:
    counted = 'vm_rows_ignored_total{job="site-victoria-metrics"}'
    wait_until(lambda: len(cut_off.asked(counted)) == 2, SECONDS, "the database's own samples are missing")
    ahead = f"ahead 1 {int((time.time() + 3 * 86400) * 1000)}\n"
    cut_off.http.post(f"{cut_off.site.url(8428)}/api/v1/import/prometheus", content=ahead).raise_for_status()

    wait_until(lambda: "SamplesIgnored" in cut_off.alerts(), SECONDS, "the rule shows nothing")
    found = cut_off.alerts()["SamplesIgnored"]
    assert (found["labels"]["node"], found["labels"]["site"]) == ("relay-astana", "astana")
    assert (found["state"], float(found["value"])) == ("firing", 1.0)
    assert unreadable_figures(found["annotations"]) == []
    assert [(each["reason"], value) for each, value in cut_off.asked(f"{counted} > 0")] == [("big_timestamp", 1.0)]
