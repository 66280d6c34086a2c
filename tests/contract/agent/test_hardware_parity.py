"""What fails in a machine, beside node_exporter: both read the same tree of files, as the kernel would write them."""

from pathlib import Path

from agent.host.jobs import host_collectors, jobs
from agent.host.settings import HostSettings
from agent.runtime.collector import Runner
from agent.runtime.exposition import registry, text
from tests.contract.agent.node_exporter import Series, node_exporter, of_a_tree, parsed, scrape

MDSTAT = Path(__file__).with_name("mdstat")
COLLECTORS = ("mdadm", "zfs", "edac", "hwmon")
OURS = ("mdadm", "zfs", "zpool", "edac", "hwmon")
# What node_exporter has no series for: two states of an array, and before 1.6 one of a pool.
OUR_STATES = frozenset({"reshape", "broken", "suspended"})


ARCSTATS = "6 1 0x01 91 4368 5266997922 97951858082072\nname type data\nc_min 4 33554432\nsize 4 1603939792\n"
MEMORY = "sys/devices/system/edac/mc"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def chip(root: Path, number: int, device: str, files: dict[str, str]) -> None:
    """Make a chip as the kernel does: a folder within its device's, and links to both."""
    name = f"hwmon{number}"
    folder = root / "sys/devices" / device / "hwmon" / name
    write(folder, {file: f"{content}\n" for file, content in files.items()})
    (folder / "device").symlink_to("../../../" + device.rpartition("/")[2])
    links = root / "sys/class/hwmon"
    links.mkdir(parents=True, exist_ok=True)
    (links / name).symlink_to(f"../../devices/{device}/hwmon/{name}")


def chips(root: Path) -> None:
    cores = {"name": "coretemp"}
    for sensor, core in enumerate(("Package id 0", "Core 0", "Core 1"), 1):
        cores |= {f"temp{sensor}_label": core, f"temp{sensor}_input": f"{50000 + sensor}"}
        cores |= {f"temp{sensor}_crit": "100000", f"temp{sensor}_crit_alarm": "0", f"temp{sensor}_max": "80000"}
    chip(root, 0, "platform/coretemp.0", cores)
    chip(root, 1, "platform/coretemp.1", {**cores, "temp1_input": "100500", "temp1_crit_alarm": "1"})
    board = {"name": "nct6798", "fan1_input": "1205", "fan1_alarm": "0", "fan2_input": "0", "fan2_alarm": "1"}
    board |= {
        "fan2_min": "300",
        "temp1_input": "-60000",
        "temp1_fault": "1",
        "temp2_input": "127000",
        "temp2_alarm": "1",
    }
    board |= {"temp2_crit": "0", "in0_input": "1184", "in0_alarm": "0", "pwm1": "128", "intrusion0_alarm": "1"}
    chip(root, 2, "platform/nct6775.656", board)
    supply = {"name": "pmbus", "in1_label": "vin", "in1_alarm": "1", "curr1_alarm": "0", "power1_alarm": "0"}
    chip(root, 3, "pci0000:00/0000:00:1f.4/i2c-0/0-0058", {**supply, "fan1_fault": "0", "fan1_input": "8000"})


def ours(root: Path) -> tuple[dict[str, str], dict[Series, float]]:
    others = [collector.name for collector in host_collectors() if collector.name not in OURS]
    runner = Runner(jobs(HostSettings(root=root, without=others)))
    runner.run_all()
    kinds, values = parsed(text(registry(runner.samples)).decode())
    assert runner.failures() == {}
    return kinds, {series: value for series, value in values.items() if dict(series[1]).get("state") not in OUR_STATES}


def theirs(root: Path) -> tuple[dict[str, str], dict[Series, float]]:
    with node_exporter(root / "log", COLLECTORS, *of_a_tree(root)) as url:
        return parsed(scrape(url))


def test_names_types_labels_and_values_are_node_exporters(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/mdstat": MDSTAT.read_text(),
            "proc/spl/kstat/zfs/arcstats": ARCSTATS,
            "proc/spl/kstat/zfs/tank/state": "ONLINE\n",
            "proc/spl/kstat/zfs/my pool/state": "DEGRADED\n",
            "proc/spl/kstat/zfs/gone/state": "SUSPENDED\n",
            f"{MEMORY}/power/control": "auto\n",
            **{
                f"{MEMORY}/mc{controller}/{file}": f"{count}\n"
                for controller, counts in ((0, (1, 2, 5, 4)), (10, (0, 0, 0, 0)))
                for file, count in zip(
                    ("ce_count", "ce_noinfo_count", "ue_count", "ue_noinfo_count"), counts, strict=True
                )
            },
        },
    )
    chips(tmp_path)
    our_kinds, our_values = ours(tmp_path)
    their_kinds, their_values = theirs(tmp_path)
    assert our_kinds == {name: their_kinds.get(name, "not theirs") for name in our_kinds}
    assert our_values == {series: value for series, value in their_values.items() if series[0] in our_kinds}
    assert {name.split("_")[1] for name in our_kinds} == {"md", "zfs", "edac", "hwmon"}
