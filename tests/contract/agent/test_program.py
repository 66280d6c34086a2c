"""ott-agent from outside: its commands, its addresses, its signals, who may read it."""

import gzip
import json
import signal
import socket
import ssl
import subprocess
import threading
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.contract.agent.program import agent, run, wait_until


def test_three_mistakes_are_three_messages_with_file_key_and_remedy(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        'listen = "localhost"\nstaet = "/x"\n'
        '[[server]]\npreset = "nginx_stub_status"\nurl = "http://h/"\ninterval = 5\n'
    )
    for command in ("check-config", "serve", "once"):
        result = run(command, "--config", str(config))
        assert result.returncode == 2
        assert sorted(result.stderr.splitlines()) == [
            f'{config}: listen: must be "ADDRESS:PORT", such as "127.0.0.1:9780" or "[::1]:9780", not \'localhost\'',
            f'{config}: server[1].interval: expected a duration in quotes such as "30s", found 5',
            f'{config}: staet: unknown key; did you mean "state"?',
        ]
        assert result.stdout == ""


SERVER = '[[server]]\npreset = "nginx_stub_status"\nurl = "http://h/"\n'
SUBSCRIBERS = '[[subscribers]]\nservice = "ott"\n'
MISTAKES = {
    SERVER.replace("nginx", "ngnix"): "server[1]: ngnix_stub_status: there is no such preset; there are: ",
    SERVER.replace("h/", "u:p@h/"): "server[1].url: holds a password",
    SERVER * 2: 'two [[server]] are called "nginx_stub_status"',
    SUBSCRIBERS + 'database = "sqlite:///x"\n': "subscribers[1]: give either preset",
    SUBSCRIBERS + 'preset = "generic"\ndatabase = "postgresql://u:p@h/d"\n': "database holds a password",
    SUBSCRIBERS + 'preset = "generic"\ndatabase = { env = "NOT_SET" }\n': "environment variable NOT_SET is not set",
    '[auth.basic]\nusername = "u"\npassword = { file = "/none" }\n': "auth.basic.password: /none cannot be read",
    SERVER + 'token = { file = "/none" }\n': "server[1]: /none cannot be read: No such file",
    SUBSCRIBERS
    + 'url = "http://h/"\nonline_path = "n"\ntoken = { file = "/none" }\n': "subscribers[1]: /none cannot be read",
    '[[certificate]]\nendpoint = "p"\naddress = "h:443"\nauthority = "/none"\n': "certificate[1]: authority: /none",
    '[tls]\ncertificate = "/none"\nkey = "/none"\n': "tls.key: /none cannot be read: No such file",
    SERVER.replace("h/", "h:80x/"): "server[1].url: has an invalid host or port",
    SERVER.replace("http://h/", "http://"): "server[1].url: names no host",
    SERVER.replace("http://h/", "h:80/"): "server[1].url: must begin with http:// or https://",
    SERVER.replace("h/", "h/a b"): "server[1].url: has a character that no URL has; write a space as %20",
    '[[stream]]\nchannel = "a"\nurl = "http:///a.m3u8"\n': "stream[1]: url names no host",
    '[auth]\ntoken = "hunter2"\n': 'auth.token: must not stand here itself; write { file = "/path" }',
    SERVER.replace(
        "[[server]]", "[server]"
    ): "server: expected a list of tables, found one table; write its name in double",
    '[host]\nwithout = ["presure"]\n': 'host.without[1]: "presure" is none of ',
    "[[edge_log]]\nservice = 'ott'\n": "edge_log[1]: give either paths = ",
}


def test_mistakes_of_different_kinds_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(
        'state = "relative"\n[auth]\ntoken = { file = "/none" }\n[tls]\ncertificate = "/none"\nkey = "/none"\n'
        + SERVER.replace("nginx", "ngnix")
        + '[[stream]]\nchannel = "a"\nurl = { file = "/none" }\n[[edge_log]]\nservice = "ott"\npaths = ["/a.log"]\n'
    )
    result = run("check-config", "--config", str(tmp_path / "agent.toml"))
    keys = [line.split(": ")[1] for line in result.stderr.splitlines()]
    assert sorted(keys) == ["auth.token", "server[1]", "state", "stream[1].url", "tls.certificate", "tls.key"]


@pytest.mark.parametrize("text", MISTAKES, ids=lambda text: MISTAKES[text][:40])
def test_a_mistake_is_told_with_its_remedy(tmp_path: Path, text: str) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(text)
    result = run("check-config", "--config", str(config))
    assert (result.returncode, result.stdout) == (2, "")
    assert f"{config}: " in result.stderr
    assert MISTAKES[text] in result.stderr


def test_what_may_be_there_later_is_a_note(tmp_path: Path) -> None:
    config, log = tmp_path / "agent.toml", tmp_path / "access.log"
    config.write_text(
        f'state = "{tmp_path}/state"\n[[edge_log]]\nservice = "ott"\npaths = ["{log}"]\n'
        '[[server]]\npreset = "varnish"\ncommand = ["no-such-program"]\n'
    )
    result = run("check-config", "--config", str(config))
    assert result.returncode == 0
    assert result.stderr.splitlines() == [
        f"{config}: edge_log[1].paths: note: there is no {log} yet",
        f"{config}: server[1].command: note: there is no program no-such-program here",
    ]
    log.touch()
    assert "access.log" not in run("check-config", "--config", str(config)).stderr


def test_without_a_file_the_host_alone_is_measured() -> None:
    assert run("check-config").returncode == 0
    result = run("once")
    names = {family.name for family in text_string_to_metric_families(result.stdout)}
    assert {"node_cpu_seconds", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes"} <= names
    assert {"ott_agent_build_info", "ott_collector_success"} <= names


def test_once_says_by_its_status_that_a_collector_failed(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text('[[subscribers]]\nservice = "ott"\npreset = "generic"\ndatabase = "sqlite:////none/x.db"\n')
    result = run("once", "--config", str(config))
    assert result.returncode == 1
    assert 'ott_collector_success{collector="subscribers_ott"} 0.0' in result.stdout
    assert "unable to open database file" in result.stderr


def test_addresses_and_a_clean_stop(tmp_path: Path) -> None:
    with agent(tmp_path) as running:
        metrics = running.get("/metrics")
        assert metrics.status == 200
        assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"node_load1 " in metrics.body
        squeezed = running.get("/metrics", {"Accept-Encoding": "gzip"})
        assert squeezed.headers["Content-Encoding"] == "gzip"
        assert b"node_load1 " in gzip.decompress(squeezed.body)
        assert running.get("/healthz").status == running.get("/readyz").status == 200
        for path in ("/", "/metrics/", "/../etc/passwd", "/metricsx", "//"):
            assert running.get(path).status == 404
        host, _, port = running.url.removeprefix("http://").partition(":")
        with closing(HTTPConnection(host, int(port), timeout=10)) as balancer:
            for path in ("/healthz", "/metrics"):  # on one connection: a body would be taken for the next answer
                balancer.request("HEAD", path)
                answer = balancer.getresponse()
                assert (answer.status, answer.read()) == (200, b"")
        assert "Python" not in metrics.headers["Server"]
        running.send(signal.SIGTERM)
        assert running.process.wait(10) == 0
        assert [json.loads(line)["message"] for line in running.log.splitlines()][-1] == "stopped"


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = tmp_path / "agent.toml"
        config.write_text(f'listen = "127.0.0.1:{taken.getsockname()[1]}"\n')
        result = run("serve", "--config", str(config))
    assert result.returncode == 2
    assert "Address already in use; choose another" in result.stderr


def test_a_reload_takes_new_settings_and_keeps_the_old_when_the_new_are_wrong(tmp_path: Path) -> None:
    with agent(tmp_path) as running:
        config = tmp_path / "agent.toml"
        before = config.read_text()
        config.write_text(before + "[host]\nenabled = 1\n")
        running.send(signal.SIGHUP)
        wait_until(lambda: "were not reloaded" in running.log, running)
        assert "host.enabled: expected true or false" in running.log
        assert b"node_load1 " in running.get("/metrics").body
        config.write_text(before + "[host]\nenabled = false\n")
        running.send(signal.SIGHUP)
        wait_until(lambda: "settings reloaded" in running.log, running)
        assert b"node_load1 " not in running.get("/metrics").body


def test_readiness_and_signs_of_life_for_systemd(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(15)
        with agent(tmp_path, environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"}) as running:
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            running.send(signal.SIGTERM)
            while (state := manager.recv(100)) == b"WATCHDOG=1":
                pass
            assert state == b"STOPPING=1"


def test_frequent_reloads_do_not_keep_the_signs_of_life_back(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(15)
        with agent(tmp_path, environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "600000000"}) as running:
            assert manager.recv(100) == b"READY=1"
            running.send(signal.SIGHUP)
            assert [manager.recv(100) for _ in range(3)] == [b"RELOADING=1", b"READY=1", b"WATCHDOG=1"]


def test_a_service_manager_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    with agent(tmp_path, environment={"NOTIFY_SOCKET": str(tmp_path / "none")}) as running:
        assert running.get("/healthz").status == 200
        running.send(signal.SIGTERM)
        assert running.process.wait(10) == 0


def test_a_token_or_a_password_opens_the_metrics(tmp_path: Path) -> None:
    secrets = {"token": "tok-123", "password": "пароль"}
    for name, text in secrets.items():
        (tmp_path / name).write_text(text + "\n", "utf-8")
        (tmp_path / name).chmod(0o600)
    settings = f"""
[auth]
token = {{ file = "{tmp_path}/token" }}
basic = {{ username = "prometheus", password = {{ file = "{tmp_path}/password" }} }}
"""
    with agent(tmp_path, settings) as running:
        assert running.get("/metrics").status == 401
        challenge = 'Basic realm="ott-agent", Bearer realm="ott-agent"'
        assert running.get("/metrics").headers["WWW-Authenticate"] == challenge
        assert running.get("/metrics", {"Authorization": "bearer tok-123"}).status == 200
        for wrong in ("Bearer tok-124", "Bearer ", "tok-123", "Basic cHJvbWV0aGV1czp3cm9uZw==", "Bearer tok-1234"):
            assert running.get("/metrics", {"Authorization": wrong}).status == 401, wrong
        assert running.get("/metrics", {"Authorization": "Bearer tok-123"}).status == 200
        basic = "Basic cHJvbWV0aGV1czrQv9Cw0YDQvtC70Yw="
        assert running.get("/metrics", {"Authorization": basic}).status == 200
        assert running.get("/healthz").status == running.get("/readyz").status == 200
        body = running.get("/metrics", {"Authorization": basic}).text
        assert not [secret for secret in secrets.values() if secret in body + running.log]


def test_a_reload_takes_new_secrets(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")
    token.chmod(0o600)
    with agent(tmp_path, f'[auth]\ntoken = {{ file = "{token}" }}\n') as running:
        assert running.get("/metrics", {"Authorization": "Bearer old"}).status == 200
        token.write_text("new\n")
        running.send(signal.SIGHUP)
        wait_until(lambda: "settings reloaded" in running.log, running)
        assert running.get("/metrics", {"Authorization": "Bearer old"}).status == 401
        assert running.get("/metrics", {"Authorization": "Bearer new"}).status == 200
        token.chmod(0o644)
        running.send(signal.SIGHUP)
        wait_until(lambda: "were not reloaded" in running.log, running)
        assert running.get("/metrics", {"Authorization": "Bearer new"}).status == 200


def make_certificates(folder: Path) -> None:
    """An authority, and certificates of a server and a client signed by it."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "ext", "-out", f"{name}.pem", "-days", "2",
        )  # fmt: skip


def test_tls_with_client_certificates(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    files = [f'{key} = "{tmp_path}/{file}"' for key, file in [("certificate", "server.pem"), ("key", "server.key")]]
    settings = "\n".join(["[tls]", *files, f'client_ca = "{tmp_path}/ca.pem"', ""])
    with agent(tmp_path, settings, scheme="https") as running:
        known = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        known.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
        assert b"node_load1 " in running.get("/metrics", context=known).body
        stranger = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with pytest.raises(OSError, match=r"(?i)certificate|reset|closed|EOF"):
            running.get("/metrics", context=stranger)
        # A client that never speaks, and one that speaks plainly, keep nobody waiting.
        host, port = running.url.removeprefix("https://").split(":")
        with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))) as plain:
            plain.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert running.get("/metrics", context=known).status == 200


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    (tmp_path / "server.key").chmod(0o644)
    config = tmp_path / "agent.toml"
    config.write_text(f'[tls]\ncertificate = "{tmp_path}/server.pem"\nkey = "{tmp_path}/server.key"\n')
    result = run("check-config", "--config", str(config))
    assert result.returncode == 2
    assert "server.key is open to other users (mode 0644): chmod 0640 or stricter" in result.stderr


# Where hostile clients connect from: another address of the loopback.
STRANGER = ("127.0.0.2", 0)


def test_slow_clients_do_not_hold_up_the_scrape(tmp_path: Path) -> None:
    with agent(tmp_path) as running, ExitStack() as stack:
        host, port = running.url.removeprefix("http://").split(":")
        for number in range(14):
            client = stack.enter_context(socket.create_connection((host, int(port)), source_address=STRANGER))
            # Half of them never finish their request, half never read their answer.
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" * 50 if number % 2 else b""))
        # It gives up after ten seconds, which is what the agent waits for one of them alone.
        assert running.get("/metrics").status == 200


def test_one_client_cannot_keep_the_others_out(tmp_path: Path) -> None:
    with agent(tmp_path) as running, ExitStack() as stack:
        host, port = running.url.removeprefix("http://").split(":")
        for _ in range(100):
            stack.enter_context(socket.create_connection((host, int(port)), source_address=STRANGER))
        wait_until(lambda: "too many connections" in running.log, running)
        assert running.get("/metrics").status == 200
        stack.close()

        def served() -> bool:
            with socket.create_connection((host, int(port)), source_address=STRANGER) as client:
                client.settimeout(5)
                try:
                    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                    return client.recv(15) == b"HTTP/1.1 200 OK"
                except OSError:
                    return False

        wait_until(served, running)


def test_two_scrapes_at_once_are_both_whole(tmp_path: Path) -> None:
    with agent(tmp_path) as running:
        bodies: list[str] = []
        threads = [threading.Thread(target=lambda: bodies.append(running.get("/metrics").text)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(bodies) == 8
        for body in bodies:
            assert 'ott_collector_success{collector="stat"} 1.0' in body
