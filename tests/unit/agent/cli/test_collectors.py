"""From settings to jobs, and what is said when they cannot be made."""

import sys
from pathlib import Path

import pytest

from agent.cli.collectors import Made, collectors
from agent.host import jobs as host_jobs
from agent.host.settings import HostSettings
from agent.runtime.collector import Job
from agent.settings import AgentSettings
from agent.sources.server.settings import ServerSettings
from agent.sources.streams.settings import StreamSettings
from agent.sources.subscribers.settings import SubscribersSettings
from service.setting_types import HttpUrl, host_and_port
from service.settings import Seconds, Secret, SettingsError

FILE = Path("agent.toml")
SERVER = ServerSettings("nginx_stub_status", HttpUrl("http://127.0.0.1/"), name="front", interval=Seconds(7.0))
SUBSCRIBERS = SubscribersSettings("ott", "sqlite:////x.db", preset="generic")
MARIADB = SubscribersSettings("ott", "mysql://ott@127.0.0.1/middleware", preset="generic")


def made(settings: AgentSettings) -> list[Made]:
    return collectors(settings, FILE, lambda: 0.0)


def faults(settings: AgentSettings) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        made(settings)
    return [str(fault) for fault in caught.value.faults]


def test_names_intervals_and_what_is_switched_off() -> None:
    host = HostSettings(without=["pressure"], processes=["nginx"], units=["nginx.service"])
    found = {
        job.name: job.interval
        for job in made(AgentSettings(host=host, tables={"server": [SERVER], "subscribers": [SUBSCRIBERS]}))
        if isinstance(job, Job)
    }
    assert found["server_front"] == 7
    assert found["subscribers_ott"] == 15
    assert found["stat"] is None
    assert found["process"] == host_jobs.PROCESSES_INTERVAL
    assert found["systemd"] == host_jobs.UNITS_INTERVAL
    assert "pressure" not in found


def test_nothing_of_the_host_where_node_exporter_stays() -> None:
    assert made(AgentSettings(host=HostSettings(enabled=False, processes=["x"]))) == []


def test_all_mistakes_at_once() -> None:
    settings = AgentSettings(
        host=HostSettings(without=["cpu"]),
        tables={
            "server": [SERVER, ServerSettings("nginx", HttpUrl("http://127.0.0.1/"))],
            "subscribers": [
                SubscribersSettings("ott", Secret(env="OTT_NOT_SET"), preset="generic"),
                SubscribersSettings("iptv", "nonsense", preset="generic"),
                SubscribersSettings("vod", url=HttpUrl("http://h/"), online_path="a..b"),
            ],
        },
    )
    found = faults(settings)
    assert found[0].startswith('agent.toml: host.without[1]: "cpu" is none of bonding, ')
    assert found[1].startswith("agent.toml: server[2]: nginx: there is no such preset; there are: angie, apache, ")
    assert found[2] == "agent.toml: subscribers[1]: the environment variable OTT_NOT_SET is not set"
    assert found[3].startswith("agent.toml: subscribers[2]: database: ")
    assert found[4].startswith("agent.toml: subscribers[3]: online_path = 'a..b' is not JMESPath")
    assert len(found) == 5


@pytest.mark.parametrize(
    ("missing", "module", "settings", "key"),
    [
        (
            "pymysql",
            "agent.sources.subscribers.collect",
            AgentSettings(tables={"subscribers": [MARIADB]}),
            "subscribers[1]",
        ),
        ("jmespath", "agent.sources.server.pages.json_page", AgentSettings(tables={"server": [SERVER]}), "server[1]"),
    ],
)
def test_an_extra_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, missing: str, module: str, settings: AgentSettings, key: str
) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("agent.sources.server", "agent.sources.subscribers"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    assert faults(settings) == [
        f"agent.toml: {key}: needs the extra “agent” ({missing} is missing): pip install 'ottwatch[agent]'"
    ]


def test_a_channel_whose_secret_is_missing() -> None:
    settings = AgentSettings(tables={"stream": [StreamSettings("news", Secret(env="OTT_NOT_SET"))]})
    with pytest.raises(SettingsError, match=r"agent\.toml: stream\[1\]\.url: .*OTT_NOT_SET is not set"):
        made(settings)


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9780", ("127.0.0.1", 9780)), ("[::1]:9780", ("::1", 9780)), ("node-1:1", ("node-1", 1))],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert host_and_port(text) == address


@pytest.mark.parametrize("text", ["", "localhost", ":9780", "127.0.0.1:", "127.0.0.1:x", "::1:9780", "h:65536", "h:-1"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="ADDRESS:PORT"):
        host_and_port(text)


@pytest.mark.parametrize("name", ["", "a b", "x" * 41, 'say "x"', "../x"])
def test_names_that_are_no_labels(name: str) -> None:
    with pytest.raises(ValueError, match="it becomes a label"):
        SubscribersSettings(name, "sqlite:////x.db", preset="generic")
