"""Sensors of the machine, as Documentation/hwmon/sysfs-interface.rst describes their files."""

import threading
from pathlib import Path

import pytest

from agent.host import hwmon, sensors
from agent.host.jobs import jobs
from agent.host.patience import Asker
from agent.host.root import Host
from agent.host.settings import HostSettings
from agent.runtime.collector import Runner


def chip(root: Path, number: int, name: str, device: str = "", **files: str) -> Path:
    folder = root / "sys/class/hwmon" / f"hwmon{number}"
    folder.mkdir(parents=True)
    if name:
        (folder / "name").write_text(f"{name}\n")
    for file, text in files.items():
        (folder / file).write_text(f"{text}\n")
    if device:
        (root / "sys/devices" / device).mkdir(parents=True, exist_ok=True)
        (folder / "device").symlink_to(f"../../../devices/{device}")
    return folder


def figures(root: Path) -> dict[str, object]:
    return {
        f"{sample.metric.name.removeprefix('node_hwmon_')}{{{','.join(sample.labels)}}}": sample.value
        for sample in hwmon.parse(hwmon.read(Host(root)))
    }


def test_a_node_without_sensors_has_no_series(tmp_path: Path) -> None:
    assert figures(tmp_path) == {}
    (tmp_path / "sys/class/hwmon").mkdir(parents=True)
    assert figures(tmp_path) == {}


def test_values_are_in_base_units_and_may_be_below_zero(tmp_path: Path) -> None:
    chip(tmp_path, 0, "nct6798", temp1_input="-60000", temp1_crit="-273150", fan1_input="1205", in0_alarm="1")
    assert figures(tmp_path) == {
        "chip_names{nct6798,nct6798}": 1,
        "temp_celsius{nct6798,temp1}": -60,
        "temp_crit_celsius{nct6798,temp1}": pytest.approx(-273.15),
        "fan_rpm{nct6798,fan1}": 1205,
        "in_alarm{nct6798,in0}": 1,
    }


def test_the_sensor_nearest_to_its_limit_tells_how_far_a_chip_is_from_it(tmp_path: Path) -> None:
    chip(
        tmp_path, 0, "coretemp",
        temp1_input="60000", temp1_crit="100000", temp2_input="98500", temp2_crit="100000", temp3_input="97000",
    )  # fmt: skip
    chip(tmp_path, 1, "hot", temp1_input="100000", temp1_crit="100000", temp2_input="126000", temp2_crit="105000")
    # Limits that were never set, an input that nothing is connected to, and a limit without its temperature.
    chip(
        tmp_path, 2, "odd",
        temp1_input="60000", temp1_crit="49000", temp2_input="41000", temp2_crit="-273150", temp3_input="127000",
        temp3_crit="80000", temp4_crit="90000", fan1_input="9",
    )  # fmt: skip
    assert {key: value for key, value in figures(tmp_path).items() if "margin" in key} == {
        "ott_hwmon_temp_margin_celsius{coretemp}": pytest.approx(1.5),
        "ott_hwmon_temp_margin_celsius{hot}": pytest.approx(-21),
    }


def test_only_what_is_told_is_read(tmp_path: Path) -> None:
    folder = chip(tmp_path, 0, "nct6798", temp1_input="1000", temp1_max="2000", pwm1="255", in0_input="1184", temp="1")
    assert sensors.values(str(folder)) == {"temp1_input": "1000"}


def test_a_chip_is_called_by_its_place_and_not_by_its_number(tmp_path: Path) -> None:
    chip(tmp_path, 4, "coretemp", "platform/coretemp.0", temp1_input="1000")
    chip(tmp_path, 5, "coretemp", "platform/coretemp.1", temp1_input="2000")
    assert figures(tmp_path) == {
        "chip_names{platform_coretemp_0,coretemp}": 1,
        "temp_celsius{platform_coretemp_0,temp1}": 1,
        "chip_names{platform_coretemp_1,coretemp}": 1,
        "temp_celsius{platform_coretemp_1,temp1}": 2,
    }


def test_chips_of_one_place_are_told_apart(tmp_path: Path) -> None:
    chip(tmp_path, 0, "asus", "platform/asus-nb-wmi", temp1_input="1000")
    chip(tmp_path, 1, "fans", "platform/asus-nb-wmi", fan1_input="2000")
    chip(tmp_path, 2, "acpi", temp1_input="3000")
    chip(tmp_path, 3, "acpi", temp1_input="4000")
    chip(tmp_path, 7, "", temp1_input="5000")
    assert {key for key in figures(tmp_path) if not key.startswith("chip_names")} == {
        "temp_celsius{platform_asus_nb_wmi_asus,temp1}",
        "fan_rpm{platform_asus_nb_wmi_fans,fan1}",
        "temp_celsius{acpi_hwmon2,temp1}",
        "temp_celsius{acpi_hwmon3,temp1}",
        "temp_celsius{hwmon7,temp1}",
    }


def test_a_driver_of_old_has_its_files_at_the_device(tmp_path: Path) -> None:
    chip(tmp_path, 0, "", "platform/applesmc.768")
    device = tmp_path / "sys/devices/platform/applesmc.768"
    (device / "name").write_text("applesmc\n")
    (device / "temp1_input").write_text("31000\n")
    assert figures(tmp_path) == {
        "chip_names{platform_applesmc_768,applesmc}": 1,
        "temp_celsius{platform_applesmc_768,temp1}": 31,
    }


def test_a_sensor_that_cannot_be_read_is_absent_and_not_zero(tmp_path: Path) -> None:
    folder = chip(tmp_path, 0, "nct6798", temp1_input="1000", temp2_input="")
    (folder / "temp3_input").mkdir()  # read(2) fails with EISDIR, as others do with EIO, ENODATA or EAGAIN
    assert "temp_celsius{nct6798,temp1}" in figures(tmp_path)
    assert len(figures(tmp_path)) == 2


def test_a_value_that_is_no_number_is_told(tmp_path: Path) -> None:
    chip(tmp_path, 0, "nct6798", temp1_input="warm")
    with pytest.raises(ValueError, match="/sys/class/hwmon: nct6798, temp1_input: 'warm' is not a number"):
        figures(tmp_path)


@pytest.mark.parametrize("driver", ["drivetemp", "nvme"])
def test_disks_are_not_asked(tmp_path: Path, driver: str) -> None:
    chip(tmp_path, 0, driver, temp1_input="40000")

    def ask(place: str) -> dict[str, str]:
        raise AssertionError(place)

    assert hwmon.read(Host(tmp_path, sensors=Asker("hwmon", ask, 1))) == []


def test_a_chip_that_does_not_answer_keeps_no_other_waiting(tmp_path: Path) -> None:
    chip(tmp_path, 0, "dead", temp1_input="40000")
    chip(tmp_path, 1, "well", temp1_input="41000")
    release = threading.Event()

    def ask(place: str) -> dict[str, str]:
        if place.endswith("hwmon0"):
            release.wait(20)
        return sensors.values(place)

    host = Host(tmp_path, sensors=Asker("hwmon", ask, 0.3))
    try:
        assert [found.name for found in hwmon.read(host)] == ["well"]
        assert [found.name for found in hwmon.read(host)] == ["well"]
    finally:
        release.set()


def test_a_container_does_not_tell_of_the_nodes_chips(tmp_path: Path) -> None:
    chip(tmp_path, 0, "well", temp1_input="41000")
    (tmp_path / "run/systemd").mkdir(parents=True)
    (tmp_path / "run/systemd/container").write_text("lxc\n")
    assert figures(tmp_path) == {}


def test_a_scrape_does_not_read_them(tmp_path: Path) -> None:
    chip(tmp_path, 0, "well", temp1_input="41000")
    runner = Runner([job for job in jobs(HostSettings(root=tmp_path)) if job.name == "hwmon"])
    assert not [sample for sample in runner.samples() if sample.metric.name.startswith("node_")]
    runner.run_all()
    assert [sample for sample in runner.samples() if sample.metric.name == "node_hwmon_temp_celsius"]
