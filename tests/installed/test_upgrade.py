"""What docs/upgrade.md promises: from a really older version to this one and back, by the commands of the page."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installed.centre import (
    INSTALL_NODE,
    OURS,
    assert_memory,
    booted,
    bring,
    commands,
    digest,
    install_centre,
    node_down,
    wait,
    wait_until_fine,
)
from tests.installed.machine import Machine, missing
from tests.installed.platform import (
    TICKETS_STORED,
    add_tickets,
    down,
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

UPGRADE, GO_BACK = (commands("upgrade.md", number) for number in (1, 2))
VERSION = "dpkg-query -Wf '${Version}' ottwatch-center"
STARTED = f"for unit in {' '.join(OURS)}; do journalctl -u $unit -o cat | grep -c '^Started'; done"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, previous: Path, packages: Path) -> Iterator[Machine]:
    """A control centre of an older version, with many tickets and a server that writes its log."""
    with booted(tmp_path_factory.mktemp("debian")) as machine:
        bring(machine, previous)
        bring(machine, packages / "next", "next")
        machine.shell(INSTALL_NODE)
        install_centre(machine)
        wait_until_fine(machine)
        machine.shell("systemctl stop ott-agent")
        wait(lambda: bool(node_down(machine)))
        machine.shell("systemctl start ott-agent")
        wait(lambda: node_down(machine) == ["resolved"])
        machine.shell("for file in /etc/ottwatch/*.toml; do echo '# mine' >> $file; done")
        add_tickets(machine, TICKETS_STORED)
        start_platform(machine)
        wait_until_fine(machine)
        yield machine


def stop_answering(machine: Machine, node: str, address: str) -> None:
    """Monitor a node of which nothing answers."""
    machine.shell(f"ott-center node add {node} --site almaty --role control {address}")


def test_an_upgrade_keeps_settings_tickets_alarms_and_lines_and_restarts_once(
    centre: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    before, known = digest(centre), stored(centre)
    assert len(known) > TICKETS_STORED
    starts = [int(count) for count in centre.shell(STARTED).split()]
    stop_answering(centre, "edge-1", "127.0.0.2:9780")
    wait(lambda: bool(down(centre, "edge-1")))
    tickets = down(centre, "edge-1")
    stop_answering(centre, "edge-2", "127.0.0.3:9780")  # its alert comes while packages are installed
    at = time.monotonic()
    centre.shell(f"cd next\n{UPGRADE.replace('ott-center check', '')}")
    took = time.monotonic() - at
    assert "+next" in centre.shell(VERSION)
    wait(lambda: bool(down(centre, "edge-2")))
    assert down(centre, "edge-1") == tickets
    assert [len(down(centre, node)) for node in ("edge-1", "edge-2")] == [1, 1]
    for node in ("edge-1", "edge-2"):
        centre.shell(f"ott-center node remove {node}")
    wait(lambda: not down(centre, "edge-1") and not down(centre, "edge-2"))
    wait_until_fine(centre)
    assert digest(centre) == before
    assert known.items() <= stored(centre).items()
    assert [int(count) for count in centre.shell(STARTED).split()] == [count + 1 for count in starts]
    with capsys.disabled():
        print(f"\nan upgrade with {len(known)} tickets took {took:.1f} s")


def test_no_service_came_near_its_limit_of_memory(centre: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert_memory(centre, capsys)


def test_going_back_takes_the_copy_made_before(centre: Machine) -> None:
    known = stored(centre)
    stop_answering(centre, "edge-3", "127.0.0.4:9780")
    wait(lambda: bool(down(centre, "edge-3")))
    centre.shell(GO_BACK)
    assert "+next" not in centre.shell(VERSION)
    wait(lambda: len(down(centre, "edge-3")) == 1)  # the copy is older than its alarm
    centre.shell("ott-center node remove edge-3")
    wait_until_fine(centre)
    assert {number: key for number, key in known.items() if key.startswith("stored")}.items() <= stored(centre).items()


def test_no_line_of_the_log_was_lost_or_counted_twice(centre: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    written = stop_platform(centre)
    wait(lambda: lines_read(centre) >= written)
    assert lines_read(centre) == written
    with capsys.disabled():
        print(f"\n{written} lines were written meanwhile and read")
        for name, gap in gaps(centre).items():
            print(f"{name} did not answer for {gap:.1f} s at most")
