"""Bonds, connection tracking, and what TCP, UDP and the CPUs lose: as kernels differ, and where there is nothing."""

import os
import re
from pathlib import Path

import pytest

from agent.host import bonding, conntrack, netstat, softnet
from agent.host.root import Host
from service.metric import Sample

NET = "sys/class/net"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n", "utf-8")


def bond(root: Path, links: dict[str, dict[str, str]], aggregator: str = "", flags: str = "0x1503") -> None:
    """Write a bond as the kernel shows it; a link's files are given below its own folder."""
    write(
        root,
        {
            f"{NET}/bonding_masters": "bond0",
            f"{NET}/bond0/flags": flags,
            f"{NET}/bond0/bonding/slaves": " ".join(links),
            f"{NET}/bond0/bonding/ad_aggregator": aggregator,
        },
    )
    for device, files in links.items():
        write(root, {f"{NET}/{device}/{name}": text for name, text in files.items()})


def link(mii_status: str, carrier: str = "1", aggregator: str = "N/A", state: str = "N/A") -> dict[str, str]:
    return {
        "bonding_slave/mii_status": mii_status,
        "carrier": carrier,
        "bonding_slave/ad_aggregator_id": aggregator,
        "bonding_slave/ad_actor_oper_port_state": state,
    }


def found(collector: object, root: Path) -> dict[str, float]:
    samples = collector.COLLECTOR.on(Host(root)).collect()  # type: ignore[attr-defined]
    return {_key(sample): sample.value for sample in samples}


def _key(sample: Sample) -> str:
    return sample.metric.name + (f"{{{','.join(sample.labels)}}}" if sample.labels else "")


def up(root: Path) -> dict[str, float]:
    """Return whether each link of the bond is up."""
    prefix = "ott_bonding_link_up{bond0,"
    return {
        key.removeprefix(prefix)[:-1]: value for key, value in found(bonding, root).items() if key.startswith(prefix)
    }


def test_a_node_without_any_of_them_has_no_figures_and_no_fault(tmp_path: Path) -> None:
    for collector in (bonding, conntrack, netstat, softnet):
        assert found(collector, tmp_path) == {}


def test_a_backup_link_that_is_down_is_told(tmp_path: Path) -> None:
    bond(tmp_path, {"eth0": link("up"), "eth1": link("down", "0")})
    assert found(bonding, tmp_path) == {
        "node_bonding_slaves{bond0}": 2,
        "node_bonding_active{bond0}": 1,
        "ott_bonding_link_up{bond0,eth0}": 1,
        "ott_bonding_link_up{bond0,eth1}": 0,
    }


def test_a_bond_without_links_has_none(tmp_path: Path) -> None:
    bond(tmp_path, {})
    assert found(bonding, tmp_path) == {"node_bonding_slaves{bond0}": 0, "node_bonding_active{bond0}": 0}


def test_a_link_without_a_signal_is_down_though_the_bond_does_not_look(tmp_path: Path) -> None:
    # miimon and arp_interval are 0 by default: every link is "up" for the bond then.
    bond(tmp_path, {"eth0": link("up"), "eth1": link("up", "0")})
    assert up(tmp_path) == {"eth0": 1, "eth1": 0}
    assert found(bonding, tmp_path)["node_bonding_active{bond0}"] == 2


def test_a_link_that_was_switched_off_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bond(tmp_path, {"eth0": link("up"), "eth1": link("up")})
    text = Host.text

    def refusing(host: Host, path: str) -> str:
        if path == f"{NET}/eth1/carrier":
            raise OSError(22, "Invalid argument", path)
        return text(host, path)

    monkeypatch.setattr(Host, "text", refusing)
    assert up(tmp_path) == {"eth0": 1, "eth1": 0}


@pytest.mark.parametrize("status", ["going down", "going back", "down"])
def test_a_link_that_changes_is_not_up(tmp_path: Path, status: str) -> None:
    bond(tmp_path, {"eth0": link("up"), "eth1": link(status)})
    assert up(tmp_path) == {"eth0": 1, "eth1": 0}


@pytest.mark.parametrize(
    ("aggregator", "first", "second", "expected"),
    [
        ("1", ("1", "61"), ("1", "63"), {"eth0": 1, "eth1": 1}),
        # systemd/systemd#11635: the switch joined the other link, this one churns.
        ("2", ("1", "69"), ("2", "61"), {"eth0": 0, "eth1": 1}),
        # systemd/systemd#15208: in the same aggregator, but the switch is not in step.
        ("1", ("1", "61"), ("1", "7"), {"eth0": 1, "eth1": 0}),
        # A switch without LACP: each link is an aggregator of its own, one of them is used.
        ("1", ("1", "77"), ("2", "77"), {"eth0": 1, "eth1": 0}),
        # No aggregator is active: no link carries anything.
        ("0", ("1", "7"), ("2", "7"), {"eth0": 0, "eth1": 0}),
        ("1", ("1", "61"), ("N/A", "N/A"), {"eth0": 1, "eth1": 0}),
    ],
)
def test_what_lacp_has_settled_counts(
    tmp_path: Path, aggregator: str, first: tuple[str, str], second: tuple[str, str], expected: dict[str, float]
) -> None:
    bond(tmp_path, {"eth0": link("up", "1", *first), "eth1": link("up", "1", *second)}, aggregator)
    assert up(tmp_path) == expected


def test_a_kernel_that_does_not_tell_the_state_of_lacp_tells_the_aggregator(tmp_path: Path) -> None:
    bond(tmp_path, {"eth0": link("up", "1", "1"), "eth1": link("up", "1", "2")}, "1")
    for device in ("eth0", "eth1"):
        (tmp_path / NET / device / "bonding_slave/ad_actor_oper_port_state").unlink()
    assert up(tmp_path) == {"eth0": 1, "eth1": 0}


def test_the_links_of_a_bond_that_was_switched_off_are_meant_to_be_down(tmp_path: Path) -> None:
    bond(tmp_path, {"eth0": link("down", "0")}, flags="0x1402")
    assert found(bonding, tmp_path) == {"node_bonding_slaves{bond0}": 1, "node_bonding_active{bond0}": 0}


def test_a_bond_left_out_has_no_figures(tmp_path: Path) -> None:
    bond(tmp_path, {"eth0": link("up")})
    host = Host(tmp_path, excluded_interfaces=re.compile("^bond"))
    assert list(bonding.COLLECTOR.on(host).collect()) == []


def test_a_link_taken_away_while_it_is_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bond(tmp_path, {"eth0": link("up"), "eth1": link("up")})
    text, seen = Host.text, [0]

    def leaving(host: Host, path: str) -> str:
        told = text(host, path)
        if path.endswith("bonding/slaves"):
            seen[0] += 1
            write(tmp_path, {path: "eth0"})
            (tmp_path / NET / "eth1/bonding_slave/mii_status").unlink(missing_ok=True)
        return told

    monkeypatch.setattr(Host, "text", leaving)
    assert up(tmp_path) == {"eth0": 1}
    assert seen == [2]


def test_a_bond_taken_away_while_it_is_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bond(tmp_path, {"eth0": link("up")})
    text = Host.text

    def leaving(host: Host, path: str) -> str:
        told = text(host, path)
        if path.endswith("bonding_masters"):
            write(tmp_path, {path: ""})
            (tmp_path / NET / "bond0/bonding/slaves").unlink(missing_ok=True)
        return told

    monkeypatch.setattr(Host, "text", leaving)
    assert found(bonding, tmp_path) == {}


def test_a_link_that_is_listed_and_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    bond(tmp_path, {"eth0": {"carrier": "1"}})
    with pytest.raises(OSError, match="eth0/bonding_slave/mii_status"):
        found(bonding, tmp_path)


COUNT, LIMIT = (f"proc/sys/net/netfilter/nf_conntrack_{name}" for name in ("count", "max"))
STATISTICS = "entries  clashres found new\n0003fff0  00000000 00000000 00000000\n0003fff0  00000000 00000000 00000000"


def test_how_full_the_table_is(tmp_path: Path) -> None:
    write(tmp_path, {COUNT: "262128", LIMIT: "262144"})
    assert found(conntrack, tmp_path) == {
        "node_nf_conntrack_entries": 262128,
        "node_nf_conntrack_entries_limit": 262144,
    }


def other_network(root: Path) -> None:
    """Let process 1 have another network than the reader: the files of two networks are two files."""
    write(root, {"proc/self/net/dev": "mine", "proc/1/net/dev": "the node's"})


def test_the_table_of_a_container_s_node_is_that_of_process_1(tmp_path: Path) -> None:
    write(tmp_path, {COUNT: "5", LIMIT: "262144", "proc/1/net/stat/nf_conntrack": STATISTICS})
    other_network(tmp_path)
    assert found(conntrack, tmp_path)["node_nf_conntrack_entries"] == 0x3FFF0


def test_the_table_of_the_container_itself_is_not_taken_for_the_node_s(tmp_path: Path) -> None:
    # Most kernels are built without CONFIG_NF_CONNTRACK_PROCFS.
    write(tmp_path, {COUNT: "5", LIMIT: "262144"})
    other_network(tmp_path)
    assert found(conntrack, tmp_path) == {}


def test_a_container_in_the_node_s_network_reads_the_node_s_table(tmp_path: Path) -> None:
    write(tmp_path, {COUNT: "7", LIMIT: "262144", "proc/1/net/dev": "the node's"})
    (tmp_path / "proc/self/net").mkdir(parents=True)
    os.link(tmp_path / "proc/1/net/dev", tmp_path / "proc/self/net/dev")
    assert found(conntrack, tmp_path)["node_nf_conntrack_entries"] == 7


def test_statistics_in_another_form_are_a_fault(tmp_path: Path) -> None:
    write(tmp_path, {LIMIT: "262144", "proc/1/net/stat/nf_conntrack": "searched found\n1 2"})
    other_network(tmp_path)
    with pytest.raises(ValueError, match="does not begin with entries"):
        found(conntrack, tmp_path)


def test_counters_are_taken_by_their_names_wherever_they_stand(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/net/netstat": "TcpExt: ListenDrops New ListenOverflows\nTcpExt: 5 6 4\nIpExt: InOctets\nIpExt: 7",
            "proc/net/snmp": "Tcp: MaxConn OutSegs RetransSegs\nTcp: -1 200 3\nUdp: InDatagrams\nUdp: 4294967295",
        },
    )
    assert found(netstat, tmp_path) == {
        "node_netstat_TcpExt_ListenDrops": 5,
        "node_netstat_TcpExt_ListenOverflows": 4,
        "node_netstat_Tcp_OutSegs": 200,
        "node_netstat_Tcp_RetransSegs": 3,
        "node_netstat_Udp_InDatagrams": 4294967295,
    }


def test_datagrams_by_ipv6_have_a_file_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, {"proc/net/snmp6": "Ip6InReceives                   \t9\nUdp6RcvbufErrors                \t12"})
    assert found(netstat, tmp_path) == {"node_netstat_Udp6_RcvbufErrors": 12}


def test_the_counters_of_a_container_s_node_are_those_of_process_1(tmp_path: Path) -> None:
    for folder, drops in (("net", 1), ("1/net", 2)):
        write(
            tmp_path,
            {
                f"proc/{folder}/dev": "",
                f"proc/{folder}/netstat": f"TcpExt: ListenDrops\nTcpExt: {drops}",
                f"proc/{folder}/softnet_stat": f"00000009 0000000{drops}" + " 00000000" * 7,
            },
        )
    assert found(netstat, tmp_path) == {"node_netstat_TcpExt_ListenDrops": 2}
    assert found(softnet, tmp_path)["node_softnet_dropped_total{0}"] == 2


@pytest.mark.parametrize("columns", [9, 10, 11])
def test_a_kernel_that_does_not_name_the_cpu_has_them_in_order(columns: int) -> None:
    # 10: Red Hat's 3.10 (prometheus/node_exporter#1625).
    text = "".join(f"00000001 ffffffff 0000000{n}{' 00000000' * (columns - 3)}\n" for n in (2, 3))
    assert {_key(sample): sample.value for sample in softnet.parse(text)} == {
        "node_softnet_dropped_total{0}": 4294967295,
        "node_softnet_times_squeezed_total{0}": 2,
        "node_softnet_dropped_total{1}": 4294967295,
        "node_softnet_times_squeezed_total{1}": 3,
    }


def test_cpus_that_are_switched_off_take_no_other_s_number() -> None:
    text = "".join(f"00000001 00000000 00000000{' 00000000' * 9} {cpu:08x} 00000000 00000000\n" for cpu in (0, 2, 11))
    assert {sample.labels[0] for sample in softnet.parse(text)} == {"0", "2", "11"}
