"""The desk as a process: nothing is lost over a kill, and bad input leaves it standing."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import alert, notification

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
WEBHOOK = "/webhook/alertmanager"


def test_a_kill_and_a_restart_lose_nothing_and_repeat_nothing(desk: Process) -> None:
    with desk.client() as client:
        assert client.post(WEBHOOK, json=notification(alert())).json()["opened"] == 1
    desk.kill()
    desk.start()
    with desk.client() as client:
        assert client.post(WEBHOOK, json=notification(alert())).json() == {"outcomes": {"repeated": 1}, "opened": 0}
        tickets = client.get(TICKETS).json()
        assert [(each["status"], each["priority"], each["name"]) for each in tickets] == [
            ("acknowledged", "P1", "edge-1 не отвечает")
        ]
        client.post(WEBHOOK, json=notification(alert(firing=False)))
        (ticket,) = client.get(TICKETS).json()
        assert (ticket["status"], ticket["statusChangeReason"]) == ("resolved", "recovered")


def test_bad_input_is_refused_and_the_desk_goes_on(desk: Process) -> None:
    with desk.client() as client:
        assert client.post(WEBHOOK, content=b"not json").status_code == 400
        assert client.post(WEBHOOK, content=b"[1]").status_code == 400
        assert client.post(WEBHOOK, content=b"[" * 100_000).status_code == 400
        assert httpx.post(desk.url + WEBHOOK, json=notification(alert()), timeout=60).status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert client.post(WEBHOOK, json=notification(alert()), headers=wrong).status_code == 401
        assert client.get(TICKETS).json() == []
        assert client.post(WEBHOOK, json=notification(alert())).status_code == 200
        counted = client.get("/metrics").text
        assert "Internal" not in counted, desk.log
        assert 'ott_desk_webhook_requests_total{code="400"} 3.0' in counted
        assert 'ott_desk_webhook_requests_total{code="401"} 2.0' in counted
        assert 'ott_desk_webhook_alerts_total{outcome="new"} 1.0' in counted
    assert '"level": "error"' not in desk.log


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_gets_413(desk: Process, announced: bool) -> None:
    body = b"x" * (1024 * 1024 + 1)
    content = body if announced else iter([body[:600_000], body[600_000:]])
    with desk.client() as client:
        answer = client.patch(f"{TICKETS}/1", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert client.get("/healthz").text == "ok\n"


def test_everything_but_health_wants_a_login(desk: Process) -> None:
    for path in ("/", "/ticket/1"):
        answer = httpx.get(desk.url + path, timeout=60)
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login")
    for path in (TICKETS, f"{TICKETS}/1", "/openapi.json"):
        assert httpx.get(desk.url + path, timeout=60).status_code == 401
    for path in ("/metrics", "/api/v1/targets/agents"):
        assert httpx.get(desk.url + path, headers={"X-Forwarded-For": "203.0.113.9"}, timeout=60).status_code == 401
        assert httpx.get(desk.url + path, timeout=60).status_code == 200


def test_it_stops_cleanly(desk: Process) -> None:
    assert desk.stop() == 0
    assert '"level": "error"' not in desk.log


def test_an_engineer_works_on_a_ticket_in_the_console(desk: Process) -> None:
    desk.run("account", "create", "--role", "engineer", "--name", "Aigerim", stdin="correct horse battery\n")
    with desk.client() as machine:
        machine.post(WEBHOOK, json=notification(alert(), alert(severity="major", device="sdb")))
    with httpx.Client(base_url=desk.url, follow_redirects=True, timeout=60) as browser:
        page = browser.get("/")
        page = submit(browser, page, "/login", name="Aigerim", password="wrong password")
        assert page.status_code == 403
        page = submit(browser, page, "/login", name="Aigerim", password="correct horse battery")
        assert "1 открытый билет" in page.text
        assert "активных аварий: 2" in page.text
        page = browser.get("/ticket/1")
        for header in ("content-security-policy", "x-content-type-options"):
            assert header in page.headers
        stale = page
        page = submit(browser, page, "/ticket/1/take")
        assert "в работе" in page.text
        # Somebody who still looks at the old page is told, and nothing is overwritten.
        assert submit(browser, stale, "/ticket/1/take").status_code == 409
        page = submit(browser, page, "/ticket/1/hand-over", vendor="Edge Ltd", text="<b>power</b>")
        assert "у вендора: Edge Ltd" in page.text
        assert "&lt;b&gt;power&lt;/b&gt;" in page.text
        assert browser.post("/ticket/1/note", data={"text": "x", "version": "1", "csrf": "forged"}).status_code == 403
        page = submit(browser, page, "/language", language="en")
        assert "Ticket queue" in page.text or "Ticket 1" in page.text
        assert browser.get("/ticket/999").status_code == 404
    with desk.client() as machine:
        ticket = machine.get(f"{TICKETS}/1").json()
        assert [each["status"] for each in ticket["statusChangeHistory"]] == ["acknowledged", "inProgress", "held"]
        assert [each["author"] for each in ticket["note"]] == ["Aigerim"]


def test_guessing_passwords_is_slowed_down(desk: Process) -> None:
    desk.run("account", "create", "--role", "viewer", "--name", "Timur", stdin="correct horse battery\n")
    with httpx.Client(base_url=desk.url, follow_redirects=True, timeout=60) as browser:
        page = browser.get("/login")
        for _ in range(5):
            page = submit(browser, page, "/login", name="Timur", password="wrong password")
            assert page.status_code == 403
        page = submit(browser, page, "/login", name="Timur", password="correct horse battery")
        assert page.status_code == 429


def submit(browser: httpx.Client, page: httpx.Response, action: str, **values: str) -> httpx.Response:
    """Send a page's form with its hidden fields, as a browser does."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.text, re.DOTALL)
    assert form, f"no form {action} in {page.text}"
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    return browser.post(action, data=hidden | values)


def wrong_password(desk: Process, address: str) -> int:
    with httpx.Client(base_url=desk.url, headers={"X-Forwarded-For": address}, timeout=30) as browser:
        key = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)
        assert key
        typed = {"csrf": key[1], "name": f"somebody at {address}", "password": "a wrong one"}
        return browser.post("/login", data=typed).status_code


@pytest.mark.parametrize(("proxies", "elsewhere"), [('["127.0.0.0/8"]', 403), ("[]", 429)])
def test_guesses_count_for_the_address_that_a_known_proxy_names(tmp_path: Path, proxies: str, elsewhere: int) -> None:
    desk = Process(tmp_path, f"proxies = {proxies}\n")
    desk.start()
    try:
        assert [wrong_password(desk, "192.0.2.1") for _ in range(6)] == [403] * 5 + [429]
        assert wrong_password(desk, "192.0.2.2") == elsewhere
        near = httpx.get(f"{desk.url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}, timeout=60)
        assert near.status_code == 401, "whoever asks through a proxy is not near"
    finally:
        desk.stop()


def test_a_desk_that_cannot_listen_says_so_and_never_that_it_is_ready(desk: Process) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(desk.folder / "notify"))
        systemd.setblocking(False)
        second = subprocess.run(
            [sys.executable, "-m", "alerts.desk", "serve", "--config", desk.config],
            env=os.environ | {"NOTIFY_SOCKET": str(desk.folder / "notify")},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert second.returncode == 1
        assert second.stderr.startswith("listen: ")
        assert "in use" in second.stderr
        assert len(second.stderr.splitlines()) == 1
        with pytest.raises(BlockingIOError):
            systemd.recv(1000)


SITES = '[[site]]\nname = "almaty"\n'


def test_a_topology_that_breaks_on_reload_leaves_the_old_one_and_is_said(tmp_path: Path) -> None:
    desk = Process(tmp_path, 'watchdog = ""\ntopology = "topology.toml"\n')
    file = tmp_path / "topology.toml"
    file.write_text(SITES, "utf-8")
    desk.start()
    try:

        def reloaded(text: str, successful: int) -> None:
            file.write_text(text, "utf-8")
            assert desk.running is not None
            desk.running.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 60
            while f"ott_desk_config_last_reload_successful {successful}.0" not in client.get("/metrics").text:
                assert time.monotonic() < deadline, desk.log
                time.sleep(0.02)

        with desk.client() as client:
            assert "ott_desk_config_last_reload_successful 1.0" in client.get("/metrics").text
            reloaded(SITES + '[[feeds]]\nfrom = "a"\nto = ["site:paris"]\n', 0)
            assert client.post(WEBHOOK, json=notification(alert())).json()["opened"] == 1
            reloaded(SITES, 1)
        assert "there is no site 'paris'" in desk.log
    finally:
        desk.stop()


@pytest.mark.parametrize("hours", ["nan", "0", "-5", "1e300", "many"])
def test_hours_that_are_none_are_an_unusable_call(tmp_path: Path, hours: str) -> None:
    call = [sys.executable, "-m", "alerts.desk", "keys", "--hours", hours, "--config", str(tmp_path / "desk.toml")]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "--hours" in done.stderr) == (2, True)
