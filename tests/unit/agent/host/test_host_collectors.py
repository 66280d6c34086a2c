"""The parsers of /proc and /sys: real layouts, odd ones, broken ones."""

import errno
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host import (
    bonding,
    conntrack,
    diskstats,
    filefd,
    filesystem,
    loadavg,
    meminfo,
    netclass,
    netdev,
    netstat,
    pressure,
    softnet,
    stat,
    uname,
    vmstat,
    zfs,
)
from agent.host import time as clock
from agent.host.patience import Asker
from agent.host.root import Host
from service.metric import Distribution, Sample

HOST = Host()


def figures(samples: Any) -> dict[str, float]:
    """Return samples as {"name{value,value}": figure}."""
    found: dict[str, float] = {}
    for sample in samples:
        assert isinstance(sample, Sample)
        assert not isinstance(sample.value, Distribution)
        key = sample.metric.name + (f"{{{','.join(sample.labels)}}}" if sample.labels else "")
        assert key not in found
        found[key] = sample.value
    return found


def test_guest_time_stays_in_user_and_is_told_apart() -> None:
    found = figures(stat.parse("cpu  1 2 3\ncpu0 100 50 25 1000 5 1 2 3 40 10\nbtime 12\n"))
    assert found["node_cpu_seconds_total{0,user}"] == 1.0
    assert found["node_cpu_seconds_total{0,steal}"] == 0.03
    assert found["node_cpu_guest_seconds_total{0,user}"] == 0.4
    assert found["node_boot_time_seconds"] == 12


def test_a_kernel_without_steal_gives_no_steal() -> None:
    found = figures(stat.parse("cpu0 100 50 25 1000 5 1 2\nctxt 5\n"))
    assert "node_cpu_seconds_total{0,steal}" not in found
    assert "node_cpu_guest_seconds_total{0,user}" not in found


def test_a_container_boots_when_its_first_process_starts(tmp_path: Path) -> None:
    """node_exporter 818, lxc/lxcfs 164: /proc/stat has the boot of the node, however often the container restarts."""
    host = Host(tmp_path)
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/stat").write_text("cpu0 1 2 3 4\nctxt 5\nbtime 1769000000\n")
    (tmp_path / "proc/1/stat").write_text(f"1 (a) b (c) S 0 1 1 0 -1 4194560 {' '.join(['7'] * 12)} 360050 9 9\n")
    assert figures(stat.parse(stat.read(host)))["node_boot_time_seconds"] == 1769000000
    (tmp_path / "run/systemd").mkdir(parents=True)
    (tmp_path / "run/systemd/container").write_text("lxc\n")
    assert figures(stat.parse(stat.read(host)))["node_boot_time_seconds"] == 1769003600
    (tmp_path / "proc/1/stat").write_text("1 (a) S 0\n")
    with pytest.raises(ValueError, match=r"/proc/1/stat has 2 columns behind the name"):
        stat.read(host)
    (tmp_path / "proc/1/stat").unlink()  # as with hidepid
    assert "node_boot_time_seconds" not in figures(stat.parse(stat.read(host)))


def test_the_start_of_the_first_process_is_the_kernel_s() -> None:
    text = stat.since_own_start(Path("/proc/stat").read_text("utf-8"), Path("/proc/1/stat").read_text("utf-8"))
    started = figures(stat.parse(text))["node_boot_time_seconds"]
    assert started == pytest.approx(psutil.Process(1).create_time(), abs=1.5)


def test_what_zfs_keeps_in_memory_is_told_where_there_is_zfs_and_where_the_memory_is_the_nodes(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert [*zfs.parse(zfs.read(host))] == []
    file = tmp_path / zfs.FILE
    file.parent.mkdir(parents=True)
    # As node_exporter's own tests have it.
    file.write_text("6 1 0x01 91 4368 5266997922 97951858082072\nname type data\nc_min 4 33554432\nsize 4 1603939792\n")
    found = {"node_zfs_arc_size": 1603939792, "node_zfs_arc_c_min": 33554432}
    assert figures(zfs.parse(zfs.read(host))) == found
    # A container of LXC sees its own /proc/meminfo, and the node's ARC.
    container = tmp_path / "run/systemd/container"
    container.parent.mkdir(parents=True)
    container.write_text("lxc\n")
    assert [*zfs.parse(zfs.read(host))] == []


def test_the_pressure_in_a_container_is_its_own(tmp_path: Path) -> None:
    """lxc/lxcfs 691: /proc/pressure is the node's, so that one busy container would alarm all its neighbours."""
    host = Host(tmp_path)
    for folder, file, total in (("proc/pressure", "{}", 9_000_000), ("sys/fs/cgroup", "{}.pressure", 2_000_000)):
        (tmp_path / folder).mkdir(parents=True)
        for resource in pressure.RESOURCES:
            line = f"avg10=0.00 avg60=0.00 avg300=0.00 total={total}\n"
            (tmp_path / folder / file.format(resource)).write_text(f"some {line}full {line}")
    assert {*figures(pressure.parse(pressure.read(host))).values()} == {9.0}
    container = tmp_path / "run/systemd/container"
    container.parent.mkdir(parents=True)
    container.write_text("lxc\n")
    assert {*figures(pressure.parse(pressure.read(host))).values()} == {2.0}
    (tmp_path / "sys/fs/cgroup/io.pressure").unlink()
    assert [*pressure.parse(pressure.read(host))] == []


def test_the_swapping_of_a_container_is_its_own(tmp_path: Path) -> None:
    host = Host(tmp_path)
    for folder in ("proc", "sys/fs/cgroup", "run/systemd"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "proc/vmstat").write_text("pgpgin 1\npswpin 900\noom_kill 9\n")
    assert figures(vmstat.parse(vmstat.read(host)))["node_vmstat_pswpin"] == 900
    (tmp_path / "run/systemd/container").write_text("lxc\n")
    assert figures(vmstat.parse(vmstat.read(host))) == {}
    # mm/memcontrol.c of Linux: pgpgin of a control group is no amount that was read from a disk.
    (tmp_path / "sys/fs/cgroup/memory.stat").write_text("anon 4096\npgpgin 7\npswpin 3\npgfault 5\n")
    (tmp_path / "sys/fs/cgroup/memory.events").write_text("low 0\noom 2\noom_kill 1\noom_group_kill 0\n")
    assert figures(vmstat.parse(vmstat.read(host))) == {
        "node_vmstat_pswpin": 3,
        "node_vmstat_pgfault": 5,
        "node_vmstat_oom_kill": 1,
    }


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EOPNOTSUPP])
def test_a_kernel_without_pressure_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """netdata 7531, node_exporter 1961: with PSI switched off the files are there and cannot be read."""

    def refuse(_: Host, path: str) -> str:
        raise FileNotFoundError(path) if "container" in path else OSError(number, os.strerror(number))

    monkeypatch.setattr(Host, "text", refuse)
    with pytest.raises(OSError, match=r'psi=1.*without = \["pressure"\]'):
        pressure.read(HOST)


def test_memory_is_in_bytes_and_huge_pages_in_pages() -> None:
    found = figures(meminfo.parse("MemTotal: 10 kB\nActive(anon): 2 kB\nHugePages_Total: 3\nNewInLinux9: 4 kB\n"))
    assert found == {
        "node_memory_MemTotal_bytes": 10240,
        "node_memory_Active_anon_bytes": 2048,
        "node_memory_HugePages_Total": 3,
    }


def test_disk_columns_have_base_units() -> None:
    line = "259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"
    found = figures(diskstats.parse(diskstats.Read(f"{line}\n259 1 nvme0n1p1 1 2 3 4 5 6 7 8 9 10 11\n", HOST)))
    assert len(found) == 17
    assert found["node_disk_read_bytes_total{nvme0n1}"] == 3 * 512
    assert found["node_disk_io_time_seconds_total{nvme0n1}"] == pytest.approx(0.01)
    assert found["node_disk_io_now{nvme0n1}"] == 9
    assert found["node_disk_flush_requests_time_seconds_total{nvme0n1}"] == pytest.approx(0.017)


def test_an_old_kernel_gives_eleven_disk_figures() -> None:
    assert len(figures(diskstats.parse(diskstats.Read("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n", HOST)))) == 11


def test_an_interface_alias_and_a_counter_without_a_space() -> None:
    text = "h\nh\neth0:1:10 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n    lo: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"
    found = figures(netdev.parse(netdev.Read(text, HOST)))
    assert found["node_network_receive_bytes_total{eth0:1}"] == 10
    assert found["node_network_transmit_bytes_total{eth0:1}"] == 9
    assert found["node_network_transmit_colls_total{eth0:1}"] == 14
    assert not any("{lo}" in key for key in found)


def test_an_interface_that_is_down_has_no_carrier_and_no_speed() -> None:
    found = figures(netclass.parse({"eth1": {"operstate": "down", "mtu": "1500"}, "eth0": {"speed": "10000"}}))
    assert found == {
        "node_network_up{eth1}": 0,
        "node_network_mtu_bytes{eth1}": 1500,
        "node_network_speed_bytes{eth0}": 1.25e9,
    }


def test_mount_points_are_unescaped_and_named_once() -> None:
    once = "/dev/sda1 /srv/a\\040b ext4 ro,noatime 0 0\n"
    table = f"{once}{once.replace('ro', 'rw')}/dev/sdb1 / xfs rw,errors=remount-ro 0 0\n"
    assert filesystem.parse_mounts(table) == [
        filesystem.Mount("/dev/sda1", "/srv/a b", "ext4", readonly=False),
        filesystem.Mount("/dev/sdb1", "/", "xfs", readonly=False),
    ]


def test_a_mount_without_an_answer_has_an_error_and_no_figures() -> None:
    mounts = [
        filesystem.Mount("srv:/v", "/v", "nfs4", readonly=False),
        filesystem.Mount("/dev/a", "/", "ext4", readonly=True),
    ]
    answer = os.statvfs("/")
    found = figures(filesystem.parse(filesystem.Read(mounts, {"/v": None, "/": answer})))
    assert found["node_filesystem_device_error{srv:/v,nfs4,/v}"] == 1
    assert found["node_filesystem_device_error{/dev/a,ext4,/}"] == 0
    assert found["node_filesystem_size_bytes{/dev/a,ext4,/}"] == answer.f_blocks * answer.f_frsize
    assert found["node_filesystem_readonly{/dev/a,ext4,/}"] == 1
    assert "node_filesystem_size_bytes{srv:/v,nfs4,/v}" not in found


class Statvfs:
    """What statvfs(2) answers, with some figures replaced."""

    def __init__(self, **figures: int) -> None:
        answer = os.statvfs("/")
        names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail")
        known = {name: getattr(answer, name) for name in names} | figures
        self.answer = os.statvfs_result((*known.values(), answer.f_flag, answer.f_namemax))


@pytest.mark.parametrize("options", ["ro", "rw,relatime,emergency_ro", "rw,errors=remount-ro,shutdown"])
def test_a_file_system_that_takes_no_writes_is_read_only(options: str) -> None:
    # fs/ext4/super.c of Linux 6.15: after an error with errors=remount-ro, and after EXT4_IOC_SHUTDOWN.
    assert filesystem.parse_mounts(f"/dev/a / ext4 {options} 0 0\n")[0].readonly
    assert filesystem.parse_mountinfo(f"21 1 254:1 / / rw - ext4 /dev/a {options}\n")[0].readonly


def test_errors_remount_ro_alone_is_writable() -> None:
    assert not filesystem.parse_mounts("/dev/a / ext4 rw,relatime,errors=remount-ro 0 0\n")[0].readonly


def test_of_two_mounts_of_one_place_the_upper_is_asked() -> None:
    table = "/dev/a /srv ext4 rw 0 0\n/dev/b /srv xfs rw 0 0\n"
    assert filesystem.parse_mounts(table) == [filesystem.Mount("/dev/b", "/srv", "xfs", readonly=False)]
    info = "30 1 8:1 / /srv rw - ext4 /dev/a rw\n31 30 8:2 / /srv rw - xfs /dev/b rw\n"
    assert filesystem.parse_mountinfo(info) == [filesystem.Mount("/dev/b", "/srv", "xfs", readonly=False)]


@pytest.mark.parametrize("above", [0, 2**64])
def test_what_is_free_below_zero_is_nothing(above: int) -> None:
    answer = Statvfs(f_bfree=above - 5, f_bavail=above - 1_000_000).answer
    mount = filesystem.Mount("srv:/v", "/v", "nfs4", readonly=False)
    found = figures(filesystem.parse(filesystem.Read([mount], {"/v": answer})))
    assert found["node_filesystem_avail_bytes{srv:/v,nfs4,/v}"] == 0
    assert found["node_filesystem_free_bytes{srv:/v,nfs4,/v}"] == 0
    assert found["node_filesystem_size_bytes{srv:/v,nfs4,/v}"] == answer.f_blocks * answer.f_frsize


@pytest.mark.parametrize("free", [-1, 2**64 - 1])
def test_inodes_that_are_made_as_they_are_needed_do_not_run_out(free: int) -> None:
    # fs/ceph/super.c of Linux: f_files is the number of objects, f_ffree is -1 (netdata 2664, ceph-csi 3713).
    answer = Statvfs(f_files=5079, f_ffree=free).answer
    mount = filesystem.Mount("10.0.0.7:6789:/", "/srv", "ceph", readonly=False)
    found = figures(filesystem.parse(filesystem.Read([mount], {"/srv": answer})))
    assert found["node_filesystem_size_bytes{10.0.0.7:6789:/,ceph,/srv}"] == answer.f_blocks * answer.f_frsize
    assert not any("node_filesystem_files" in name for name in found)


@pytest.mark.parametrize("speed", ["-1", "65535", "4294967295"])
def test_a_speed_that_is_not_known_is_negative(speed: str) -> None:
    assert figures(netclass.parse({"eth0": {"speed": speed}})) == {"node_network_speed_bytes{eth0}": -125000}


def test_the_traffic_of_a_container_s_node_is_that_of_process_1(tmp_path: Path) -> None:
    for folder, device in (("net", "eth0"), ("1/net", "enp6s18")):
        (tmp_path / "proc" / folder).mkdir(parents=True)
        (tmp_path / "proc" / folder / "dev").write_text(f"Inter-|\n face |\n {device}:{' 1' * 16}\n")
    assert {sample.labels for sample in netdev.parse(netdev.read(Host(tmp_path)))} == {("enp6s18",)}
    (tmp_path / "proc/1/net/dev").unlink()
    assert {sample.labels for sample in netdev.parse(netdev.read(Host(tmp_path)))} == {("eth0",)}


def test_the_mounts_are_those_of_process_1(tmp_path: Path) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/self").mkdir()
    # What a hardened unit sees: nothing of it can be written by the agent, and one file system by nobody.
    (tmp_path / "proc/self/mountinfo").write_text(
        "21 1 254:1 / / ro,relatime master:1 - ext4 /dev/vda rw,errors=remount-ro\n"
        "22 21 254:2 / /srv/a\\040b ro,relatime shared:2 master:1 - ext4 /dev/vdb ro\n"
    )
    host = Host(tmp_path)
    assert filesystem.read(host).mounts == [
        filesystem.Mount("/dev/vda", "/", "ext4", readonly=False),
        filesystem.Mount("/dev/vdb", "/srv/a b", "ext4", readonly=True),
    ]
    (tmp_path / "proc/1/mounts").write_text("/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n")
    assert filesystem.read(host).mounts == [filesystem.Mount("/dev/vda", "/", "ext4", readonly=False)]


ODD = (b"a\xff", b"a\xfe", "a\u2028b".encode(), b"a\x0cb", b"a\x1cb", "a\x85b".encode())


@pytest.mark.parametrize("name", ODD)
def test_a_mount_point_of_odd_bytes_is_asked_by_its_own_name(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/mounts").write_bytes(b"/dev/vda /" + name + b" ext4 rw 0 0\n")
    (tmp_path / os.fsdecode(name)).mkdir()
    found = figures(filesystem.parse(filesystem.read(Host(tmp_path))))
    assert found[f"node_filesystem_device_error{{/dev/vda,ext4,/{os.fsdecode(name)}}}"] == 0


def test_interfaces_of_odd_bytes_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    table = b"Inter-|\n face |\n" + b"".join(b" " + name + b":" + b" 1" * 16 + b"\n" for name in ODD)
    (tmp_path / "proc/net/dev").write_bytes(table)
    found = {sample.labels[0] for sample in netdev.parse(netdev.read(Host(tmp_path)))}
    assert found == set(map(os.fsdecode, ODD))


def test_the_way_to_a_prompt_file_system_may_lead_through_one_that_hangs(tmp_path: Path) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/mounts").write_text(
        "/dev/vda / ext4 rw 0 0\nsrv:/v /v nfs rw 0 0\n/dev/loop0 /v/disk ext4 rw 0 0\n/dev/vdb /vault ext4 rw 0 0\n"
    )
    asked: list[str] = []

    def statvfs(point: str) -> os.statvfs_result:
        asked.append(point)
        return os.statvfs("/")

    filesystem.read(Host(tmp_path, statvfs=Asker("statvfs", statvfs, 0.25)))
    assert asked == [f"{tmp_path}/v", f"{tmp_path}/v/disk"]


def test_a_container_without_clock_sources_has_a_clock(tmp_path: Path) -> None:
    found = figures(clock.parse(clock.read(Host(tmp_path, clock=lambda: 1772323200.0))))
    assert found["node_time_seconds"] == 1772323200


def test_the_clock_has_its_zone() -> None:
    found = figures(clock.parse(clock.Read(datetime(2026, 3, 1, tzinfo=UTC), [("0", "tsc hpet \n", "tsc\n")])))
    assert found == {
        "node_time_seconds": 1772323200,
        "node_time_zone_offset_seconds{UTC}": 0,
        "node_time_clocksource_available_info{tsc,0}": 1,
        "node_time_clocksource_available_info{hpet,0}": 1,
        "node_time_clocksource_current_info{tsc,0}": 1,
    }


def each(names: Iterable[str], text: str) -> dict[str, str]:
    return dict.fromkeys(names, text)


def pressures(text: str) -> dict[str, str]:
    return each(pressure.RESOURCES, text)


# Each parser as a function of one text.
PARSERS: dict[str, Any] = {
    "stat": stat.parse,
    "loadavg": loadavg.parse,
    "meminfo": meminfo.parse,
    "vmstat": vmstat.parse,
    "zfs": zfs.parse,
    "pressure": lambda text: pressure.parse(pressures(text)),
    "diskstats": lambda text: diskstats.parse(diskstats.Read(text, HOST)),
    "netdev": lambda text: netdev.parse(netdev.Read(text, HOST)),
    "netclass": lambda text: netclass.parse({"eth0": each(netclass.FILES, text)}),
    "filefd": filefd.parse,
    "bonding": lambda text: bonding.parse(
        {"bond0": bonding.Bond(text, text, {"e": bonding.Link("up", text, text, text)})}
    ),
    "conntrack": lambda text: conntrack.parse(conntrack.Read(text, text)),
    "netstat": lambda text: netstat.parse(netstat.Read(text, text, text)),
    "softnet": softnet.parse,
    "mounts": filesystem.parse_mounts,
    "mountinfo": filesystem.parse_mountinfo,
    "uname": lambda text: uname.parse(each((*uname.FILES, "machine"), text)),
}


@pytest.mark.parametrize(
    ("parser", "text", "reason"),
    [
        ("stat", "", "no CPU or no counts"),
        ("zfs", "6 1 0x01 91\nname type data\nsize 4 1\n", "has no 'c_min'"),
        ("zfs", "size 4 many\nc_min 4 1\n", "many"),
        ("stat", "cpux 1 2\n", "is no CPU"),
        ("stat", "cpu0 1 2 three\n", "three"),
        ("loadavg", "0.1 0.2", "fewer than three"),
        ("loadavg", "a b c", "/proc/loadavg: 'a' is not a number"),
        ("meminfo", "MemTotal: 10\n", "not an amount of kB"),
        ("meminfo", "HugePages_Total: 10 kB\n", "not an amount of pages"),
        ("meminfo", "Nothing: 1 kB\n", "no known key"),
        ("vmstat", "nr_free_pages 1\n", "no known key"),
        ("pressure", "some avg10=0.00\n", "no total"),
        ("diskstats", "8 0 sda 1 2\n", "has 5 columns"),
        ("netdev", "h\n", "no header"),
        ("netdev", "h\nh\neth0: 1 2 3\n", "is no interface with 16 counters"),
        ("netclass", "fast", "fast"),
        ("filefd", "1 2", "not three figures"),
        ("bonding", "up", "/sys/class/net/bond0/flags: 'up' is not a hexadecimal number"),
        ("conntrack", "many\n", "/proc/sys/net/netfilter/nf_conntrack_count: 'many' is not a number"),
        ("netstat", "TcpExt\n", "/proc/net/netstat: 'TcpExt' begins with no protocol"),
        ("netstat", "Tcp: OutSegs InSegs\nTcp: 1\n", "the figures of 'Tcp' do not belong to the names before them"),
        ("netstat", "Tcp: InSegs\nUdp: 1\n", "the figures of 'Udp' do not belong to the names before them"),
        ("netstat", "Udp: InDatagrams\nUdp: few\n", "/proc/net/netstat: 'few' is not a number"),
        ("softnet", "00000001 00000002\n", "has 2 columns"),
        ("softnet", " 0000000g" * 9, "/proc/net/softnet_stat: '0000000g' is not a hexadecimal number"),
        ("mounts", "/dev/sda1 /\n", "has 2 columns"),
        ("mountinfo", "21 1 254:1 / / ro - ext4\n", "is no mount"),
    ],
)  # fmt: skip
def test_a_text_that_is_not_understood(parser: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        list(PARSERS[parser](text))


PIECES = (
    *("cpu0 ", "cpu", "intr ", "btime ", "MemTotal: ", " kB", "some total=", "full ", "total=", "pgfault ", "eth0:"),
    *("/dev/sda / ext4 ro", "\\040", "\\777", "sda", "\n", " ", ":", "\x00", "\u2028"),
    *("1", "9" * 400, "-1", "1e999", "nan", "0x", "٣", "f", "TcpExt: ListenDrops", "Udp6InDatagrams\t"),
)


@pytest.mark.parametrize("parser", sorted(PARSERS))
@given(text=st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
def test_any_text_gives_samples_or_a_value_error(parser: str, text: str) -> None:
    try:
        found = list(PARSERS[parser](text))
    except ValueError:
        return
    assert all(isinstance(sample, Sample | filesystem.Mount) for sample in found)
    assert all(isinstance(sample.value, float | int) for sample in found if isinstance(sample, Sample))


def test_the_kernel_files_of_the_sample_data(shared: Path) -> None:
    proc = shared / "data/metrics_api/node_exporter/proc"
    text = {name: (proc / name).read_text() for name in ("stat", "meminfo", "loadavg", "diskstats")}
    found = figures(stat.parse(text["stat"]))
    columns = {line.split()[0]: line.split()[1:] for line in text["stat"].splitlines() if line.strip()}
    cpus = [name for name in columns if name.startswith("cpu") and name != "cpu"]
    assert len(cpus) >= 2
    for mode, total in zip(stat.MODES, columns["cpu"], strict=False):
        summed = sum(
            value for key, value in found.items() if key.startswith("node_cpu_seconds_total{") and f",{mode}}}" in key
        )
        assert summed == pytest.approx(int(total) / 100, abs=0.02 * len(cpus))
    assert found["node_context_switches_total"] == int(columns["ctxt"][0])
    assert found["node_boot_time_seconds"] == int(columns["btime"][0])
    memory = figures(meminfo.parse(text["meminfo"]))
    assert memory["node_memory_MemTotal_bytes"] == int(re.search(r"MemTotal: +(\d+)", text["meminfo"])[1]) * 1024  # type: ignore[index]
    assert [*figures(loadavg.parse(text["loadavg"])).values()] == [
        float(column) for column in text["loadavg"].split()[:3]
    ]
    disks = figures(diskstats.parse(diskstats.Read(text["diskstats"], HOST)))
    for line in text["diskstats"].splitlines():
        device, reads = line.split()[2:4]
        if not HOST.excluded_disks.search(device):
            assert disks[f"node_disk_reads_completed_total{{{device}}}"] == int(reads)


def test_cpu_usage_between_two_readings_is_telegrafs(shared: Path) -> None:
    folder = shared / "data/metrics_api/telegraf_proc_stat"
    before, after = (figures(stat.parse((folder / f"default_proc{number}.stat").read_text())) for number in (0, 1))
    checked = 0
    for line in (folder / "default_proc1.expected.out").read_text().splitlines():
        tags, fields, _ = line.split(" ")
        cpu = tags.rpartition("cpu=cpu")[2]
        expected = dict(field.split("=") for field in fields.split(","))
        if not cpu.isdecimal():
            continue
        spent = {
            mode: after[f"node_cpu_seconds_total{{{cpu},{mode}}}"] - before[f"node_cpu_seconds_total{{{cpu},{mode}}}"]
            for mode in stat.MODES
        }
        for mode in stat.MODES:
            assert 100 * spent[mode] / sum(spent.values()) == pytest.approx(float(expected[f"usage_{mode}"]), abs=1e-6)
            checked += 1
    assert checked >= 16 * len(stat.MODES)


def test_an_interface_left_out_has_neither_traffic_nor_state(tmp_path: Path) -> None:
    for device in ("eth0", "veth1"):
        (tmp_path / "sys/class/net" / device).mkdir(parents=True)
        (tmp_path / "sys/class/net" / device / "operstate").write_text("up\n", "utf-8")
    (tmp_path / "proc/net").mkdir(parents=True)
    counters = " 0" * 16
    table = f"Inter-|\n face |\n  eth0:{counters}\n veth1:{counters}\n"
    (tmp_path / "proc/net/dev").write_text(table, "utf-8")
    host = Host(tmp_path, excluded_interfaces=re.compile(r"^veth"))
    for collector in (netclass.COLLECTOR, netdev.COLLECTOR):
        assert {sample.labels[0] for sample in collector.on(host).collect()} == {"eth0"}


@pytest.mark.parametrize(
    ("collector", "text", "reason"),
    [
        (loadavg, "0.1 x 0.3 1/2 3\n", "/proc/loadavg: 'x' is not a number"),
        (stat, "cpu0 1 b 3 4\nctxt 5\n", "/proc/stat: 'b' is not a number"),
        (vmstat, "pgfault many\n", "/proc/vmstat: 'many' is not a number"),
    ],
)
def test_a_figure_that_is_no_number_names_its_file(collector: Any, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        list(collector.parse(text))
