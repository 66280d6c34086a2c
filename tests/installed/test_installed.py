"""What docs/install.md and docs/upgrade.md promise, in a booted Debian 12, by the commands that those pages name."""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.installed.machine import Machine, UnavailableError, missing, plain
from tests.installed.platform import (
    TICKETS_STORED,
    add_tickets,
    gaps,
    lines_read,
    start_platform,
    stop_platform,
    stored,
)

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(bool(missing()), reason=f"no machine is booted: {missing()}"),
]

OURS = ("ott-agent", "ott-desk", "ott-busyhour")
UNITS = (*OURS, "prometheus", "prometheus-alertmanager")
AGENT = "http://127.0.0.1:9780/metrics"
TICKETS = "http://127.0.0.1:9781/tmf-api/troubleTicket/v5/troubleTicket?limit=100"
FINAL = {"resolved", "closed", "cancelled", "rejected"}
ASK = """\
#!/usr/bin/python3
import sys, urllib.request
request = urllib.request.Request(sys.argv[1])
if len(sys.argv) > 2:
    request.add_header("Authorization", "Bearer " + open(sys.argv[2]).read().strip())
sys.stdout.write(urllib.request.urlopen(request, timeout=10).read().decode())
"""
SETTINGS = "/etc/prometheus /etc/ottwatch /etc/systemd/system /etc/default"


def commands(page: str, number: int) -> str:
    """Return the commands of a page's block, counted from 1."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return blocks[number - 1]


INSTALL_NODE, INSTALL_CENTRE, ADD_NODE, CHECK = (commands("install.md", number) for number in range(1, 5))
UPGRADE, GO_BACK = (commands("upgrade.md", number) for number in (1, 2))


def wait(condition: Callable[[], bool], seconds: float = 600, pause: float = 0.3) -> float:
    """Wait until the condition holds; return how long that took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"not within {seconds:.0f} s"
        time.sleep(pause)
    return time.monotonic() - start


def wait_until_fine(machine: Machine) -> None:
    """Wait until `ott-center check` finds nothing; each look costs a second of the processor."""
    wait(lambda: not faults(machine), pause=3)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A booted Debian with nothing of ours."""
    try:
        with plain(tmp_path_factory.mktemp("debian")) as machine:
            yield machine
    except UnavailableError as error:
        pytest.skip(f"no machine is booted: {error}")


@pytest.fixture(scope="module")
def node(fresh: Machine, packages: Path) -> Machine:
    """The same with a node's package."""
    shutil.copytree(packages, fresh.root / "root", dirs_exist_ok=True)
    ask = fresh.root / "usr/local/bin/ask"
    ask.write_text(ASK, "utf-8")
    ask.chmod(0o755)
    fresh.shell(INSTALL_NODE)
    return fresh


@pytest.fixture(scope="module")
def centre(node: Machine) -> Machine:
    """The same as a control centre that monitors itself."""
    said = node.shell(INSTALL_CENTRE)
    assert "account admin, password " in said
    node.shell(ADD_NODE)
    node.shell("runuser -u ott-desk -- ott-desk token create --role viewer --name test > /root/token")
    return node


def tickets(machine: Machine) -> list[dict[str, Any]]:
    """Return every ticket of the desk."""
    result = json.loads(machine.shell(f"ask '{TICKETS}' /root/token"))
    assert isinstance(result, list)
    return result


def alert_of(ticket: dict[str, Any]) -> str:
    """Return the name of the alert that opened a ticket."""
    characteristics = ticket["troubleTicketCharacteristic"]
    return next(str(one["value"]) for one in characteristics if one["name"] == "label.alertname")


def node_down(machine: Machine) -> list[str]:
    """Return the states of the tickets of NodeDown. A busy machine may have raised others."""
    return [str(ticket["status"]) for ticket in tickets(machine) if alert_of(ticket) == "NodeDown"]


def faults(machine: Machine) -> str:
    """Return what `ott-center check` says, "" when it finds nothing."""
    said = machine.shell(f"{CHECK.strip()} || true")
    return said if "FAULT" in said else ""


def active(machine: Machine) -> list[str]:
    return machine.shell(f"systemctl is-active {' '.join(UNITS)} || true").split()


def digest(machine: Machine) -> str:
    """Return the sums, owners and modes of all settings."""
    sums = f"find {SETTINGS} -xdev -type f -exec md5sum {{}} + | sort -k2"
    return machine.shell(f"{sums}; find {SETTINGS} -printf '%p %u %g %m %l\\n' | sort")


def test_one_command_installs_a_node(node: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    took = wait(lambda: "node_cpu_seconds_total" in node.shell(f"ask {AGENT} || true"))
    assert node.shell("systemctl is-active ott-agent").strip() == "active"
    with capsys.disabled():
        print(f"\nthe agent answers {took:.1f} s after its installation")


def test_the_documented_commands_make_a_control_centre(centre: Machine) -> None:
    wait_until_fine(centre)
    assert active(centre) == ["active"] * len(UNITS)


def test_setup_again_changes_nothing(centre: Machine) -> None:
    before = digest(centre)
    said = centre.shell("ott-center setup --yes")
    assert digest(centre) == before
    assert "---" not in said
    assert "password" not in said
    wait_until_fine(centre)


def test_a_fault_is_named_with_its_remedy(centre: Machine) -> None:
    token = "/etc/prometheus/ottwatch-desk.token"
    centre.shell(f"cp -p {token} kept; echo wrong > {token}")
    said = centre.shell("ott-center check || true")
    assert "the desk refuses the token" in said
    assert "remedy: ott-center setup" in said
    centre.shell(f"cp -p kept {token}; rm kept")


def test_a_node_that_stops_becomes_a_ticket_and_is_resolved(
    centre: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    wait_until_fine(centre)
    known = len(node_down(centre))
    centre.shell("systemctl stop ott-agent")
    took = wait(lambda: len(node_down(centre)) > known)
    centre.shell("systemctl start ott-agent")
    resolved = wait(lambda: set(node_down(centre)) <= FINAL)
    with capsys.disabled():
        print(f"\na ticket {took:.1f} s after the node stopped, resolved {resolved:.1f} s after it started")


def test_the_example_that_was_replaced_leaves_no_ticket(centre: Machine) -> None:
    """Debian's Prometheus ran with jobs that are gone, for localhost:9090 and localhost:9100."""
    assert "localhost:" not in json.dumps(tickets(centre))


def test_one_switch_turns_on_tls_between_prometheus_and_the_node(centre: Machine) -> None:
    said = centre.shell("ott-center setup --tls --yes")
    bundle = re.search(r"copy (\S+) to the node", said)
    assert bundle, said
    centre.shell(f"ott-agent join {bundle[1]}\nsystemctl restart ott-agent")
    wait_until_fine(centre)
    targets = json.loads(centre.shell("ask 'http://127.0.0.1:9090/api/v1/targets?state=active'"))["data"][
        "activeTargets"
    ]
    (agent,) = (target for target in targets if target["labels"]["job"] == "ott-agent")
    assert (agent["scrapeUrl"], agent["health"]) == ("https://127.0.0.1:9780/metrics", "up")
    # Nobody who has no certificate of the authority gets an answer.
    authority = "/var/lib/ottwatch-center/authority/ca.pem"
    said = centre.shell(f"SSL_CERT_FILE={authority} ask https://127.0.0.1:9780/metrics 2>&1 || true")
    # The reason, or the end of the connection where that is read first.
    assert re.search(r"certificate required|EOF occurred|[Rr]eset by peer|Broken pipe", said, re.IGNORECASE), said


def test_an_upgrade_keeps_settings_tickets_and_lines_and_restarts_once(
    centre: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    centre.shell("for file in /etc/ottwatch/*.toml; do echo '# mine' >> $file; done")
    add_tickets(centre, TICKETS_STORED)
    start_platform(centre)
    wait_until_fine(centre)
    before, known = digest(centre), stored(centre)
    assert len(known) > TICKETS_STORED
    started = f"for unit in {' '.join(OURS)}; do journalctl -u $unit -o cat | grep -c '^Started'; done"
    starts = [int(count) for count in centre.shell(started).split()]
    at = time.monotonic()
    centre.shell(f"cd next\n{UPGRADE.replace('ott-center check', '')}")
    took = time.monotonic() - at
    assert "+next" in centre.shell("dpkg-query -Wf '${Version}' ottwatch-center")
    wait_until_fine(centre)
    written = stop_platform(centre)
    wait(lambda: lines_read(centre) >= written)
    assert lines_read(centre) == written
    assert digest(centre) == before
    assert known.items() <= stored(centre).items()
    assert [int(count) for count in centre.shell(started).split()] == [count + 1 for count in starts]
    with capsys.disabled():
        print(
            f"\nan upgrade with {len(known)} tickets took {took:.1f} s; {written} lines were written meanwhile and read"
        )
        for name, gap in gaps(centre).items():
            print(f"{name} did not answer for {gap:.1f} s at most")


def test_no_service_came_near_its_limit_of_memory(centre: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """By the processes' own peaks: a machine without cgroup v2 enforces no limit on its units."""
    for unit in OURS:
        limit = int(centre.shell(f"systemctl show -P MemoryMax {unit}"))
        status = centre.shell(f"cat /proc/$(systemctl show -P MainPID {unit})/status")
        peak = int(re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[0]) * 1024
        with capsys.disabled():
            print(f"\n{unit}: {peak / 1e6:.0f} MB at most, of {limit / 1e6:.0f} MB")
        assert peak < limit / 2, unit


def test_going_back_takes_the_copy_made_before(centre: Machine) -> None:
    known = stored(centre)
    centre.shell(GO_BACK)
    assert "+next" not in centre.shell("dpkg-query -Wf '${Version}' ottwatch-center")
    wait_until_fine(centre)
    assert known.items() <= stored(centre).items()


def test_everything_is_back_after_a_reboot(centre: Machine) -> None:
    before = digest(centre)
    centre.shut_down()
    centre.boot()
    wait_until_fine(centre)
    assert active(centre) == ["active"] * len(UNITS)
    assert digest(centre) == before


def test_a_purge_leaves_nothing(centre: Machine) -> None:
    centre.shell("apt-get purge ottwatch-center ottwatch-agent")
    left = centre.shell("find / -xdev -path /root -prune -o -iname '*ott-*' -print -o -iname '*ottwatch*' -print")
    assert [line for line in left.splitlines() if not line.startswith(("/proc/", "/sys/", "/run/", "/var/log/"))] == []
    assert "ott-" not in centre.shell("cat /etc/passwd /etc/group")
    sums = centre.shell("dpkg-query -Wf '${Conffiles}\\n' prometheus prometheus-alertmanager | grep yml")
    for path, wanted in (line.split()[:2] for line in sums.splitlines()):
        assert centre.shell(f"md5sum {path}").split()[0] == wanted
    assert centre.shell("systemctl is-active prometheus prometheus-alertmanager || true").split()[0] == "active"
