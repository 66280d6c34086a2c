"""An edge, or the origin: Debian's nginx, unprivileged, with its own prefix.

The origin serves the packager's files; an edge fetches them there and keeps them for as long as the origin allows.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_CONFIGURATION = """\
# The demo's edge {name}. What monitoring needs of an edge is the log format and stub_status.
daemon off;
worker_processes 1;
{user}pid nginx.pid;
error_log stderr warn;

events {{ worker_connections 512; }}

http {{
    types {{
        application/vnd.apple.mpegurl m3u8;
        video/mp2t ts;
    }}
    # A player's slow line: sockets of one machine would hold a whole segment, so the edge sends it that slowly.
    map $http_x_line_rate $line_rate {{
        default 0;
        "~^[1-9][0-9]+$" $http_x_line_rate;
    }}
    {log_format}
    access_log {log} ott;
    proxy_cache_path cache keys_zone=content:1m max_size=64m inactive=60s use_temp_path=off;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;

    server {{
        listen 127.0.0.1:{port};
{content}        location = /stub_status {{
            stub_status;
            access_log off;
        }}
        include fault.conf;
    }}
}}
"""
_FILES = """\
        location /live/ {{
            alias "{content}/";
            location ~ \\.m3u8$ {{ add_header Cache-Control "max-age=1"; }}
            add_header Cache-Control "max-age=60";
            limit_rate $line_rate;
        }}
        # What the agent fetches to see whether a channel plays is nobody's viewing: it stays out of the log.
        location /probe/ {{
            alias "{content}/";
            access_log off;
        }}
"""
_FROM_ORIGIN = """\
        proxy_cache content;
        proxy_cache_key $uri;
        proxy_cache_lock on;
        proxy_connect_timeout 2s;
        proxy_read_timeout 3s;
        location /live/ {{
            proxy_pass http://{origin}/live/;
            limit_rate $line_rate;
        }}
        location /probe/ {{
            proxy_pass http://{origin}/live/;
            access_log off;
        }}
"""
# What a faulty deployment leaves: nginx prefers a regular expression to the locations above.
FAULT = "location ~ \\.ts$ { return 500; }\n"


@dataclass(frozen=True, slots=True)
class Edge:
    """Where an edge keeps its files, and where it listens."""

    name: str
    prefix: Path
    port: int
    origin: str = ""  # host and port to fetch from; empty: it has the files itself

    @property
    def log(self) -> Path:
        """The access log that the agent follows."""
        return self.prefix / "access.log"

    @property
    def status_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stub_status"

    def probe_url(self, channel: str) -> str:
        """Return a channel's playlist where fetching it is not counted."""
        return f"http://127.0.0.1:{self.port}/probe/{channel}/index.m3u8"

    def write(self, content: Path, log_format: str) -> None:
        """Write the configuration; `log_format` is nginx's directive under the name ott."""
        served = (_FROM_ORIGIN if self.origin else _FILES).format(origin=self.origin, content=content)
        (self.prefix / "temp").mkdir(parents=True, exist_ok=True)
        # Started by root, nginx would hand its work to a user who cannot read a private checkout.
        user = f"user {pwd.getpwuid(0).pw_name};\n" if os.geteuid() == 0 else ""
        text = _CONFIGURATION.format(
            name=self.name, user=user, log_format=log_format, log=self.log, port=self.port, content=served
        )
        (self.prefix / "nginx.conf").write_text(text, "utf-8")
        self.deploy("")

    def deploy(self, fault: str) -> None:
        """Write what a deployment adds to the configuration; the server takes it at its next reload."""
        (self.prefix / "fault.conf").write_text(fault, "utf-8")

    @property
    def command(self) -> list[str]:
        """How to start it."""
        return ["nginx", "-p", str(self.prefix), "-c", str(self.prefix / "nginx.conf"), "-e", "stderr"]
