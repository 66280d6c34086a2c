"""Network namespaces, held by a process of their own that ends with this one. Root's, with iproute2 and util-linux."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEEDED = ("ip", "nsenter", "unshare")


def possible() -> bool:
    """Return whether this process may make namespaces and lay ways between them."""
    return os.geteuid() == 0 and all(map(shutil.which, NEEDED))


def entering(namespace: int) -> tuple[str, ...]:
    """Return what starts a command in a namespace."""
    return ("nsenter", f"--net=/proc/{namespace}/ns/net")


@contextmanager
def namespace() -> Iterator[int]:
    """Hold a fresh namespace; yield the process that holds it. Raises OSError where the kernel permits none."""
    own = Path("/proc/self/ns/net").readlink()
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as holder:
        try:
            deadline = time.monotonic() + 10
            while Path(f"/proc/{holder.pid}/ns/net").readlink() == own:
                if holder.poll() is not None or time.monotonic() > deadline:
                    raise OSError("the kernel permits no network namespace")
                time.sleep(0.01)
            yield holder.pid
        finally:
            holder.kill()


def inside(namespace: int, *commands: str) -> None:
    """Run commands in a namespace; raise OSError with what the one that fails says."""
    for command in commands:
        run(" ".join([*entering(namespace), command]))


def run(command: str) -> None:
    """Run a command; raise OSError with what it says when it fails."""
    done = subprocess.run(command.split(), check=False, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise OSError(f"{command}: exit status {done.returncode}: {done.stderr.strip() or 'it says nothing'}")
