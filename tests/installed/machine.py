"""Roots made of nothing but Debian's or Ubuntu's packages, and a Debian 12 booted in one, without a network."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Kept between runs, whichever checkout they are of.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ottwatch/debian"
NEEDED = ("mmdebstrap", "systemd-nspawn", "nsenter", "dpkg-deb", "apt-get")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# What any hardened service needs of the system it runs on, ours or not.
SANDBOX = ("ProtectSystem=strict", "PrivateTmp=yes", "PrivateDevices=yes", "SystemCallFilter=@system-service")
ENVIRONMENT = (
    "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "DEBIAN_FRONTEND=noninteractive",
    "LANG=C.UTF-8",
)
BOOTED_WITHIN = 120.0
OURS = "bookworm"  # the release that this machine's own apt knows
YEAR_AND_WEEK = "%G-%V"
UBUNTU_KEYS = "usr/share/keyrings/ubuntu-archive-keyring.gpg"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A Debian or Ubuntu to make: its release, how small, its packages, and those to be fetched for later."""

    suite: str
    variant: str
    packages: tuple[str, ...]
    fetched: tuple[str, ...] = ()
    keys_from: "Recipe | None" = None  # Ubuntu: the Debian that has the keys of its archive in a package


# The booted machine needs no network: what docs/install.md takes from Debian, and the databases, are in apt's cache.
BOOTED = Recipe(
    "bookworm",
    "minbase",
    ("systemd", "systemd-sysv", "dbus", "ca-certificates", "python3"),
    ("prometheus", "prometheus-alertmanager", "procps", "postgresql", "mariadb-server"),
)


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


def base(recipe: Recipe) -> Path:
    """Return the root of a fresh Debian, with the packages to install in its cache; made once a week."""
    made_by = hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]
    folder = CACHE / f"{recipe.suite}-{time.strftime(YEAR_AND_WEEK)}-{made_by}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{recipe.suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            # Another checkout may still run one of this week or of the last.
            made = sorted(CACHE.glob(f"{recipe.suite}-*"), key=lambda root: root.stat().st_ctime)
            for old in made[:-2]:
                shutil.rmtree(old, ignore_errors=True)
            _make(recipe, folder)
    return folder


def _make(recipe: Recipe, folder: Path) -> None:
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    fetch = f"apt-get clean && apt-get install -yqq --no-install-recommends --download-only {' '.join(recipe.fetched)}"
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as settings:
        # How this machine reaches an archive, be it through a proxy.
        settings.write(run("apt-config", "dump", "Acquire"))
        settings.flush()
        command = ["mmdebstrap", "--quiet", "--mode=root", f"--variant={recipe.variant}", f"--aptopt={settings.name}"]
        command += [
            f"--include={','.join(recipe.packages)}",
            "--skip=cleanup/apt",
            f"--customize-hook=export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG; {fetch}",
        ]
        try:
            run(*command, *_archive(recipe, new), seconds=900)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"no root of {recipe.suite} could be made here: {error}") from error
    (new / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)
    (new / "etc/apt/apt.conf.d/99unattended").write_text('APT::Get::Assume-Yes "true";\n', "utf-8")
    new.rename(folder)


def _archive(recipe: Recipe, target: Path) -> list[str]:
    """Return mmdebstrap's last words: the release, the folder, and the archive, which it knows itself for Ubuntu."""
    if recipe.keys_from is not None:
        return [f"--keyring={base(recipe.keys_from) / UBUNTU_KEYS}", recipe.suite, str(target)]
    return [recipe.suite, str(target), f"deb [signed-by={KEYRING}] {_mirror()} {recipe.suite} main"]


def _mirror() -> str:
    """Return where this machine gets Debian from."""
    form = "$(RELEASE)|$(REPO_URI)"
    targets = run("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines()
    found = [address for release, _, address in (line.partition("|") for line in targets) if release == OURS]
    if not found:
        raise UnavailableError(f"apt of this machine knows no archive of {OURS}")
    return found[0]


def run(*command: str, seconds: float = 900) -> str:
    """Run a program and return its output; a failure shows all of it."""
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=seconds
    )
    assert result.returncode == 0, f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout}"
    return result.stdout


def run_in(root: Path, script: str) -> str:
    """Run a script in a root that is not booted, without a network, as root does in a shell; return its output."""
    command = ["systemd-nspawn", "--quiet", "-D", str(root), "--register=no", "--keep-unit", "--private-network"]
    command += ["--pipe", "--setenv=DEBIAN_FRONTEND=noninteractive", "--setenv=LANG=C.UTF-8"]
    return run(*command, "sh", "-ec", script)


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
        return run(*self.words(), "sh", "-ec", f"cd /root\n{script}")

    def words(self) -> list[str]:
        """Return what a command begins with to run in the machine."""
        entered = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w"]
        return [*entered, "env", "-i", *ENVIRONMENT]

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
def root_of(base_root: Path, folder: Path) -> Iterator[Path]:
    """Yield a root below `folder` that is like `base_root` and may be changed; nothing of it is left.

    It is an overlay that never waits for the disk, or a copy where the kernel has no overlays there.
    """
    root, upper, work = folder / "root", folder / "upper", folder / "work"
    for one in (root, upper, work):
        one.mkdir()
    options = f"lowerdir={base_root},upperdir={upper},workdir={work},volatile"
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, str(root)], capture_output=True, check=False
    )
    try:
        if mounted.returncode != 0:
            run("cp", "-a", "--reflink=auto", f"{base_root}/.", str(root))
        yield root
    finally:
        if mounted.returncode == 0:
            run("umount", str(root))
        for one in (root, upper, work):
            shutil.rmtree(one, ignore_errors=True)


@contextlib.contextmanager
def plain(folder: Path) -> Iterator[Machine]:
    """Yield a fresh machine below `folder`, booted, with nothing of ours."""
    with root_of(base(BOOTED), folder) as root:
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
