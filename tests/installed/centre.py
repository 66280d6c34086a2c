"""A control centre in a booted machine, made by the commands of the documentation, and what can be asked of it."""

import contextlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.installed.machine import Machine, UnavailableError, plain

OURS = ("ott-agent", "ott-desk", "ott-busyhour")
UNITS = (*OURS, "prometheus", "prometheus-alertmanager")
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


@contextlib.contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """Yield a booted Debian with nothing of ours, or skip the test where none can be booted."""
    with contextlib.ExitStack() as stack:
        try:
            machine = stack.enter_context(plain(folder))
        except UnavailableError as error:
            pytest.skip(f"no machine is booted: {error}")
        yield machine


def bring(machine: Machine, packages: Path, folder: str = ".") -> None:
    """Copy packages to where the commands of the documentation look for them, and a program that asks a service."""
    target = machine.root / "root" / folder
    target.mkdir(exist_ok=True)
    for package in packages.glob("*.deb"):
        shutil.copy(package, target)
    ask = machine.root / "usr/local/bin/ask"
    ask.write_text(ASK, "utf-8")
    ask.chmod(0o755)


def install_centre(machine: Machine) -> None:
    """Make a node the control centre that monitors itself."""
    said = machine.shell(INSTALL_CENTRE)
    assert "account admin, password " in said
    machine.shell(ADD_NODE)
    machine.shell("runuser -u ott-desk -- ott-desk token create --role viewer --name test > /root/token")


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


def assert_memory(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Print what each service held at most, by its process's own peak, and compare it with half of its limit.

    A machine without cgroup v2 enforces no limit on its units.
    """
    for unit in OURS:
        limit = int(machine.shell(f"systemctl show -P MemoryMax {unit}"))
        status = machine.shell(f"cat /proc/$(systemctl show -P MainPID {unit})/status")
        held = {name: int(size) * 1024 for name, size in re.findall(r"^Vm(HWM|RSS):\s+(\d+) kB$", status, re.MULTILINE)}
        with capsys.disabled():
            print(f"\n{unit}: {held['RSS'] / 1e6:.0f} MB, {held['HWM'] / 1e6:.0f} MB at most, of {limit / 1e6:.0f} MB")
        assert held["HWM"] < limit / 2, unit
