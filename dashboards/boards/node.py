"""One node in depth: what an engineer looks at after an alarm named it."""

from dashboards.boards.vocabulary import (
    CONNTRACK,
    DISK,
    ERRORS,
    FILESYSTEM,
    MEMORY,
    ONE_NODE,
    SITE,
    STATES,
    alarms,
    state,
)
from dashboards.boards.vocabulary import PROCESSOR as BUSY
from dashboards.model import Board, Course, Figure, Query, Ranking, Row
from dashboards.units import DAYS, PER_SECOND

ME = 'node="$node"'

# The same file systems and interfaces as in the recording rules. Each device is a maximum, never a sum: a node_exporter
# beside the agent says the same of it once more.
DISKS = 'fstype!~"tmpfs|devtmpfs|ramfs|overlay|squashfs|iso9660"'
NOT_IDLE = 'mode!="idle"'
CARDS = (
    'device!~"lo|bond.+|team.+|vlan.+|br.+|virbr.+|vmbr.+|fw(br|ln|pr).+|ovs.+|docker.+|podman.+|lxc.+|lxd.+|veth.+|vnet.+'
    "|vif.+|cali.+|cilium.+|cni.+|flannel.+|vxlan.+|geneve.+|macv.+|ipvlan.+|dummy.+|ifb.+|gre.+|sit.+"
    '|ip6?_?(tnl|gre|vti).+|ppp.+|tun.+|tap.+|wg.+|tailscale.+|zt.+"'
)
# Given back, too, though the kernel does not count it as available.
ZFS_CACHE = f"(max(clamp_min(node_zfs_arc_size{{{ME}}} - node_zfs_arc_c_min{{{ME}}}, 0)) or vector(0))"


def _rate(metric: str, *matchers: str) -> str:
    return f"rate({metric}{{{','.join((ME, *matchers))}}}[$__rate_interval])"


NOW = Row(
    (
        Figure(
            title="State",
            question="What is the worst active alarm of this node?",
            unit="none",
            queries=(Query(state("node", ME)),),
            meanings=STATES,
            fill=True,
            width=4,
            height=5,
        ),
        Figure(
            title="Running for",
            question="How long has the node been up since its kernel started?",
            unit=DAYS,
            queries=(Query(f"time() - max(node_boot_time_seconds{{{ME}}})"),),
            width=4,
            height=5,
        ),
        Ranking(
            title="How loaded is it now?",
            question="Which resource of this node is closest to its end?",
            unit="percentunit",
            queries=(
                Query(f"max(node:node_cpu_utilisation:ratio_rate1m{{{ME}}})", "processor", steps=BUSY),
                Query(f"max(node:node_memory_utilisation:ratio{{{ME}}})", "memory", steps=MEMORY),
                Query(f"max(node:node_disk_io_utilisation:ratio_rate1m{{{ME}}})", "busiest disk", steps=DISK),
                Query(f"max(node:node_filesystem_utilisation:ratio{{{ME}}})", "fullest file system", steps=FILESYSTEM),
            ),
            minimum=0,
            maximum=1,
            decimals=0,
            width=8,
            height=5,
        ),
        alarms(f",{ME}", (), width=8, height=5),
    )
)

PROCESSOR = Row(
    (
        Course(
            title="What uses the processor?",
            question="What does the processor spend its time on?",
            unit="percentunit",
            queries=(Query(f"avg by (mode) ({_rate('node_cpu_seconds_total', NOT_IDLE)})", "{{mode}}"),),
            stacked=True,
            maximum=1,
            legend_values=False,
            width=8,
            height=8,
        ),
        Course(
            title="Do processes queue up?",
            question="How many tasks want to run, against the number of processors?",
            unit="none",
            decimals=1,
            queries=(
                Query(f"max(node_load1{{{ME}}})", "1 minute"),
                Query(f"max(node_load15{{{ME}}})", "15 minutes"),
                Query(f'count(max by (cpu) (node_cpu_seconds_total{{{ME},mode="idle"}}))', "processors"),
            ),
            legend_values=False,
            width=8,
            height=8,
        ),
        Course(
            title="What do processes wait for?",
            question="For what share of the time did tasks wait for a resource they could not get?",
            unit="percentunit",
            queries=(
                Query(f"max({_rate('node_pressure_cpu_waiting_seconds_total')})", "waiting for a processor"),
                Query(f"max({_rate('node_pressure_io_waiting_seconds_total')})", "waiting for a disk"),
                Query(f"max({_rate('node_pressure_memory_waiting_seconds_total')})", "waiting for memory"),
            ),
            legend_values=False,
            width=8,
            height=8,
        ),
    ),
    "Processor",
)

STORAGE = Row(
    (
        Course(
            title="What is memory used for?",
            question="What is memory used for?",
            unit="bytes",
            queries=(
                Query(
                    f"max(node_memory_MemTotal_bytes{{{ME}}}) - max(node_memory_MemAvailable_bytes{{{ME}}})"
                    f" - {ZFS_CACHE}",
                    "programs",
                ),
                Query(
                    f"max(node_memory_MemAvailable_bytes{{{ME}}}) - max(node_memory_MemFree_bytes{{{ME}}})"
                    f" + {ZFS_CACHE}",
                    "cache that can be given up",
                ),
                Query(f"max(node_memory_MemFree_bytes{{{ME}}})", "free"),
            ),
            stacked=True,
            legend_values=False,
            width=8,
            height=8,
        ),
        Ranking(
            title="How full is each file system?",
            question="How full is each file system?",
            unit="percentunit",
            queries=(
                Query(
                    f"1 - max by (mountpoint) (node_filesystem_avail_bytes{{{ME},{DISKS}}})"
                    f" / max by (mountpoint) (node_filesystem_size_bytes{{{ME},{DISKS}}})",
                    "{{mountpoint}}",
                ),
            ),
            steps=FILESYSTEM,
            above=True,
            minimum=0,
            maximum=1,
            decimals=0,
            width=8,
            height=8,
        ),
        Course(
            title="How much do disks read and write?",
            question="How much is read from and written to each disk?",
            unit="Bps",
            queries=(
                Query(f"max by (device) ({_rate('node_disk_read_bytes_total')})", "{{device}} read"),
                Query(f"max by (device) ({_rate('node_disk_written_bytes_total')})", "{{device}} written"),
            ),
            legend_values=False,
            width=8,
            height=8,
        ),
    ),
    "Memory and disks",
)

NETWORK = Row(
    (
        Course(
            title="How much do interfaces carry?",
            question="How much do the interfaces send and receive?",
            unit="bps",
            queries=(
                Query(f"8 * max by (device) ({_rate('node_network_transmit_bytes_total', CARDS)})", "{{device}} sent"),
                Query(
                    f"8 * max by (device) ({_rate('node_network_receive_bytes_total', CARDS)})", "{{device}} received"
                ),
            ),
            legend_values=False,
            width=12,
            height=8,
        ),
        Course(
            title="Are packets lost or damaged?",
            question="Do interfaces drop or damage packets?",
            unit=PER_SECOND,
            queries=(
                Query(f"sum(max by (device) ({_rate('node_network_receive_errs_total')}))", "damaged on arrival"),
                Query(f"sum(max by (device) ({_rate('node_network_transmit_errs_total')}))", "damaged when sent"),
                Query(f"sum(max by (device) ({_rate('node_network_receive_drop_total')}))", "dropped on arrival"),
                Query(f"sum(max by (device) ({_rate('node_network_transmit_drop_total')}))", "dropped when sent"),
            ),
            legend_values=False,
            width=12,
            height=8,
        ),
        Course(
            title="Do bonds have all their links?",
            question="How many links of each bond can carry traffic, of those it should have?",
            unit="none",
            decimals=0,
            minimum=0,
            queries=(
                Query(f"max by (master) (node:ott_bonding_link_up:sum{{{ME}}})", "{{master}} working"),
                Query(f"max by (master) (node:node_bonding_slaves:expected{{{ME}}})", "{{master}} expected"),
            ),
            legend_values=False,
            empty="this node has no bond",
            width=6,
            height=8,
        ),
        Course(
            title="How full is the connection table?",
            question="How full is the table of connections that the firewall tracks?",
            unit="percentunit",
            queries=(Query(f"max(node:node_nf_conntrack_utilisation:ratio{{{ME}}})", "in use"),),
            steps=CONNTRACK,
            limits=True,
            minimum=0,
            legend_values=False,
            empty="this node tracks no connections",
            width=6,
            height=8,
        ),
        Course(
            title="How much is sent again?",
            question="What share of TCP segments was lost on the way and is sent again?",
            unit="percentunit",
            queries=(
                Query(
                    f"max({_rate('node_netstat_Tcp_RetransSegs')}) / (max({_rate('node_netstat_Tcp_OutSegs')}) > 0)",
                    "sent again",
                ),
            ),
            minimum=0,
            legend_values=False,
            width=6,
            height=8,
        ),
        Course(
            title="What does the node itself lose?",
            question="What comes to this node and is lost there, because nobody takes it in time?",
            unit=PER_SECOND,
            queries=(
                Query(f"max({_rate('node_netstat_TcpExt_ListenOverflows')})", "connections not accepted"),
                Query(f"max(node:node_netstat_udp_lost:rate1m{{{ME}}})", "datagrams not read"),
                Query(f"sum(max by (cpu) ({_rate('node_softnet_dropped_total')}))", "packets beyond a CPU's queue"),
                Query(f"sum(max by (cpu) ({_rate('node_softnet_times_squeezed_total')}))", "times packets had to wait"),
            ),
            legend_values=False,
            width=6,
            height=8,
        ),
    ),
    "Network",
)

MACHINE = Row(
    (
        Course(
            title="Do arrays have all their disks?",
            question="How many disks of each RAID array work, of those it needs?",
            unit="none",
            decimals=0,
            minimum=0,
            queries=(
                Query(f'max by (device) (node_md_disks{{{ME},state="active"}})', "{{device}} working"),
                Query(f"max by (device) (node_md_disks_required{{{ME}}})", "{{device}} needed"),
            ),
            legend_values=False,
            empty="this node has no software RAID",
            width=12,
            height=8,
        ),
        Course(
            title="How hot is the machine?",
            question="What does the hottest sensor of each chip measure?",
            unit="celsius",
            decimals=0,
            queries=(Query(f"max by (chip) (node_hwmon_temp_celsius{{{ME}}} < 127)", "{{chip}}"),),
            legend_values=False,
            empty="this node has no sensors",
            width=12,
            height=8,
        ),
    ),
    "Machine",
)

DELIVERY = Row(
    (
        Course(
            title="How many people does it serve?",
            question="How many people does this node serve?",
            unit="none",
            queries=(
                Query(f"sum(node:ott_edge_viewers:sum{{{ME}}})", "viewers"),
                Query(f"sum(node:ott_edge_sessions:sum{{{ME}}})", "sessions"),
            ),
            legend_values=False,
            empty="this node delivers no content",
            width=8,
            height=8,
        ),
        Course(
            title="How much content does it send?",
            question="How much content does this node send?",
            unit="bps",
            queries=(Query(f"8 * sum(node:ott_edge_egress_bytes:rate1m{{{ME}}})", "content"),),
            empty="this node delivers no content",
            width=8,
            height=8,
        ),
        Course(
            title="What share of requests fails?",
            question="What share of the requests does this node answer with a server error?",
            unit="percentunit",
            queries=(Query(f"max by (service) (node:ott_edge_request_errors:ratio_rate1m{{{ME}}})", "{{service}}"),),
            steps=ERRORS,
            limits=True,
            empty="this node delivers no content",
            width=8,
            height=8,
        ),
    ),
    "Content delivery",
)

BOARD = Board(
    name="node",
    title="Node",
    purpose="One node in depth: processor, memory, disks, network and what it delivers",
    readers="the engineer who works on a ticket that names a node, and the vendor's engineer beside them.",
    rows=(NOW, PROCESSOR, STORAGE, NETWORK, MACHINE, DELIVERY),
    variables=(SITE, ONE_NODE),
    since="now-3h",
)
