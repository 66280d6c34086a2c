"""A Debian 12 of its own, booted by systemd-nspawn from nothing but Debian's packages, without a network."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

CACHE = ROOT / ".run/boot"
SUITE = "bookworm"
BASE = ("systemd", "systemd-sysv", "dbus", "ca-certificates", "python3")
# Fetched beforehand, so that the booted machine needs no network: what docs/install.md takes from Debian.
WANTED = ("prometheus", "prometheus-alertmanager")
NEEDED = ("mmdebstrap", "systemd-nspawn", "nsenter", "dpkg-deb", "apt-get")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# What any hardened service needs of the system it runs on, ours or not.
SANDBOX = ("ProtectSystem=strict", "PrivateTmp=yes", "PrivateDevices=yes", "SystemCallFilter=@system-service")
BOOTED_WITHIN = 120.0
YEAR_AND_WEEK = "%G-%V"


class UnavailableError(Exception):
    """This environment cannot boot a Debian; the message says what is missing."""


def missing() -> str:
    """Return why no machine can be booted here, "" when nothing is known against it."""
    if os.geteuid() != 0:
        return "only root can boot a machine"
    absent = [program for program in NEEDED if shutil.which(program) is None]
    if not KEYRING.exists():
        absent.append("debian-archive-keyring")
    return f"not installed: {', '.join(absent)}" if absent else ""


def base() -> Path:
    """Return the root of a fresh Debian, with the packages to install in its cache; made once a week."""
    recipe = hashlib.sha256(repr((BASE, WANTED)).encode()).hexdigest()[:8]
    folder = CACHE / f"{SUITE}-{time.strftime(YEAR_AND_WEEK)}-{recipe}"
    if folder.is_dir():
        return folder
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir(parents=True)
    settings, new = CACHE / "apt.conf", CACHE / "new"
    # How this machine reaches an archive, be it through a proxy.
    settings.write_text(run("apt-config", "dump", "Acquire"), "utf-8")
    fetch = f"apt-get clean && apt-get install -yqq --no-install-recommends --download-only {' '.join(WANTED)}"
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--aptopt={settings}"]
    command += [
        f"--include={','.join(BASE)}",
        "--skip=cleanup/apt",
        f"--customize-hook=export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG; {fetch}",
    ]
    try:
        run(*command, SUITE, str(new), f"deb [signed-by={KEYRING}] {_mirror()} {SUITE} main", seconds=900)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"no Debian could be made here: {error}") from error
    (new / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)
    (new / "etc/apt/apt.conf.d/99unattended").write_text('APT::Get::Assume-Yes "true";\n', "utf-8")
    new.rename(folder)
    return folder


def _mirror() -> str:
    """Return where this machine gets Debian from."""
    form = "$(RELEASE)|$(REPO_URI)"
    targets = run("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines()
    found = [address for release, _, address in (line.partition("|") for line in targets) if release == SUITE]
    if not found:
        raise UnavailableError(f"apt of this machine knows no archive of {SUITE}")
    return found[0]


def run(*command: str, seconds: float = 300) -> str:
    """Run a program and return its output; a failure shows all of it."""
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=seconds
    )
    assert result.returncode == 0, f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout}"
    return result.stdout


class Machine:
    """A root that can be booted, given commands and shut down."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def boot(self) -> None:
        """Boot, and wait until systemd has started everything."""
        command = ["systemd-nspawn", "-q", "-D", str(self.root), "-M", f"ottwatch{os.getpid()}", "-b"]
        with (self.root.parent / "console").open("ab") as console:
            self._nspawn = subprocess.Popen(
                [*command, "--register=no", "--keep-unit", "--private-network", "--console=pipe"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        deadline = time.monotonic() + BOOTED_WITHIN
        while time.monotonic() < deadline and self._nspawn.poll() is None:
            with contextlib.suppress(AssertionError, OSError, IndexError):
                children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
                self._leader = int(children[0])
                if self.shell("systemctl is-system-running || true").strip() in {"running", "degraded"}:
                    return
            time.sleep(0.2)
        said = (self.root.parent / "console").read_text("utf-8", "replace")[-2000:]
        self.shut_down()
        raise UnavailableError(f"Debian did not boot within {BOOTED_WITHIN:.0f} s: {said}")

    def shell(self, script: str) -> str:
        """Run a script in the machine, as root does in a shell; return its output."""
        words = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w"]
        words += [
            "env",
            "-i",
            "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
            "DEBIAN_FRONTEND=noninteractive",
        ]
        return run(*words, "LANG=C.UTF-8", "sh", "-ec", f"cd /root\n{script}")

    def shut_down(self) -> None:
        """Shut down as the power button does, and wait for the end."""
        if self._nspawn is None:
            return
        if self._nspawn.poll() is None and self._leader:
            with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
                self.shell("systemctl poweroff")
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        self._nspawn, self._leader = None, 0


@contextlib.contextmanager
def plain(folder: Path) -> Iterator[Machine]:
    """Yield a fresh machine below `folder`, booted, with nothing of ours; nothing of it is left."""
    root = folder / "root"
    run("cp", "-a", "--reflink=auto", str(base()), str(root))
    machine = Machine(root)
    try:
        machine.boot()
        properties = " ".join(f"-p {one}" for one in SANDBOX)
        try:
            machine.shell(f"systemd-run --wait --quiet {properties} true")
        except AssertionError as error:
            raise UnavailableError(f"services cannot be hardened here: {error}") from error
        yield machine
    finally:
        machine.shut_down()
        shutil.rmtree(root, ignore_errors=True)
