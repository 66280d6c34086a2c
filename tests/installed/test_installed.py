"""What docs/install.md promises, in a booted Debian 12, by the commands that the page names."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installed import everything
from tests.installed.ansible import play
from tests.installed.centre import (
    FINAL,
    INSTALL_NODE,
    OURS,
    UNITS,
    active,
    assert_memory,
    booted,
    bring,
    digest,
    install_centre,
    node_down,
    tickets,
    wait,
    wait_until_fine,
)
from tests.installed.machine import Machine, missing

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(bool(missing()), reason=f"no machine is booted: {missing()}"),
]
ANSIBLE = pytest.mark.skipif(shutil.which("ansible-playbook") is None, reason="ansible-core is not installed")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A booted Debian with nothing of ours."""
    with booted(tmp_path_factory.mktemp("debian")) as machine:
        yield machine


@pytest.fixture(scope="module")
def first_scrape(fresh: Machine, packages: Path) -> float:
    """Install a node's package; return for how many seconds it took until the agent answered."""
    bring(fresh, packages)
    at = time.monotonic()
    fresh.shell(INSTALL_NODE)
    wait(lambda: "node_cpu_seconds_total" in fresh.shell("ask http://127.0.0.1:9780/metrics || true"))
    return time.monotonic() - at


@pytest.fixture(scope="module")
def node(fresh: Machine, first_scrape: float) -> Machine:
    """The same with a node's package."""
    return fresh


@pytest.fixture(scope="module")
def centre(node: Machine) -> Machine:
    """The same as a control centre that monitors itself."""
    install_centre(node)
    return node


def test_one_command_installs_a_node(node: Machine, first_scrape: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert node.shell("systemctl is-active ott-agent").strip() == "active"
    with capsys.disabled():
        print(f"\nfrom the command that installs the agent to its first scrape: {first_scrape:.1f} s")


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


@ANSIBLE
def test_the_ansible_role_installs_a_node_with_settings_of_ones_own(
    centre: Machine, packages: Path, tmp_path: Path
) -> None:
    centre.shell("ott-center node remove control-1\napt-get purge ottwatch-agent")
    (package,) = packages.glob("ottwatch-agent_*.deb")
    assert play(centre, tmp_path, ottwatch_agent_package=str(package)) > 0
    assert "control-1" in centre.shell("ott-center node list")
    settings = tmp_path / "agent.toml.j2"
    settings.write_text(centre.shell("cat /etc/ottwatch/agent.toml") + "# by Ansible\n", "utf-8")
    given = {"ottwatch_agent_package": str(package), "ottwatch_agent_settings": str(settings)}
    assert play(centre, tmp_path, **given) > 0
    assert "# by Ansible" in centre.shell("cat /etc/ottwatch/agent.toml")
    assert play(centre, tmp_path, **given) == 0
    wait_until_fine(centre)


def test_one_switch_turns_on_tls_between_prometheus_and_the_node(centre: Machine) -> None:
    said = centre.shell("ott-center setup --tls --yes")
    bundle = re.search(r"copy (\S+) to the node", said)
    assert bundle, said
    centre.shell(f"ott-agent join {bundle[1]}\nsystemctl restart ott-agent")
    wait_until_fine(centre)
    targets = json.loads(centre.shell("ask 'http://127.0.0.1:9090/api/v1/targets?state=active'"))["data"][
        "activeTargets"
    ]
    settings = centre.shell("cat /etc/ottwatch/desk.toml; ott-desk check-config --config /etc/ottwatch/desk.toml")
    assert 'key = "/etc/ottwatch/pictures/scraper.key"' in settings
    centre.shell("runuser -u ott-desk -- test -r /etc/ottwatch/pictures/scraper.key")
    (agent,) = (target for target in targets if target["labels"]["job"] == "ott-agent")
    assert (agent["scrapeUrl"], agent["health"]) == ("https://127.0.0.1:9780/metrics", "up")
    # Nobody who has no certificate of the authority gets an answer.
    authority = "/var/lib/ottwatch-center/authority/ca.pem"
    said = centre.shell(f"SSL_CERT_FILE={authority} ask https://127.0.0.1:9780/metrics 2>&1 || true")
    # The reason, or the end of the connection where that is read first.
    assert re.search(r"certificate required|EOF occurred|[Rr]eset by peer|Broken pipe", said, re.IGNORECASE), said


def test_every_unit_does_all_that_it_can_be_told_to(centre: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    everything.start(centre)
    wait(lambda: not everything.missing_figures(centre), pause=2)
    wait(lambda: not everything.missing_mails(centre), pause=2)
    assert "Method: " in everything.forecast(centre)
    for unit in OURS:
        assert "Traceback" not in centre.shell(f"journalctl -b -o cat -u {unit}")
    assert_memory(centre, capsys)
    everything.stop(centre)
    wait_until_fine(centre)


@ANSIBLE
def test_the_ansible_role_brings_certificates_once(centre: Machine, packages: Path, tmp_path: Path) -> None:
    centre.shell("rm /etc/ottwatch/tls/node.pem")
    (package,) = packages.glob("ottwatch-agent_*.deb")
    assert play(centre, tmp_path, ottwatch_agent_package=str(package)) > 0
    centre.shell("test -s /etc/ottwatch/tls/node.pem")
    wait_until_fine(centre)
    assert play(centre, tmp_path, ottwatch_agent_package=str(package)) == 0
    centre.shell("rm /var/cache/ottwatch-agent_*.deb")  # the role's copy, which is no part of the package


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
