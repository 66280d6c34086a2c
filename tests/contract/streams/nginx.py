"""Debian's nginx on loopback ports, unprivileged or not, with what a test wants it to serve."""

import os
import pwd
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIGURATION = """\
daemon off;
worker_processes 1;
{user}pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; application/dash+xml mpd; video/mp4 m4s; }}
    access_log access.log;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    {servers}
}}
"""


@contextmanager
def nginx(folder: Path, servers: str, ports: list[int]) -> Iterator[None]:
    """Serve `servers` until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    # Started by root, its worker would be a user who cannot read the test's folder.
    user = f"user {pwd.getpwuid(0).pw_name};\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_CONFIGURATION.format(user=user, servers=servers), "utf-8")
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"])
    try:
        end = time.monotonic() + 10
        while not all(map(_answers, ports)):
            assert process.poll() is None, "nginx ended; its message stands above"
            assert time.monotonic() < end, f"nginx does not listen on {ports}"
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
