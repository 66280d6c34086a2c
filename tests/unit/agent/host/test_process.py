import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from agent.host import process
from agent.host.process import Process, Total, Watched


def worker(number: int, cpu: float, started: float = 1.0, name: str = "nginx") -> Process:
    return Process(number, started, name, cpu, 1000.0)


def test_the_counter_keeps_what_ended_processes_used() -> None:
    watched = Watched(("nginx", "srs"))
    assert watched.advance([worker(1, 5), worker(2, 7)]) == {"nginx": Total(2, 12, 2000), "srs": Total(0, 0, 0)}
    assert watched.advance([worker(1, 6)])["nginx"] == Total(1, 13, 1000)
    # The same number again, started later, is another process.
    assert watched.advance([worker(1, 0.5, started=9)])["nginx"] == Total(1, 13.5, 1000)
    assert watched.advance([])["nginx"] == Total(0, 13.5, 0)


def test_this_very_process_is_found() -> None:
    name = psutil.Process().name()
    totals = process.read(Watched((name, "no-such-process-anywhere")))
    assert totals[name].instances >= 1
    assert totals[name].cpu_seconds >= sum(os.times()[:2]) * 0.5
    assert totals[name].resident_bytes > 1e6
    found = {(sample.metric.name, *sample.labels): sample.value for sample in process.parse(totals)}
    assert found["ott_process_instances", "no-such-process-anywhere"] == 0
    assert found["ott_process_instances", name] == totals[name].instances


@pytest.mark.parametrize("name", ["a-streaming-ser", "a-streaming-server"])
def test_a_long_name_is_found_as_the_kernel_keeps_it_and_in_full(tmp_path: Path, name: str) -> None:
    program = tmp_path / "a-streaming-server"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as running:
        try:
            end = time.monotonic() + 5
            while Path(f"/proc/{running.pid}/comm").read_text() != "a-streaming-ser\n":
                assert time.monotonic() < end
            assert process.read(Watched((name,)))[name].instances == 1
        finally:
            running.kill()


NEXT_NUMBER = Path("/proc/sys/kernel/ns_last_pid")


def spawned_as(number: int, program: Path) -> "subprocess.Popen[bytes] | None":
    """Start a program under the number that another process had; None where the kernel does not let us."""
    for _ in range(100):
        try:
            NEXT_NUMBER.write_text(str(number - 1))
        except OSError:
            return None
        running = subprocess.Popen([program, "60"])
        if running.pid == number:
            return running
        running.kill()
        running.wait()
    return None


def test_a_number_that_is_used_again_is_another_process(tmp_path: Path) -> None:
    """What the first one used is kept (glances 2755, psutil 2396): a counter that falls is a restart to Prometheus."""
    program = tmp_path / "a-packager"
    shutil.copy(sys.executable, program)
    spin = "import time\nwhile time.process_time() < 0.4: pass\ntime.sleep(60)"
    watched = Watched(("a-packager",))
    with subprocess.Popen([program, "-c", spin]) as first:
        end = time.monotonic() + 20
        while process.read(watched)["a-packager"].cpu_seconds < 0.3:
            assert time.monotonic() < end
            time.sleep(0.05)
        first.kill()
    shutil.copy(shutil.which("sleep") or "", program)
    second = spawned_as(first.pid, program)
    if second is None:
        pytest.skip("the number of the next process cannot be chosen here")
    with second:
        try:
            total = process.read(watched)["a-packager"]
        finally:
            second.kill()
    assert total.instances == 1
    assert total.cpu_seconds >= 0.3


def test_what_has_ended_and_was_not_waited_for_runs_no_more(tmp_path: Path) -> None:
    program = tmp_path / "an-encoder"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as running:
        watched = Watched(("an-encoder",))
        end = time.monotonic() + 5
        while process.read(watched)["an-encoder"].instances != 1:
            assert time.monotonic() < end
        running.kill()
        end = time.monotonic() + 5
        while "State:\tZ" not in Path(f"/proc/{running.pid}/status").read_text():
            assert time.monotonic() < end
        assert process.read(watched)["an-encoder"].instances == 0


def test_a_process_whose_first_thread_alone_has_ended_runs(tmp_path: Path) -> None:
    program = tmp_path / "threads.py"
    program.write_text(
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "ctypes.CDLL(None).pthread_exit(None)\n"
    )
    with subprocess.Popen([sys.executable, program]) as running:
        try:
            end = time.monotonic() + 10
            while "State:\tZ" not in Path(f"/proc/{running.pid}/status").read_text():
                assert time.monotonic() < end
            assert not process.has_ended(psutil.Process(running.pid))
        finally:
            running.kill()


# What an account of its own sees of /proc with `hidepid` (telegraf 15698), and of the usual one.
STRANGER = """\
import os
from agent.host import process
watched = process.Watched(("systemd", "sleep"))
process.read(watched)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    print(process.read(watched)["sleep"].instances)
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount /proc")
@pytest.mark.parametrize(("hidden", "said"), [(0, "1"), (1, "hidepid"), (2, "hidepid"), (4, "hidepid")])
def test_processes_that_are_hidden_are_not_taken_for_none(hidden: int, said: str) -> None:
    mounted = f"mount -t proc -o hidepid={hidden} proc /proc && exec {sys.executable} -c '{STRANGER}'"
    command = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", 'sleep 60 & sh -c "$0"; kill $!', mounted]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said in found.stdout
