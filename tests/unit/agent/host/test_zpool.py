"""State of the ZFS pools, as module/zfs/spa_stats.c writes it."""

from pathlib import Path

import pytest

from agent.host import zpool
from agent.host.root import Host


def pool(root: Path, name: str, state: str) -> None:
    folder = root / zpool.FOLDER / name
    folder.mkdir(parents=True)
    (folder / "state").write_text(f"{state}\n")


def states(root: Path) -> dict[str, str]:
    samples = [*zpool.parse(zpool.read(Host(root)))]
    found = {sample.labels[1]: sample.labels[0] for sample in samples if sample.value == 1}
    assert len(samples) == len(found) * len(zpool.STATES)
    return found


def test_a_node_without_zfs_and_one_without_pools_have_no_series(tmp_path: Path) -> None:
    assert states(tmp_path) == {}
    (tmp_path / zpool.FOLDER).mkdir(parents=True)
    (tmp_path / zpool.FOLDER / "arcstats").write_text("size 4 1\n")
    assert states(tmp_path) == {}


def test_every_pool_has_one_state(tmp_path: Path) -> None:
    for name, state in (("tank", "ONLINE"), ("my pool", "DEGRADED"), ("gone", "SUSPENDED"), ("old", "UNAVAIL")):
        pool(tmp_path, name, state)
    (tmp_path / zpool.FOLDER / "exported").mkdir()
    assert states(tmp_path) == {"tank": "online", "my pool": "degraded", "gone": "suspended", "old": "unavail"}


def test_a_state_that_is_not_known_is_told(tmp_path: Path) -> None:
    pool(tmp_path, "tank", "RESHUFFLED")
    with pytest.raises(ValueError, match="/tank/state: 'RESHUFFLED' is none of online, degraded"):
        states(tmp_path)


def test_a_container_does_not_tell_of_the_nodes_pools(tmp_path: Path) -> None:
    pool(tmp_path, "tank", "DEGRADED")
    (tmp_path / "run/systemd").mkdir(parents=True)
    (tmp_path / "run/systemd/container").write_text("lxc\n")
    assert states(tmp_path) == {}
