"""The servers themselves, on loopback and free ports, with the log formats of docs/sources/access-logs.md."""

import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.ports import free
from tests.contract.edge_log.servers import configurations as texts

START = 30.0
Keys = dict[str, Any]


@dataclass
class Server:
    """A running server: where it listens, and its logs with the agent's keys for each."""

    port: int
    logs: dict[Path, Keys]
    ipv6: int = 0
    mapped: int = 0  # a socket of IPv6 that takes IPv4, too
    http2: str = ""
    http2_arguments: Sequence[str] = ("--http2-prior-knowledge",)
    upstream: bool = False  # has an upstream of which one server is down
    collect: Callable[[], None] = field(default=lambda: None)  # brings the log up to date


@dataclass(frozen=True)
class Site:
    """What all servers share."""

    folder: Path
    root: Path
    origin: int  # nginx with the files
    slow: int  # answers nothing
    dead: int  # refuses connections
    stack: ExitStack
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def home(self, name: str) -> Path:
        """Return a folder for a server."""
        home = self.folder / name
        home.mkdir()
        return home

    def run(self, *call: str, environment: dict[str, str] | None = None) -> None:
        """Start a program, which ends with the site."""
        output = self.stack.enter_context((self.folder / "output.txt").open("ab"))
        process = subprocess.Popen(call, env={**os.environ, **(environment or {})}, stdout=output, stderr=output)

        self.processes.append(process)

    def end(self) -> None:
        """Stop the programs, all at the same time."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@contextmanager
def silence() -> Iterator[int]:
    """Yield the port of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        held = []

        def accept() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for connection in held:
                connection.close()


@contextmanager
def refusal() -> Iterator[int]:
    """Yield a port that refuses connections and that no other program gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def await_port(port: int) -> None:
    """Wait until something listens."""
    end = time.monotonic() + START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < end, f"nothing listens on port {port}"
            time.sleep(0.02)
        else:
            return


def nginx(site: Site) -> Server:
    """Start nginx with a log of each kind."""
    home, (port, ipv6, mapped, http2) = site.home("nginx"), free(4)
    ports = {"port": port, "ipv6": ipv6, "mapped": mapped, "http2": http2, "dead": site.dead}
    user = "user root;" if os.geteuid() == 0 else ""
    text = texts.NGINX.format(
        home=home,
        root=site.root,
        slow=site.slow,
        origin=site.origin,
        user=user,
        formats=texts.nginx_formats(),
        logs=texts.nginx_logs(home),
        **ports,
    )
    (home / "nginx.conf").write_text(text)
    site.run("nginx", "-c", str(home / "nginx.conf"), "-p", str(home), "-e", str(home / "error.log"))
    await_port(port)
    logs = {home / f"{name}.log": keys for name, (_, keys) in texts.NGINX_LOGS.items()}
    return Server(port, logs, ipv6, mapped, f"http://127.0.0.1:{http2}", upstream=True)


def apache(site: Site) -> Server:
    """Start Apache."""
    home, (port, ipv6, mapped) = site.home("apache"), free(3)
    modules = "mpm_event authn_core authz_core authz_user auth_basic authn_anon proxy proxy_http http2"
    loads = "".join(f"LoadModule {one}_module /usr/lib/apache2/modules/mod_{one}.so\n" for one in modules.split())
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    text = texts.APACHE.format(home=home, root=site.root, slow=site.slow, port=port, ipv6=ipv6, mapped=mapped)
    (home / "apache.conf").write_text(loads + user + text)
    site.run("apache2", "-f", str(home / "apache.conf"), "-DFOREGROUND")
    await_port(port)
    logs: dict[Path, Keys] = {
        home / "vhost.log": {"format": "combined_vhost"},
        home / "combined.log": {"format": "combined"},
        home / "forwarded.log": {"format": texts.FORWARDED, "client_address": "http_x_forwarded_for"},
    }
    return Server(port, logs, ipv6, mapped, f"http://127.0.0.1:{port}")


def haproxy(site: Site) -> Server:
    """Start HAProxy, with a log daemon that writes what it sends to a file."""
    home, (port, tls, mapped, http2) = site.home("haproxy"), free(4)
    daemon = site.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    daemon.bind(("127.0.0.1", 0))
    daemon.settimeout(0.2)
    ports = {"port": port, "tls": tls, "mapped": mapped, "http2": http2, "syslog": daemon.getsockname()[1]}
    text = texts.HAPROXY.format(origin=site.origin, certificate=certificate(site) / "both.pem", **ports)
    (home / "haproxy.cfg").write_text(text)
    log = home / "haproxy.log"

    def collect() -> None:
        try:
            while True:
                data = daemon.recv(1 << 16).rstrip(b"\n")
                with log.open("ab") as file:
                    file.write(data + b"\n")
        except TimeoutError:
            pass

    site.run("haproxy", "-f", str(home / "haproxy.cfg"), "-db")
    await_port(port)
    secure = f"https://127.0.0.1:{tls}"
    return Server(port, {log: {"format": "haproxy"}}, mapped, mapped, secure, ("--http2", "--insecure"), False, collect)


def varnish(site: Site) -> Server:
    """Start Varnish and varnishncsa."""
    home, (port, ipv6) = site.home("varnish"), free(2)
    (home / "test.vcl").write_text(texts.VARNISH.format(origin=site.origin))
    listen = ["-a", f"127.0.0.1:{port}", "-a", f"[::1]:{ipv6}"]
    instance = ["-n", str(home / "instance")]
    site.run("varnishd", "-F", *listen, "-f", str(home / "test.vcl"), *instance, "-p", "feature=+http2")
    await_port(port)
    log = home / "ncsa.log"
    site.run("varnishncsa", *instance, "-t", "30", "-a", "-w", str(log))
    # What was asked before varnishncsa has found Varnish is not in its log.
    end = time.monotonic() + START
    while not (log.exists() and log.stat().st_size):
        assert time.monotonic() < end, "varnishncsa logs nothing"
        with socket.create_connection(("127.0.0.1", port), START) as connection:
            connection.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            connection.recv(100)
        time.sleep(0.1)
    return Server(port, {log: {"format": "combined"}}, ipv6, 0, f"http://127.0.0.1:{port}")


def caddy(site: Site) -> Server:
    """Start Caddy."""
    home, (port,) = site.home("caddy"), free(1)
    (home / "Caddyfile").write_text(texts.CADDY.format(home=home, root=site.root, slow=site.slow, port=port))
    site.run("caddy", "run", "--config", str(home / "Caddyfile"), environment={"HOME": str(home)})
    await_port(port)
    log: dict[Path, Keys] = {home / "access.log": {"format": "caddy"}}
    return Server(port, log, port, port, f"http://127.0.0.1:{port}")


def lighttpd(site: Site) -> Server:
    """Start lighttpd."""
    home, (port, ipv6) = site.home("lighttpd"), free(2)
    (home / "c").write_text(texts.LIGHTTPD.format(home=home, root=site.root, slow=site.slow, port=port, ipv6=ipv6))
    site.run("lighttpd", "-D", "-f", str(home / "c"))
    await_port(port)
    return Server(port, {home / "access.log": {"format": "combined"}}, ipv6, 0, f"http://127.0.0.1:{port}")


def traffic_server(site: Site) -> Server:
    """Start Traffic Server."""
    home, (port, ipv6, tls) = site.home("trafficserver"), free(3)
    user = "trafficserver" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    for folder in ("config", "runtime", "log", "cache"):
        (home / folder).mkdir()
    for name in ("cert.pem", "key.pem"):
        shutil.copy(certificate(site) / name, home / "config")
    ports = {"port": port, "ipv6": ipv6, "tls": tls}
    for name, text in texts.TRAFFIC_SERVER.items():
        filled_in = text
        for key, value in {"home": home, "user": user, "origin": site.origin, **ports}.items():
            filled_in = filled_in.replace(f"<{key}>", str(value))
        (home / name).write_text(filled_in)
    if os.geteuid() == 0:
        for path in (home, *home.rglob("*")):
            shutil.chown(path, user, user)
    site.run("traffic_server", environment={"TS_RUNROOT": str(home / "runroot.yaml")})
    await_port(port)
    logs: dict[Path, Keys] = {
        home / "log/combined.log": {"format": "combined"},
        home / "log/fields.log": {"format": "combined"},
        home / "log/squid.log": {"format": texts.SQUID},
    }
    return Server(port, logs, ipv6, 0, f"https://127.0.0.1:{tls}", ("--http2", "--insecure"))


def certificate(site: Site) -> Path:
    """Return a folder with a certificate and its key."""
    home = site.folder / "certificate"
    if not home.exists():
        home.mkdir()
        call = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
        subprocess.run(call.split(), cwd=home, check=True, capture_output=True)
        (home / "both.pem").write_text((home / "cert.pem").read_text() + (home / "key.pem").read_text())
        for file in home.iterdir():
            file.chmod(0o644)
    return home


SERVERS = {one.__name__: one for one in (nginx, apache, haproxy, varnish, caddy, lighttpd, traffic_server)}
