"""An edge: Debian's nginx, unprivileged, with its own prefix, serving the packager's files."""

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
        location = /stub_status {{
            stub_status;
            access_log off;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Edge:
    """Where an edge keeps its files, and where it listens."""

    name: str
    prefix: Path
    port: int

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
        (self.prefix / "temp").mkdir(parents=True, exist_ok=True)
        # Started by root, nginx would hand its work to a user who cannot read a private checkout.
        user = f"user {pwd.getpwuid(0).pw_name};\n" if os.geteuid() == 0 else ""
        text = _CONFIGURATION.format(
            name=self.name, user=user, log_format=log_format, log=self.log, port=self.port, content=content
        )
        (self.prefix / "nginx.conf").write_text(text, "utf-8")

    @property
    def command(self) -> list[str]:
        """How to start it."""
        return ["nginx", "-p", str(self.prefix), "-c", str(self.prefix / "nginx.conf"), "-e", "stderr"]
