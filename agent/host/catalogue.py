"""Every metric about the host. Names, types and labels are node_exporter's, so boards and rules made for it work.

A site that already runs node_exporter sets `[host] enabled = false` and keeps it. The few figures node_exporter has
not (processes by name) carry our own prefix.
"""

from service.metric import Kind, Metric

AD_HOC = "ad hoc"  # most host figures are for the engineer who looks closer, not for a rule or a board


def _host(name: str, kind: Kind, text: str, *labels: str) -> Metric:
    return Metric(f"node_{name}", kind, text, labels, reader=AD_HOC)


# /proc/stat
CPU_SECONDS = _host("cpu_seconds_total", "counter", "Time each CPU spent in each mode.", "cpu", "mode")
CPU_GUEST_SECONDS = _host(
    "cpu_guest_seconds_total", "counter", "Time each CPU spent running guests; part of user and nice.", "cpu", "mode"
)
BOOT_TIME = _host("boot_time_seconds", "gauge", "Time at which the kernel started.")
CONTEXT_SWITCHES = _host("context_switches_total", "counter", "Context switches.")
FORKS = _host("forks_total", "counter", "Processes and threads started.")
INTERRUPTS = _host("intr_total", "counter", "Interrupts serviced.")
PROCS_RUNNING = _host("procs_running", "gauge", "Processes in a runnable state.")
PROCS_BLOCKED = _host("procs_blocked", "gauge", "Processes waiting for I/O.")

# /proc/loadavg
LOAD1 = _host("load1", "gauge", "Load average of 1 minute.")
LOAD5 = _host("load5", "gauge", "Load average of 5 minutes.")
LOAD15 = _host("load15", "gauge", "Load average of 15 minutes.")

# /proc/meminfo: by the kernel's own key. Keys counted in pages, not kB, carry no unit.
_MEMORY_BYTES = """
MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) Inactive(anon) Active(file)
Inactive(file) Unevictable Mlocked HighTotal HighFree LowTotal LowFree MmapCopy SwapTotal SwapFree Zswap Zswapped Dirty
Writeback AnonPages Mapped Shmem KReclaimable Slab SReclaimable SUnreclaim KernelStack ShadowCallStack PageTables
SecPageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed VmallocChunk Percpu
EarlyMemtestBad HardwareCorrupted AnonHugePages ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped CmaTotal
CmaFree Unaccepted Balloon GPUActive GPUReclaim Hugepagesize Hugetlb DirectMap4k DirectMap2M DirectMap4M DirectMap1G
"""
_MEMORY_PAGES = "HugePages_Total HugePages_Free HugePages_Rsvd HugePages_Surp"


def _memory_name(key: str) -> str:
    return key.replace("(", "_").replace(")", "")


MEMORY: dict[str, Metric] = {
    **{
        key: _host(f"memory_{_memory_name(key)}_bytes", "gauge", f"{key} of /proc/meminfo.")
        for key in _MEMORY_BYTES.split()
    },
    **{
        key: _host(f"memory_{_memory_name(key)}", "gauge", f"{key} of /proc/meminfo, in pages.")
        for key in _MEMORY_PAGES.split()
    },
}

# /proc/spl/kstat/zfs/arcstats
ARC: dict[str, Metric] = {
    "size": _host("zfs_arc_size", "untyped", "Bytes of memory that ZFS caches files in."),
    "c_min": _host("zfs_arc_c_min", "untyped", "Bytes below which ZFS gives none of them back."),
}

# /proc/spl/kstat/zfs/*/state
ZPOOL_STATE = _host("zfs_zpool_state", "gauge", "1 for the pool's state, 0 for the others.", "state", "zpool")

# /proc/vmstat
VMSTAT: dict[str, Metric] = {
    "pgpgin": _host("vmstat_pgpgin", "untyped", "KiB read from block devices."),
    "pgpgout": _host("vmstat_pgpgout", "untyped", "KiB written to block devices."),
    "pswpin": _host("vmstat_pswpin", "untyped", "Pages read from swap."),
    "pswpout": _host("vmstat_pswpout", "untyped", "Pages written to swap."),
    "pgfault": _host("vmstat_pgfault", "untyped", "Page faults."),
    "pgmajfault": _host("vmstat_pgmajfault", "untyped", "Page faults that needed a disk."),
    "oom_kill": _host("vmstat_oom_kill", "untyped", "Processes killed for lack of memory."),
}

# /proc/pressure: "some" is waiting, "full" is stalled.
PRESSURE: dict[tuple[str, str], Metric] = {
    (resource, line): _host(
        f"pressure_{resource}_{word}_seconds_total", "counter", f"Time in which {who} waited for {what}."
    )
    for resource, line, word, who, what in (
        ("cpu", "some", "waiting", "some task", "a CPU"),
        ("io", "some", "waiting", "some task", "I/O"),
        ("io", "full", "stalled", "every runnable task", "I/O"),
        ("memory", "some", "waiting", "some task", "memory"),
        ("memory", "full", "stalled", "every runnable task", "memory"),
    )
}

# /proc/diskstats, in the order of its columns; each with the factor that makes a base unit of the kernel's.
_SECTOR, _MILLISECOND = 512.0, 0.001
DISK: tuple[tuple[Metric, float], ...] = tuple(
    (_host(f"disk_{name}", "counter" if name.endswith("_total") else "gauge", text, "device"), factor)
    for name, factor, text in (
        ("reads_completed_total", 1.0, "Reads completed."),
        ("reads_merged_total", 1.0, "Reads merged with a neighbour."),
        ("read_bytes_total", _SECTOR, "Bytes read."),
        ("read_time_seconds_total", _MILLISECOND, "Time that all reads took together."),
        ("writes_completed_total", 1.0, "Writes completed."),
        ("writes_merged_total", 1.0, "Writes merged with a neighbour."),
        ("written_bytes_total", _SECTOR, "Bytes written."),
        ("write_time_seconds_total", _MILLISECOND, "Time that all writes took together."),
        ("io_now", 1.0, "Requests under way."),
        ("io_time_seconds_total", _MILLISECOND, "Time in which the device was busy."),
        ("io_time_weighted_seconds_total", _MILLISECOND, "Time weighted by the requests under way."),
        ("discards_completed_total", 1.0, "Discards completed."),
        ("discards_merged_total", 1.0, "Discards merged with a neighbour."),
        ("discarded_sectors_total", 1.0, "Sectors discarded."),
        ("discard_time_seconds_total", _MILLISECOND, "Time that all discards took together."),
        ("flush_requests_total", 1.0, "Flushes completed."),
        ("flush_requests_time_seconds_total", _MILLISECOND, "Time that all flushes took together."),
    )
)

# /proc/mdstat
MD_DISKS_REQUIRED = _host("md_disks_required", "gauge", "Disks that the array needs to be complete.", "device")
MD_DISKS = _host(
    "md_disks", "gauge", "Disks of the array that are active, have failed, or are spare.", "device", "state"
)
MD_STATE = _host("md_state", "gauge", "1 for the array's state, 0 for the others.", "device", "state")
MD_BLOCKS = _host("md_blocks", "gauge", "Size of the array in blocks of 1 KiB.", "device")
MD_BLOCKS_SYNCED = _host("md_blocks_synced", "gauge", "How many of the blocks are in sync.", "device")

# /sys/devices/system/edac/mc
EDAC_CORRECTABLE = _host(
    "edac_correctable_errors_total", "counter", "Errors of memory that were corrected.", "controller"
)
EDAC_UNCORRECTABLE = _host(
    "edac_uncorrectable_errors_total", "counter", "Errors of memory that could not be corrected.", "controller"
)

# Mounted file systems
_MOUNT = ("device", "fstype", "mountpoint")
FILESYSTEM_SIZE = _host("filesystem_size_bytes", "gauge", "Size.", *_MOUNT)
FILESYSTEM_FREE = _host("filesystem_free_bytes", "gauge", "Free space, root's reserve included.", *_MOUNT)
FILESYSTEM_AVAIL = _host("filesystem_avail_bytes", "gauge", "Free space for ordinary users.", *_MOUNT)
FILESYSTEM_FILES = _host("filesystem_files", "gauge", "Inodes.", *_MOUNT)
FILESYSTEM_FILES_FREE = _host("filesystem_files_free", "gauge", "Free inodes.", *_MOUNT)
FILESYSTEM_READONLY = _host("filesystem_readonly", "gauge", "Whether it is mounted read-only.", *_MOUNT)
FILESYSTEM_ERROR = _host(
    "filesystem_device_error", "gauge", "Whether it could not be asked for its figures, or did not answer.", *_MOUNT
)

# /proc/net/dev, in the order of its columns
NETWORK_RECEIVE: tuple[Metric, ...] = tuple(
    _host(f"network_receive_{name}_total", "counter", f"Received: {text}.", "device")
    for name, text in (
        ("bytes", "bytes"),
        ("packets", "packets"),
        ("errs", "errors"),
        ("drop", "packets dropped"),
        ("fifo", "overruns"),
        ("frame", "framing errors"),
        ("compressed", "compressed packets"),
        ("multicast", "multicast packets"),
    )
)
NETWORK_TRANSMIT: tuple[Metric, ...] = tuple(
    _host(f"network_transmit_{name}_total", "counter", f"Transmitted: {text}.", "device")
    for name, text in (
        ("bytes", "bytes"),
        ("packets", "packets"),
        ("errs", "errors"),
        ("drop", "packets dropped"),
        ("fifo", "overruns"),
        ("colls", "collisions"),
        ("carrier", "losses of carrier"),
        ("compressed", "compressed packets"),
    )
)

# /sys/class/net
NETWORK_UP = _host("network_up", "gauge", "Whether the interface works (operstate up).", "device")
NETWORK_CARRIER = _host("network_carrier", "gauge", "Whether there is a signal on the line.", "device")
NETWORK_CARRIER_CHANGES = _host("network_carrier_changes_total", "counter", "Times the signal came or went.", "device")
NETWORK_MTU = _host("network_mtu_bytes", "gauge", "Largest packet.", "device")
NETWORK_SPEED = _host(
    "network_speed_bytes", "gauge", "Speed of the line in bytes per second; negative: not known.", "device"
)

# Bonds, in /sys/class/net
BONDING_SLAVES = _host("bonding_slaves", "gauge", "Links that a bond has.", "master")
BONDING_ACTIVE = _host("bonding_active", "gauge", "Links of a bond whose MII status is up.", "master")
BONDING_LINK_UP = Metric(
    "ott_bonding_link_up",
    "gauge",
    "Whether a link of a bond can carry traffic: it has a signal, the bond takes it for up, and with 802.3ad it is in "
    "the active aggregator and in step with the switch.",
    ("master", "device"),
)

# Connection tracking
CONNTRACK_ENTRIES = _host("nf_conntrack_entries", "gauge", "Connections that the firewall tracks.")
CONNTRACK_LIMIT = _host("nf_conntrack_entries_limit", "gauge", "Connections that it can track; 0: no limit.")

# /proc/net/netstat, snmp and snmp6: by protocol and the kernel's own name
NETSTAT: dict[tuple[str, str], Metric] = {
    (protocol, field): _host(f"netstat_{protocol}_{field}", "untyped", text)
    for protocol, field, text in (
        ("TcpExt", "ListenOverflows", "Connections dropped because the program accepts them too slowly."),
        ("TcpExt", "ListenDrops", "Connections dropped by listening sockets, for whatever reason."),
        ("Tcp", "CurrEstab", "TCP connections there are."),
        ("Tcp", "OutSegs", "TCP segments sent, without those sent again."),
        ("Tcp", "RetransSegs", "TCP segments sent again."),
        ("Udp", "InDatagrams", "UDP datagrams that programs received, by IPv4."),
        ("Udp", "RcvbufErrors", "UDP datagrams lost because the program read them too slowly, by IPv4."),
        ("Udp6", "InDatagrams", "UDP datagrams that programs received, by IPv6."),
        ("Udp6", "RcvbufErrors", "UDP datagrams lost because the program read them too slowly, by IPv6."),
    )
}

# /proc/net/softnet_stat
SOFTNET_DROPPED = _host("softnet_dropped_total", "counter", "Packets dropped because the CPU's queue was full.", "cpu")
SOFTNET_SQUEEZED = _host(
    "softnet_times_squeezed_total",
    "counter",
    "Times that packets were left waiting when the CPU's turn was over.",
    "cpu",
)

# /sys/class/hwmon, by the kind of a sensor and what is told of it; each with the factor that makes a base unit of the
# kernel's. An alarm of the critical limit has a unit at node_exporter, which takes it for a temperature.
HWMON_CHIP = _host(
    "hwmon_chip_names", "gauge", "1, labelled with the name that the driver gives the chip.", "chip", "chip_name"
)
HWMON_LABEL = _host(
    "hwmon_sensor_label", "gauge", "1, labelled with what the sensor measures.", "chip", "sensor", "label"
)
HWMON_MARGIN = Metric(
    "ott_hwmon_temp_margin_celsius",
    "gauge",
    "How far a chip's temperature is below its critical limit, by the sensor that is nearest to its own; 0 and less is "
    "too hot. Sensors with a limit below 50 degrees, or that measure 127 and more, do not count.",
    ("chip",),
)
_MILLI = 0.001
HWMON: dict[tuple[str, str], tuple[Metric, float]] = {
    (kind, what): (_host(f"hwmon_{name}", "gauge", text, "chip", "sensor"), factor)
    for kind, what, name, factor, text in (
        ("temp", "input", "temp_celsius", _MILLI, "Temperature."),
        ("temp", "crit", "temp_crit_celsius", _MILLI, "Temperature that is critical by the chip's own limit."),
        ("temp", "crit_alarm", "temp_crit_alarm_celsius", _MILLI, "Above 0 when the temperature is, or was, critical."),
        ("temp", "alarm", "temp_alarm", 1.0, "Whether the temperature is beyond a limit of the chip."),
        ("temp", "fault", "temp_fault", 1.0, "Whether the sensor of the temperature is out of order."),
        ("fan", "input", "fan_rpm", 1.0, "Turns of the fan in a minute."),
        ("fan", "alarm", "fan_alarm", 1.0, "Whether the fan is slower than the chip's limit."),
        ("fan", "fault", "fan_fault", 1.0, "Whether the fan is out of order."),
        ("in", "alarm", "in_alarm", 1.0, "Whether the voltage is beyond a limit of the chip."),
        ("curr", "alarm", "curr_alarm", 1.0, "Whether the current is beyond a limit of the chip."),
        ("power", "alarm", "power_alarm", 1.0, "Whether the power is beyond a limit of the chip."),
    )
}

# Time, names, limits
TIME = _host("time_seconds", "gauge", "The node's clock.")
TIME_ZONE_OFFSET = _host("time_zone_offset_seconds", "gauge", "The node's zone, east of UTC.", "time_zone")
CLOCKSOURCE_AVAILABLE = _host(
    "time_clocksource_available_info", "gauge", "1 for each clock source there is.", "clocksource", "device"
)
CLOCKSOURCE_CURRENT = _host(
    "time_clocksource_current_info", "gauge", "1 for the clock source in use.", "clocksource", "device"
)
UNAME = _host(
    "uname_info", "gauge", "1, labelled as uname(2) says.",
    "domainname", "machine", "nodename", "release", "sysname", "version",
)  # fmt: skip
FILEFD_ALLOCATED = _host("filefd_allocated", "gauge", "File descriptors in use.")
FILEFD_MAXIMUM = _host("filefd_maximum", "gauge", "File descriptors allowed.")

# systemd units that the settings name
UNIT_STATE = _host("systemd_unit_state", "gauge", "1 for the unit's state, 0 for the others.", "name", "state", "type")
UNIT_START_TIME = _host("systemd_unit_start_time_seconds", "gauge", "Time at which the unit became active.", "name")
UNIT_RESTARTS = _host("systemd_service_restart_total", "counter", "Restarts by systemd itself.", "name")

# Processes that the settings name
PROCESS_INSTANCES = Metric(
    "ott_process_instances", "gauge", "Processes of this name; 0 when none runs.", ("name",), reader=AD_HOC
)
PROCESS_CPU = Metric(
    "ott_process_cpu_seconds_total",
    "counter",
    "CPU time of all processes of this name, ended ones included as far as they were seen.",
    ("name",),
    reader=AD_HOC,
)
PROCESS_MEMORY = Metric(
    "ott_process_resident_memory_bytes",
    "gauge",
    "Resident memory of all processes of this name.",
    ("name",),
    reader=AD_HOC,
)
