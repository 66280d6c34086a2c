"""Which of two databases of metrics a side's HAProxy asks, by its shipped settings: real programs."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from center.pair import rendered
from demo.processes import Program, answers, stop_all, wait_until
from deploy.pair.loopback import SIDES, addresses, settings_of
from tests.conftest import ROOT

SECONDS = 60.0
UP = 'up{job="vmagent",instance="a:8429"}'


class Side:
    """One side's database, as its HAProxy's neighbour."""

    def __init__(self, address: str, http: httpx.Client) -> None:
        self._url, self._http = f"http://{address}:8428", http

    def has(self, series: str, start: float, end: float) -> None:
        """Give it a sample a second; it takes those of the future, too."""
        lines = [f"{series} 1 {int((start + second) * 1000)}" for second in range(int(end - start))]
        answer = self._http.post(f"{self._url}/api/v1/import/prometheus", content="\n".join(lines) + "\n")
        answer.raise_for_status()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Side, Side, str, httpx.Client]]:
    found = addresses()
    files = dict(rendered(settings_of(found, tmp_path), "a", ROOT / "deploy/pair/machine"))
    text = re.sub(r"^    (user|group) .*\n", "", files["etc/haproxy/haproxy.cfg"], flags=re.MULTILINE)
    haproxy = tmp_path / "haproxy.cfg"
    haproxy.write_text(text.replace("bind *:", f"bind {found['a']}:"), "utf-8")
    programs = [
        Program(
            f"victoria-metrics of {side}",
            [
                "victoria-metrics", f"-storageDataPath={tmp_path}/{side}", f"-httpListenAddr={found[side]}:8428",
                "-search.latencyOffset=1s",
            ],
            tmp_path / f"{side}.log",
            answers(f"http://{found[side]}:8428/health"),
        )
        for side in SIDES
    ]  # fmt: skip
    programs.append(
        Program(
            "haproxy",
            ["haproxy", "-db", "-f", str(haproxy)],
            tmp_path / "haproxy.log",
            answers(f"http://{found['a']}:8405/metrics"),
        )
    )
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(timeout=SECONDS, trust_env=False))
        stack.callback(stop_all, programs)
        for program in programs:
            program.start()
            program.wait_ready(SECONDS)
        yield Side(found["a"], http), Side(found["b"], http), f"http://{found['a']}:9099", http


def test_the_own_database_is_asked_once_it_has_the_newest_samples_and_before_that_the_other(
    pair: tuple[Side, Side, str, httpx.Client],
) -> None:
    own, other, metrics, http = pair

    def asked() -> list[str]:
        answer = http.get(f"{metrics}/api/v1/query", params={"query": "mark"})
        return [each["metric"]["side"] for each in answer.json()["data"]["result"]] if answer.is_success else []

    began = time.time()
    own.has('mark{side="own"}', began - 60, began + 600)
    other.has('mark{side="other"}', began - 60, began + 600)
    own.has(UP, began - 120, began - 60)  # what it had before it was killed
    wait_until(lambda: asked() == ["own"], SECONDS, "where neither is current, the own one is not asked")
    other.has(UP, began - 60, began + 600)
    wait_until(lambda: asked() == ["other"], SECONDS, "a database with a hole is asked though the other has none")
    own.has(UP, time.time() + 2, began + 600)
    wait_until(lambda: asked() == ["own"], SECONDS, "the own database is not asked though it is current again")
