"""What a machine has to bear during an upgrade: many tickets, a log that is written and rotated, and watchers."""

import json
import sqlite3
from contextlib import closing

from tests.installed.machine import Machine

TICKETS_STORED = 20_000
DESK = "var/lib/ottwatch-desk/desk.db"
LOG = "/var/log/nginx/ott_access.log"
ANSWERS = "/root/answers"
SETTINGS = f"""
[[edge_log]]
service = "ott"
paths = ["{LOG}"]
format = "combined"
"""
# Written with the standard library of the machine's Python. The log is rotated every two seconds, as logrotate does.
LIFE = f"""\
import json, os, threading, time, urllib.request, signal, ssl, socket
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
answered = {{"the desk": [], "the agent": []}}

def look(name, port):
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as peer:
                if name == "the desk":
                    peer.settimeout(10)
                    peer.sendall(b"GET /readyz HTTP/1.0\\r\\n\\r\\n")
                    if b" 200 " not in peer.recv(100):
                        raise OSError
            answered[name].append(time.monotonic())
        except OSError:
            pass
        stop.wait(0.1)

threads = [threading.Thread(target=look, args=pair) for pair in (("the desk", 9781), ("the agent", 9780))]
for thread in threads:
    thread.start()
written = rotated = 0
while not stop.wait(0.02):
    with open("{LOG}", "a") as log:
        for _ in range(5):
            written += 1
            moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
            viewer = f"203.0.113.{{written % 250}}"
            log.write(f'{{viewer}} - - [{{moment}}] "GET /live/news/{{written}}.ts HTTP/1.1" 200 1000 "-" "player"\\n')
    if written % 500 == 0:
        rotated += 1
        os.rename("{LOG}", f"{LOG}.{{rotated}}")
for thread in threads:
    thread.join()
longest = {{name: max(b - a for a, b in zip(times, times[1:])) for name, times in answered.items()}}
with open("{ANSWERS}", "w") as out:
    json.dump({{"written": written, "longest": longest}}, out)
"""


def add_tickets(machine: Machine, number: int) -> None:
    """Multiply the tickets of the desk, each with its alarms and its log, until it has that many more."""
    machine.shell("systemctl stop ott-desk")
    with closing(sqlite3.connect(machine.root / DESK)) as database:
        (model,) = database.execute("SELECT min(id) FROM ticket WHERE status IN ('resolved', 'closed')").fetchone()
        for table, key in (("ticket", "id"), ("alarm", "ticket_id"), ("event", "ticket_id")):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            taken = {key: "1000 + number", "problem_key": "'stored ' || number", "status": "'closed'", "due_at": "NULL"}
            if table != "ticket":
                columns.remove("id")
            names = ", ".join(columns)
            values = ", ".join(taken.get(name, name) for name in columns)
            database.execute(
                f"WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted LIMIT {number}) "
                f"INSERT INTO {table} ({names}) SELECT {values} FROM counted, {table} WHERE {table}.{key} = {model}"
            )
        database.commit()
    machine.shell("systemctl start ott-desk")


def stored(machine: Machine) -> dict[int, str]:
    """Return number and problem of every ticket in the desk's database."""
    with closing(sqlite3.connect(f"file:{machine.root / DESK}?mode=ro", uri=True)) as database:
        return dict(database.execute("SELECT id, problem_key FROM ticket").fetchall())


def down(machine: Machine, node: str) -> list[int]:
    """Return the tickets of a node that are not resolved, with an alarm of its own that fires."""
    with closing(sqlite3.connect(f"file:{machine.root / DESK}?mode=ro", uri=True)) as database:
        found = database.execute(
            "SELECT DISTINCT ticket.id FROM ticket JOIN alarm ON alarm.ticket_id = ticket.id "
            "WHERE ticket.status NOT IN ('resolved', 'closed') AND alarm.ends_at IS NULL AND alarm.labels LIKE ?",
            (f'%"{node}"%',),
        )
        return [number for (number,) in found]


def start_platform(machine: Machine) -> None:
    """Let a server write its log, and the agent read it; look all the time whether desk and agent answer."""
    (machine.root / "root/life.py").write_text(LIFE, "utf-8")
    with (machine.root / "etc/ottwatch/agent.toml").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)
    machine.shell(
        "install -d -g adm -m 2750 /var/log/nginx\n"
        f"install -g adm -m 640 /dev/null {LOG}\n"
        "systemctl restart ott-agent\n"
        "systemd-run --quiet --unit platform --property UMask=0027 python3 /root/life.py"
    )


def stop_platform(machine: Machine) -> int:
    """End all of that; return how many lines the server has written."""
    machine.shell("systemctl stop platform")
    return int(json.loads((machine.root / ANSWERS.lstrip("/")).read_text("utf-8"))["written"])


def gaps(machine: Machine) -> dict[str, float]:
    """Return for how many seconds at most each program did not answer."""
    longest: dict[str, float] = json.loads((machine.root / ANSWERS.lstrip("/")).read_text("utf-8"))["longest"]
    return longest


def lines_read(machine: Machine) -> int:
    """Return how many lines the agent has counted, as Prometheus has it."""
    answer = machine.shell("ask 'http://127.0.0.1:9090/api/v1/query?query=ott_edge_log_lines_total'")
    result = json.loads(answer)["data"]["result"]
    return sum(int(float(row["value"][1])) for row in result)
