from agent.cli.top import NEVER_FULL, REPEATING_INTERFACES, Scrape, fitted, render, understood
from tests.conftest import ROOT

BEFORE = """
node_cpu_seconds_total{cpu="0",mode="idle"} 100
node_cpu_seconds_total{cpu="0",mode="user"} 50
node_cpu_seconds_total{cpu="0",mode="iowait"} 10
node_disk_io_time_seconds_total{device="sda"} 1
node_disk_io_time_seconds_total{device="sdb"} 1
node_network_transmit_bytes_total{device="eth0"} 0
node_network_transmit_bytes_total{device="bond0"} 0
node_network_transmit_bytes_total{device="po1"} 0
node_bonding_slaves{master="po1"} 2
node_network_receive_bytes_total{device="eth0"} 500
ott_edge_sessions{service="ott",protocol="hls"} 3
ott_edge_egress_bytes_total{service="ott",protocol="hls"} 1000
ott_edge_requests_total{service="ott",code="2xx"} 10
ott_edge_requests_total{service="ott",code="5xx"} 1
"""
NOW = """
node_cpu_seconds_total{cpu="0",mode="idle"} 101
node_cpu_seconds_total{cpu="0",mode="user"} 51
node_cpu_seconds_total{cpu="0",mode="iowait"} 10.5
node_load1 0.5
node_memory_MemTotal_bytes 1000
node_memory_MemAvailable_bytes 250
node_disk_io_time_seconds_total{device="sda"} 1.5
node_disk_io_time_seconds_total{device="sdb"} 2.5
node_filesystem_size_bytes{mountpoint="/",device="a",fstype="x"} 100
node_filesystem_avail_bytes{mountpoint="/",device="a",fstype="x"} 90
node_filesystem_size_bytes{mountpoint="/srv",device="b",fstype="x"} 100
node_filesystem_avail_bytes{mountpoint="/srv",device="b",fstype="x"} 20
node_network_transmit_bytes_total{device="eth0"} 2500000
node_network_transmit_bytes_total{device="bond0"} 2500000
node_network_transmit_bytes_total{device="po1"} 2500000
node_bonding_slaves{master="po1"} 2
node_filesystem_size_bytes{mountpoint="/var/tmp",device="c",fstype="tmpfs"} 100
node_filesystem_avail_bytes{mountpoint="/var/tmp",device="c",fstype="tmpfs"} 1
node_network_receive_bytes_total{device="eth0"} 400
ott_edge_sessions{service="ott",protocol="hls"} 40
ott_edge_sessions{service="ott",protocol="dash"} 2
ott_edge_viewers{service="ott"} 41
ott_edge_channel_sessions{channel="kino"} 12
ott_edge_channel_sessions{channel="news"} 30
ott_edge_channel_sessions{channel="other"} 0
ott_edge_egress_bytes_total{service="ott",protocol="hls"} 250001000
ott_edge_requests_total{service="ott",code="2xx"} 30
ott_edge_requests_total{service="ott",code="5xx"} 2
ott_subscribers{service="ott",status="active"} 90
ott_subscribers{service="ott",status="closed"} 10
ott_subscribers_online{service="ott"} 17
ott_collector_success{collector="stat"} 1
ott_collector_success{collector="server_srs"} 0
"""


def test_state_and_rates() -> None:
    lines = [" ".join(line.split()) for line in render(understood(BEFORE, 10), understood(NOW, 12)).splitlines()]
    assert lines == [
        "collectors failing: server_srs",
        "CPU 40.0 % load 0.50",
        "memory 75.0 %",
        "busiest disk 75.0 %",
        "fullest file system 80.0 % /srv",
        "network in – out 10.0 Mbit/s",
        "",
        "service ott 42 sessions 41 viewers",
        "egress 1.00 Gbit/s 10.5 requests/s 0.5 errors/s",
        "news 30 sessions",
        "kino 12 sessions",
        "",
        "subscribers ott 100 accounts 17 online",
    ]


def test_what_is_not_there_is_no_zero() -> None:
    lines = [" ".join(line.split()) for line in render(Scrape(1, {}), Scrape(2, {})).splitlines()]
    assert lines == ["collectors all fine", "CPU – load –", "memory –", "network in – out –"]


def test_what_zfs_keeps_in_memory_is_not_used_up() -> None:
    arc = "node_zfs_arc_size 600\nnode_zfs_arc_c_min 100\n"
    lines = render(understood(BEFORE, 10), understood(NOW + arc, 12)).splitlines()
    assert ["memory", "25.0", "%"] in [line.split() for line in lines]


def test_the_rules_leave_out_the_same() -> None:
    rules = "".join((ROOT / "alerts/rules" / name).read_text("utf-8") for name in ("recording.yml", "node.yml"))
    assert f'device!~"{REPEATING_INTERFACES.pattern.replace(chr(92), chr(92) * 2)}"' in rules
    assert rules.count(f'fstype!~"{NEVER_FULL.pattern}"') == rules.count("fstype!~") == 3


# Of Proxmox (netdata 12789), libvirt, Open vSwitch, OpenStack's and others' documentation; and names of cards.
REPEATING = """lo bond0 bond0.100 team0 vlan100 eno1.7 br0 br-lan bridge0 virbr0 vmbr0
fwbr101i0 fwpr101p0 fwln101i0 tap101i0 veth101i0
vnet3 macvtap0 macvlan0 ipvlan0 ovs-system ovsbr0 vif1.0 lxcbr0 lxdbr0 docker0 podman0 cali12ab cilium_host cni0
flannel.1 vxlan.calico vxlan100 geneve0 dummy0 ifb0 gre0 gretap0 sit0 ip6tnl0 ip6gre0 ip_vti0 tunl0 tun0 wg0 ppp0
tailscale0 zt5u4y"""
CARDS = "eth0 eno1 enp3s0f1np1 ens192 enx001122334455 em1 p1p1 ib0 lan0 wan uplink1 wlp2s0 venet0 team bond net0 mgmt"


def test_what_repeats_a_card_is_told_from_cards_by_name() -> None:
    assert [name for name in REPEATING.split() if not REPEATING_INTERFACES.fullmatch(name)] == []
    assert [name for name in CARDS.split() if REPEATING_INTERFACES.fullmatch(name)] == []


def test_a_small_terminal_gets_no_line_too_long_and_none_too_many() -> None:
    assert fitted("abcdef\nb\nc\nd\n", 4, 3) == "abcd\nb\n"


def test_a_channels_name_cannot_steer_the_terminal() -> None:
    assert fitted("a\x1b[2Jb\rc\x9bd", 80, 24) == "a?[2Jb?c?d\n"
