"""Errors of memory, as drivers/edac/edac_mc_sysfs.c writes them."""

from pathlib import Path

import pytest

from agent.host import edac
from agent.host.root import Host


def controller(root: Path, name: str, **counts: str) -> None:
    folder = root / edac.FOLDER / name
    folder.mkdir(parents=True)
    for file, count in counts.items():
        (folder / file).write_text(f"{count}\n")


def figures(root: Path) -> dict[tuple[str, ...], object]:
    return {(sample.metric.name, *sample.labels): sample.value for sample in edac.parse(edac.read(Host(root)))}


def test_a_machine_without_a_controller_has_no_series(tmp_path: Path) -> None:
    assert figures(tmp_path) == {}
    controller(tmp_path, "power", control="auto")
    assert figures(tmp_path) == {}


def test_every_controller_counts_for_itself(tmp_path: Path) -> None:
    controller(tmp_path, "mc0", ce_count="12", ue_count="0", seconds_since_reset="99")
    controller(tmp_path, "mc11", ce_count="0", ue_count="1")
    assert figures(tmp_path) == {
        ("node_edac_correctable_errors_total", "0"): 12,
        ("node_edac_uncorrectable_errors_total", "0"): 0,
        ("node_edac_correctable_errors_total", "11"): 0,
        ("node_edac_uncorrectable_errors_total", "11"): 1,
    }


def test_what_a_driver_does_not_count_is_absent_and_not_zero(tmp_path: Path) -> None:
    controller(tmp_path, "mc0", ue_count="3")
    assert figures(tmp_path) == {("node_edac_uncorrectable_errors_total", "0"): 3}


def test_a_count_that_is_no_number_is_told(tmp_path: Path) -> None:
    controller(tmp_path, "mc0", ce_count="many")
    with pytest.raises(ValueError, match="/mc0/ce_count: 'many' is not a number"):
        figures(tmp_path)


def test_a_container_does_not_tell_of_the_nodes_memory(tmp_path: Path) -> None:
    controller(tmp_path, "mc0", ue_count="3")
    (tmp_path / "run/systemd").mkdir(parents=True)
    (tmp_path / "run/systemd/container").write_text("lxc\n")
    assert figures(tmp_path) == {}
