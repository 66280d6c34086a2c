"""Arrays of the kernel's software RAID, as drivers/md/md.c and its personalities write them."""

from pathlib import Path

import pytest

from agent.host import mdadm
from agent.host.root import Host
from service.metric import Distribution

BEGIN = "Personalities : [raid1] [raid6] [raid5] [raid4] [raid0] [raid10] \n"
END = "unused devices: <none>\n"


def figures(text: str) -> dict[str, float]:
    """Return the figures by name and labels, the states that an array is not in left out."""
    found: dict[str, float] = {}
    for sample in mdadm.parse(BEGIN + text + END):
        assert not isinstance(sample.value, Distribution)
        if sample.metric.name != "node_md_state" or sample.value:
            found[f"{sample.metric.name.removeprefix('node_md_')}{{{','.join(sample.labels)}}}"] = sample.value
    return found


def md(text: str, name: str = "md0") -> tuple[int, int, int, int, str]:
    """Return of one array: required, active, failed, spare and the state."""
    found = figures(text)
    numbers = [found[f"disks{{{name},{state}}}"] for state in ("active", "failed", "spare")]
    states = [key.split(",")[1].rstrip("}") for key in found if key.startswith(f"state{{{name},")]
    assert len(states) == 1
    active, failed, spare = map(int, numbers)
    return int(found[f"disks_required{{{name}}}"]), active, failed, spare, states[0]


def test_a_node_without_arrays_has_no_series(tmp_path: Path) -> None:
    assert [*mdadm.parse(mdadm.read(Host(tmp_path)))] == []
    assert figures("") == {}


def test_a_complete_array() -> None:
    assert figures("md0 : active raid1 sdb1[1] sda1[0]\n      976630336 blocks super 1.2 [2/2] [UU]\n      \n\n") == {
        "disks_required{md0}": 2,
        "disks{md0,active}": 2,
        "disks{md0,failed}": 0,
        "disks{md0,spare}": 0,
        "state{md0,active}": 1,
        "blocks{md0}": 976630336,
        "blocks_synced{md0}": 976630336,
    }


def test_a_disk_that_failed_and_one_that_is_gone() -> None:
    failed = "md0 : active raid5 sdc1[3] sdb1[1](F) sda1[0]\n      9 blocks super 1.2 level 5, 64k chunk [3/2] [U_U]\n"
    assert md(failed) == (3, 2, 1, 0, "active")
    gone = "md0 : active raid10 sda1[0]\n      9 blocks super 1.2 512K chunks 2 near-copies [2/1] [U_]\n"
    assert md(gone) == (2, 1, 0, 0, "active")


def test_disks_keep_their_flags_together() -> None:
    text = "md0 : active raid5 sdd[4](J) sdc[3](W)(F) sdb[1](R) sda[0] sde[5](W)(S)\n      9 blocks [3/2] [UU_]\n"
    assert md(text) == (3, 2, 1, 1, "active")


@pytest.mark.parametrize(
    ("line", "state", "synced"),
    [
        ("      [=>..]  recovery =  8.5% (16/195) finish=17.0min speed=259783K/sec", "recovering", 16),
        ("      [=>..]  resync = 100.0% (195/195) finish=0.0min speed=1K/sec", "resync", 195),
        ("      [=>..]  check =  0.0% (0/195) finish=17.0min speed=259783K/sec", "check", 0),
        ("      [=>..]  repair =  1.0% (2/195) finish=17.0min speed=259783K/sec", "resync", 2),
        ("      [=>..]  reshape = 56.1% (110/195) finish=1868.1min speed=7640K/sec", "reshape", 110),
        ("      \tresync=PENDING", "resync", 0),
        ("      \tresync=DELAYED", "resync", 0),
        ("      \trecover=REMOTE", "recovering", 0),
        ("      \treshape=REMOTE", "reshape", 0),
        ("      bitmap: 0/30 pages [0KB], 65536KB chunk, file: /check = 5", "active", 195),
    ],
)
def test_what_the_kernel_is_doing_with_an_array(line: str, state: str, synced: int) -> None:
    text = f"md0 : active raid1 sdb1[1] sda1[0]\n      195 blocks [2/2] [UU]\n{line}\n      bitmap: 1/8 pages [4KB]\n\n"
    assert md(text) == (2, 2, 0, 0, state)
    assert figures(text)["blocks_synced{md0}"] == synced
    # The line of the bitmap may come first.
    text = f"md0 : active raid1 sdb1[1] sda1[0]\n      195 blocks [2/2] [UU]\n      bitmap: 1/8 pages [4KB]\n{line}\n"
    assert md(text)[4] == state


@pytest.mark.parametrize("access", ["(read-only) ", "(auto-read-only) "])
def test_an_array_that_may_not_be_written_yet(access: str) -> None:
    assert md(f"md0 : active {access}raid1 sdb1[1] sda1[0]\n      9 blocks [2/2] [UU]\n")[:2] == (2, 2)


def test_an_array_without_redundancy_needs_all_of_its_disks() -> None:
    assert md("md0 : active raid0 sdb[1] sda[0]\n      9 blocks super 1.2 512k chunks\n      \n") == (
        2,
        2,
        0,
        0,
        "active",
    )
    assert md("md0 : active (read-only) linear sdb[1] sda[0]\n      9 blocks super 1.2 0k rounding\n")[:2] == (2, 2)
    assert md("md0 : broken raid0 sdb[1]\n      9 blocks super 1.2 512k chunks\n")[4] == "broken"


def test_an_array_that_does_not_run_has_no_count_of_disks() -> None:
    assert md("md0 : inactive sdb[1](S)\n      9 blocks super 1.2\n       \n") == (0, 0, 0, 1, "inactive")
    container = "md127 : inactive sdb[1](S) sda[0](S)\n      6306 blocks super external:imsm\n"
    volume = "md126 : active raid1 sda[1] sdb[0]\n      9 blocks super external:/md127/0 [2/2] [UU]\n"
    assert md(container + volume, "md127") == (0, 0, 0, 2, "inactive")
    assert md(container + volume, "md126") == (2, 2, 0, 0, "active")


def test_an_array_without_disks_has_no_size() -> None:
    found = figures("md_d0 : inactive super non-persistent\n       \n")
    assert found["state{md_d0,inactive}"] == 1
    assert "blocks{md_d0}" not in found


def test_what_is_no_array_is_told_with_the_remedy() -> None:
    # Unraid has a driver of its own under this name.
    with pytest.raises(ValueError, match=r"'sbName=/boot/config/super.dat' .* without = \[\"mdadm\"\]"):
        [*mdadm.parse("sbName=/boot/config/super.dat\nsbVersion=2.9.13\n")]
    with pytest.raises(ValueError, match="frozen"):
        figures("md0 : frozen raid1 sdb1[1]\n")
    with pytest.raises(ValueError, match=r"md0 \(raid7\) does not say how many of its disks work"):
        figures("md0 : active raid7 sdb1[1]\n      9 blocks\n")


def test_a_container_does_not_tell_of_the_nodes_arrays(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / mdadm.FILE).write_text(BEGIN + "md0 : active raid1 sda[0]\n      9 blocks [2/1] [U_]\n" + END)
    assert [*mdadm.parse(mdadm.read(Host(tmp_path)))]
    (tmp_path / "run/systemd").mkdir(parents=True)
    (tmp_path / "run/systemd/container").write_text("lxc\n")
    assert [*mdadm.parse(mdadm.read(Host(tmp_path)))] == []
