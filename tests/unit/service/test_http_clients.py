"""Proxies of the environment: they lead out, never to what is inside, and are told of where they cannot be used."""

from collections.abc import Iterator

import httpx
import pytest

from demo.ports import free_port
from service.http_clients import ProxyError, check_environment, inside, outward
from service.no_answer import reason_of
from tests.contract.web import Answering, web

NAMES = ("http", "https", "all", "no")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


@pytest.fixture
def server() -> Iterator[str]:
    """A server that answers as itself to a path, and as a proxy to a whole address."""

    class Handler(Answering):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            self.answer(b"proxy" if self.path.startswith("http://") else b"server")

    with web(Handler) as address:
        yield address


def who(client: httpx.Client, address: str) -> str:
    with client:
        return client.get(f"http://{address}/").text


@pytest.mark.parametrize("scheme", ["", "http://"])
@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_a_proxy_leads_out(server: str, name: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"{scheme}{server}")
    assert who(outward(), "grafana.example.kz") == "proxy"
    assert who(outward(), server) == "proxy"
    assert who(outward(direct=[f"http://{server}/prometheus"]), server) == "server"
    assert who(inside(), server) == "server"


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.0/8,fe80::/10",
        "localhost,::1,[::1],127.0.0.1",
        "fd07:b51a:cc66:f0::/64 127.0.0.1",
        "*",
        "10.0.0.0/8, 127.0.0.1:{port}",
    ],
)
def test_networks_and_addresses_go_past_it(server: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{server}")
    monkeypatch.setenv("no_proxy", text.replace("{port}", server.rpartition(":")[2]))
    assert who(outward(), server) == "server"
    if text != "*":
        assert who(outward(), "grafana.example.kz") == "proxy"


@pytest.mark.parametrize("text", [".example.kz", "example.kz", "*.example.kz", "grafana.example.kz:80"])
def test_names_go_past_it_with_their_subdomains(server: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{server}")
    monkeypatch.setenv("no_proxy", text)
    assert who(outward(), "counterexample.kz") == "proxy"
    with pytest.raises(httpx.ConnectError):
        who(outward(), "grafana.example.kz")


@pytest.mark.parametrize("address", ["socks5h://me:s3cret@127.0.0.1:1080", "socks://127.0.0.1:7890", "http://[::"])
@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    for asked in (outward, check_environment):
        with pytest.raises(ProxyError, match=f"{name} in the environment .*http://proxy:3128") as caught:
            asked()
        assert "s3cret" not in str(caught.value)
    inside().close()


def test_a_proxy_that_is_down_is_not_taken_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(httpx.ProxyError) as caught:
        who(outward(), "grafana.example.kz")
    assert reason_of(caught.value) == "the proxy that the environment names makes no connection"
