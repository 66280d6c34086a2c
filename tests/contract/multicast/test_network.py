"""Joining and receiving, through the kernel of a network namespace of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.contract.multicast.streams import Packets

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="needs root and ip to make a network namespace"
)


@pytest.fixture(scope="session")
def stream(clean: Packets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "stream.ts"
    path.write_bytes(b"".join(clean))
    return path


def inside(name: str, stream: Path) -> Any:
    command = ["unshare", "--net", sys.executable, "-m", "tests.contract.multicast.in_namespace", name, str(stream)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_400_groups_are_joined_and_left(stream: Path) -> None:
    seen = inside("many", stream)

    assert seen["joined"] == 400
    assert seen["memberships"] == [0, 400, 0]


def test_a_source_specific_join_lets_one_sender_through(stream: Path) -> None:
    seen = inside("only_sender", stream)

    assert [line.split()[2:] for line in seen["filters"]] == [["0xef010002", "0x7f000001", "1", "0"]]
    assert seen["got"] == ["127.0.0.1"]


def test_channels_on_one_port_are_kept_apart_and_one_that_cannot_be_joined_says_so(stream: Path) -> None:
    seen = inside("two_groups", stream)

    assert seen["one ott_ts_datagrams_total"] == seen["six ott_ts_datagrams_total"] > 500
    assert "two ott_ts_datagrams_total" not in seen
    assert [seen[f"{name} ott_ts_up"] for name in ("one", "two", "six", "none")] == [1, 0, 1, 0]
    assert [seen[f"{name} ott_ts_joined"] for name in ("one", "two", "six", "none")] == [1, 1, 1, 0]


def test_what_the_kernel_drops_is_no_fault_of_the_network(stream: Path) -> None:
    seen = inside("dropped", stream)

    assert seen["dropped"] > 100
    assert seen["received"] + seen["dropped"] == 560
    assert seen["errors"] == {}


def test_the_agent_receives_a_channel_and_the_kernel_leaves_when_it_is_killed(stream: Path) -> None:
    seen = inside("program", stream)

    figures = dict(line.rsplit(" ", 1) for line in seen["lines"])
    assert float(figures['ott_ts_up{channel="first"}']) == 1
    assert float(figures['ott_ts_bit_rate_bits_per_second{channel="first"}']) == pytest.approx(4e6)
    # Only what does not depend on when the test's sender has a processor.
    for indicator in ("Sync_byte_error", "Continuity_count_error", "CRC_error", "PCR_accuracy_error"):
        errors = [key for key in figures if key.startswith("ott_ts_errors_total") and f'"{indicator}"' in key]
        assert [float(figures[key]) for key in errors] == [0], indicator
    assert seen["memberships"] == [1, 0]
