"""All that agent, desk and busy hour can be told to do, switched on in a booted machine, and the servers for it."""

import json
import re
import time
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tests.installed.machine import Machine
from tests.support.channels import Part, encode, film, programme

SERVERS = ("postgresql", "mariadb-server")
PLACE = "/srv/everything"
AGENT = """
[host]
units = ["ott-desk.service", "postgresql.service", "mariadb.service"]
processes = ["prometheus", "mariadbd"]

[[edge_log]]
service = "syslog"
syslog = "127.0.0.1:5514"
format = "combined"

[[subscribers]]
service = "postgresql"
preset = "generic"
database = { file = "/etc/ottwatch/postgresql" }

[[subscribers]]
service = "mariadb"
preset = "generic"
database = { file = "/etc/ottwatch/mariadb" }

[[server]]
preset = "nginx_stub_status"
url = "http://127.0.0.1:8088/status"

[[stream]]
channel = "news"
url = "http://127.0.0.1:8088/news.m3u8"

[[certificate]]
endpoint = "agent"
address = "127.0.0.1:9780"
"""
SMTP = '[smtp]\nhost = "127.0.0.1"\nport = 2525\nsecurity = "none"\nsender = "ottwatch@example.kz"\n'
DESK = f'\n{SMTP}\n[[target]]\nname = "duty"\nkind = "mail"\nto = ["duty@example.kz"]\n'
BUSY_HOUR = f'\n{SMTP}\n[mail]\nto = ["planning@example.kz"]\n'
STATUS = "Active connections: 3\nserver accepts handled requests\n 7 7 9\nReading: 0 Writing: 1 Waiting: 2\n"
TABLES = (
    "CREATE TABLE subscriber (id integer PRIMARY KEY, service varchar(20), status varchar(20)); "
    "CREATE TABLE keepalive (subscriber_id integer, seen_at bigint); "
    "INSERT INTO subscriber VALUES (1, '{0}', 'active'), (2, '{0}', 'active'); "
)
LINE = '<190>Nov 29 12:00:00 edge nginx: 203.0.113.7 - - [{}] "GET /live/news/1.ts HTTP/1.1" 200 1000 "-" "player"'
DAY = 86_400
ZONE = ZoneInfo("Asia/Almaty")  # of the busy hour, unless its settings name another
# What Prometheus must have of the agent.
FIGURES = (
    'ott_subscribers{service="postgresql",status="active"} == 2',
    'ott_subscribers{service="mariadb",status="active"} == 2',
    'node_systemd_unit_state{name="postgresql.service",state="active"} == 1',
    'ott_process_instances{name="mariadbd"} >= 1',
    'ott_edge_log_lines_total{service="syslog"} >= 1',
    "ott_server_connections_accepted_total == 7",
    'max_over_time(ott_stream_up{channel="news"}[5m]) == 1',
    'ott_certificate_not_after_timestamp_seconds{endpoint="agent"} > 0',
    "sum(ott_collector_bugs_total) == 0",
)
MAILS = {"planning@example.kz": r"filename=.*\.xlsx", "duty@example.kz": ""}
"""To whom mail goes, and what is in it."""


def start(machine: Machine) -> None:
    """Install the servers, fill them, write the settings and have the services read them."""
    machine.shell(f"apt-get install --no-install-recommends {' '.join(SERVERS)} ./ottwatch-agent-postgresql_*.deb")
    _databases(machine)
    place = machine.root / PLACE.lstrip("/")
    place.mkdir()
    (place / "status").write_text(STATUS, "utf-8")
    (place / "news.ts").write_bytes(encode(Part(4, film(), programme())))
    (place / "news.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nnews.ts\n", "utf-8")
    (place / "traffic.csv").write_text(_last_two_months(), "utf-8")
    for name, command in (
        ("files", f"python3 -m http.server 8088 --bind 127.0.0.1 --directory {PLACE}"),
        ("mail", "python3 -u -W ignore -m smtpd -n -c DebuggingServer 127.0.0.1:2525"),
    ):
        machine.shell(f"systemd-run --quiet --unit {name} {command}")
    machine.shell("cp -a /etc/ottwatch kept")
    for program, settings in (("agent", AGENT), ("desk", DESK), ("busyhour", BUSY_HOUR)):
        file = machine.root / f"etc/ottwatch/{program}.toml"
        file.write_text(_without_host(file.read_text("utf-8")) + settings, "utf-8")
    machine.shell(
        "runuser -u ott-busyhour -- ott-busyhour import --config /etc/ottwatch/busyhour.toml --quantity sessions "
        f"--step 15m {PLACE}/traffic.csv\n"
        "systemctl restart ott-agent ott-desk ott-busyhour"
    )


def stop(machine: Machine) -> None:
    """Take the settings back; the servers go with their packages."""
    machine.shell(
        "cp -a kept/. /etc/ottwatch/; rm -r kept /etc/ottwatch/postgresql /etc/ottwatch/mariadb\n"
        "systemctl restart ott-agent ott-desk ott-busyhour\n"
        "systemctl stop files mail\n"
        "systemctl disable --now postgresql mariadb\n"
        "apt-get purge ottwatch-agent-postgresql"
    )


def missing_figures(machine: Machine) -> list[str]:
    """Send the agent a line of an access log by syslog; return the figures that Prometheus does not have yet."""
    _send_line(machine)
    ask = "ask 'http://127.0.0.1:9090/api/v1/query?query={}'"
    return [figure for figure in FIGURES if not json.loads(machine.shell(ask.format(quote(figure))))["data"]["result"]]


def missing_mails(machine: Machine) -> list[str]:
    """Return who has no mail yet, as it ought to be."""
    said = machine.shell("journalctl -u mail -o cat")
    mails = said.split("---------- MESSAGE FOLLOWS ----------")
    return [
        to
        for to, content in MAILS.items()
        if not any(re.search(rf"^b'To: .*{to}", mail, re.MULTILINE) and re.search(content, mail) for mail in mails)
    ]


def forecast(machine: Machine) -> str:
    """Return the words of the busy hour's forecast."""
    answer = machine.shell("ask 'http://127.0.0.1:9782/api/forecast?scope=platform&quantity=sessions'")
    return str(json.loads(answer)["words"])


def _send_line(machine: Machine) -> None:
    """Send the agent a line of an access log by syslog."""
    line = LINE.format(time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()))
    sending = f"import socket; socket.socket(2, 2).sendto({line.encode()!r}, ('127.0.0.1', 5514))"
    (machine.root / "root/send.py").write_text(sending, "utf-8")
    machine.shell("python3 send.py; rm send.py")


def _databases(machine: Machine) -> None:
    (machine.root / "root/postgresql.sql").write_text(
        "CREATE ROLE watch LOGIN PASSWORD 'secret'; CREATE DATABASE middleware OWNER watch;\n"
        "\\c middleware\n" + TABLES.format("postgresql") + "GRANT SELECT ON ALL TABLES IN SCHEMA public TO watch;\n",
        "utf-8",
    )
    (machine.root / "root/mariadb.sql").write_text(
        "CREATE DATABASE middleware; CREATE USER watch@localhost IDENTIFIED BY 'secret'; "
        "GRANT SELECT ON middleware.* TO watch@localhost; USE middleware; " + TABLES.format("mariadb"),
        "utf-8",
    )
    machine.shell(
        "runuser -u postgres -- psql -v ON_ERROR_STOP=1 -q < postgresql.sql\n"
        "mariadb < mariadb.sql\n"
        "rm postgresql.sql mariadb.sql\n"
        "cd /etc/ottwatch\n"
        "echo postgresql://watch:secret@127.0.0.1:5432/middleware > postgresql\n"
        "echo mysql://watch:secret@127.0.0.1:3306/middleware > mariadb\n"
        "chgrp ott-agent postgresql mariadb; chmod 640 postgresql mariadb"
    )


def _without_host(settings: str) -> str:
    """Return settings without the table [host] that `init` wrote; ours replaces it."""
    return re.sub(r"^\[host\]\n(?:(?!\[).*\n)*", "", settings, flags=re.MULTILINE)


def _last_two_months() -> str:
    """Return a table of every quarter of an hour of the two months before this one, by the calendar of the zone."""
    this_month = datetime.now(ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = int(this_month.timestamp())
    rows = (
        f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))},{1000 + at % DAY // 60 + at // DAY % 7 * 10}"
        for at in range(end - 62 * DAY, end, 900)
    )
    return "Time,Sessions\n" + "\n".join(rows) + "\n"
