"""What `./run package` makes: the same bytes everywhere, signed, without errors, and at home on other systems."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.installed.conftest import built
from tests.installed.debs import members
from tests.installed.machine import BOOTED, Recipe, UnavailableError, base, missing, root_of, run, run_in

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.skipif(bool(missing()), reason=f"no root is made: {missing()}"),
    pytest.mark.skipif(not (shutil.which("rpm") and shutil.which("gpg")), reason="rpm or gpg is not installed"),
]

KEYS = ("one", "two", "three")
SIGNATURE = "_gpgorigin"
# Where packages are built differs in all of this.
ELSEWHERE = {"TZ": "Asia/Almaty", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
TRIXIE = Recipe("trixie", "apt", ("python3", "systemd-standalone-sysusers", "ubuntu-keyring"))
NOBLE = Recipe("noble", "apt", ("python3", "systemd"), keys_from=TRIXIE)
RPM = ("rpm", "--dbpath", "/var/lib/rpm", "--nodeps")
POSTGRESQL = '[[subscribers]]\nservice = "iptv"\npreset = "generic"\ndatabase = { env = "DATABASE" }\n'
FIRST_SCRAPE = """\
install -d -o ott-agent -g ott-agent /var/lib/ottwatch
runuser -u ott-agent -- ott-agent serve --config /etc/ottwatch/agent.toml 2>/root/log &
python3 - <<'END' || { cat /root/log; exit 1; }
import time, urllib.request
for _ in range(600):
    time.sleep(0.1)
    try:
        print(urllib.request.urlopen("http://127.0.0.1:9780/metrics", timeout=10).read().decode())
        break
    except OSError:
        pass
else:
    raise SystemExit("the agent does not answer")
END
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with three pairs of keys, NAME.asc and NAME.key, in a home of gpg and of rpm that knows the first."""
    folder = tmp_path_factory.mktemp("keys")
    folder.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(folder))
        patch.setenv("HOME", str(folder))
        for name in KEYS:
            address = f"{name}@ottwatch.example"
            run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", address, "rsa2048", "sign", "never")
            run("gpg", "--armor", "--output", str(folder / f"{name}.asc"), "--export", address)
            run("gpg", "--armor", "--output", str(folder / f"{name}.key"), "--export-secret-keys", address)
        (folder / ".rpmmacros").write_text(f"%_dbpath {folder}/rpmdb\n", "utf-8")
        run("rpm", "--import", str(folder / "one.asc"))
        yield folder
        run("gpgconf", "--kill", "all")


@pytest.fixture(scope="module")
def signed(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the agent's packages, signed, built in another folder, later and in another environment."""
    folder = tmp_path_factory.mktemp("signed")
    options = ("--only", "ottwatch-agent", "--key", str(keys / "one.key"), "--work", str(folder / "elsewhere"))
    return built(folder, *options, environment=ELSEWHERE)


def one(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def sums(package: Path) -> dict[str, str]:
    """Return the SHA-256 of each part of a deb, without its signature."""
    return {
        name: hashlib.sha256(content).hexdigest() for name, content in members(package).items() if name != SIGNATURE
    }


def keyring(keys: Path, folder: Path, environment: dict[str, str] | None = None) -> Path:
    """Build the keyring of the first two keys."""
    given = [word for name in KEYS[:2] for word in ("--keyring", str(keys / f"{name}.asc"))]
    return built(folder, *given, "--work", str(folder / "work"), environment=environment)


@pytest.mark.skipif("OTTWATCH_PACKAGES" in os.environ, reason="the packages were built from who knows what")
def test_the_agents_package_is_the_same_wherever_and_whenever_it_is_built(packages: Path, signed: Path) -> None:
    first, again = (sums(one(folder, "ottwatch-agent_*.deb")) for folder in (packages, signed))
    assert first.keys() == {"debian-binary", "control.tar.gz", "data.tar.gz"}
    assert first == again


def test_deb_and_rpm_are_the_same_wherever_and_whenever_they_are_built(keys: Path, tmp_path: Path) -> None:
    folders = (keyring(keys, tmp_path / "here"), keyring(keys, tmp_path / "there", ELSEWHERE))
    for kind in ("*.deb", "*.rpm"):
        first, again = (hashlib.sha256(one(folder, kind).read_bytes()).hexdigest() for folder in folders)
        assert first == again, kind


def test_both_kinds_of_package_carry_the_signature(keys: Path, signed: Path, tmp_path: Path) -> None:
    said = run("rpm", "-Kv", str(one(signed, "*.rpm")))
    assert said.count("Signature, key ID") == 2
    assert "NOKEY" not in said
    parts = members(one(signed, "*.deb"))
    signature = tmp_path / "signature"
    signature.write_bytes(parts.pop(SIGNATURE))
    (tmp_path / "content").write_bytes(b"".join(parts.values()))
    assert "Good signature" in run("gpg", "--verify", str(signature), str(tmp_path / "content"))


@pytest.mark.skipif(shutil.which("apt-ftparchive") is None, reason="apt-ftparchive is not installed")
def test_a_node_with_the_keyring_takes_a_repository_signed_by_either_key_and_no_other(
    keys: Path, tmp_path: Path
) -> None:
    repository = keyring(keys, tmp_path / "repository")
    shutil.rmtree(repository / "work")
    run("dpkg-deb", "--extract", str(one(repository, "*.deb")), str(tmp_path / "node"))
    for file, command in (("Packages", "packages"), ("Release", "release")):
        listed = subprocess.run(
            ["apt-ftparchive", command, "."], cwd=repository, check=True, capture_output=True, text=True
        )
        (repository / file).write_text(listed.stdout, "utf-8")
    ring = tmp_path / "node/usr/share/keyrings/ottwatch-archive-keyring.gpg"
    (tmp_path / "sources.list").write_text(f"deb [signed-by={ring}] file:{repository} ./\n", "utf-8")
    said = {}
    for key in KEYS:
        release = (str(repository / name) for name in ("InRelease", "Release"))
        sign = ("gpg", "--batch", "--yes", "--local-user", f"{key}@ottwatch.example", "--clearsign", "--output")
        run(*sign, *release)
        said[key] = update(tmp_path, key)
    assert [said[key][0] for key in KEYS] == [0, 0, 100], said
    assert "NO_PUBKEY" in said["three"][1]


def update(folder: Path, lists: str) -> tuple[int, str]:
    """Run apt-get update with the folder's own sources; return exit status and what it said."""
    places = {"Etc::SourceList": "sources.list", "Etc::SourceParts": "none", "State::Lists": lists, "Cache": "cache"}
    for name in (lists, "cache/archives"):
        (folder / name / "partial").mkdir(parents=True, exist_ok=True)
    options = [word for name, place in places.items() for word in ("-o", f"Dir::{name}={folder / place}")]
    apt = ["apt-get", *options, "-o", "APT::Sandbox::User=root", "--error-on=any", "update"]
    done = subprocess.run(apt, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian is not installed")
@pytest.mark.parametrize("name", ["ottwatch-agent", "ottwatch-center", "ottwatch-keyring"])
def test_lintian_finds_no_error(packages: Path, keys: Path, tmp_path: Path, name: str) -> None:
    folder = keyring(keys, tmp_path) if name == "ottwatch-keyring" else packages
    run("lintian", "--allow-root", "--fail-on", "error", str(one(folder, f"{name}_*.deb")))


@pytest.mark.skipif(shutil.which("rpmlint") is None, reason="rpmlint is not installed")
def test_rpmlint_finds_no_error(keys: Path, signed: Path) -> None:
    said = run("rpmlint", "--rpmlintrc", str(ROOT / "deploy/package/rpmlintrc"), str(one(signed, "*.rpm")))
    assert "0 errors" in said, said


def test_the_rpm_installs_answers_and_goes(signed: Path, tmp_path: Path) -> None:
    """Debian's rpm and Debian's Python: nothing of Red Hat's is here."""
    try:
        below = base(BOOTED)
    except UnavailableError as error:
        pytest.skip(f"no root is made: {error}")
    with root_of(below, tmp_path) as root:
        for helper in ("deb-systemd-helper", "deb-systemd-invoke"):
            (root / "usr/bin" / helper).unlink()
        apart = ("unshare", "--mount", "--pid", "--fork", f"--mount-proc={root / 'proc'}")
        run(*apart, *RPM, "--root", str(root), "--install", str(one(signed, "*.rpm")))
        assert (root / "etc/systemd/system/multi-user.target.wants/ott-agent.service").is_symlink()
        assert "node_cpu_seconds_total" in run_in(root, FIRST_SCRAPE)
        run(*apart, *RPM, "--root", str(root), "--erase", "ottwatch-agent")
        assert not (root / "usr/lib/ottwatch-agent").exists()
        assert (root / "etc/ottwatch/agent.toml").is_file()


@pytest.mark.parametrize(("recipe", "python"), [(TRIXIE, "3.13"), (NOBLE, "3.12")], ids=["debian 13", "ubuntu 24.04"])
def test_the_deb_installs_and_answers_elsewhere(packages: Path, tmp_path: Path, recipe: Recipe, python: str) -> None:
    try:
        below = base(recipe)
    except UnavailableError as error:
        pytest.skip(f"no root is made: {error}")
    with root_of(below, tmp_path) as root:
        for package in packages.glob("ottwatch-agent*.deb"):
            shutil.copy(package, root / "root")
        run_in(root, "apt-get install /root/ottwatch-agent_*.deb /root/ottwatch-agent-postgresql_*.deb")
        assert f"Python {python}" in run_in(root, "python3 --version")
        assert "node_cpu_seconds_total" in run_in(root, FIRST_SCRAPE)
        (root / "root/postgresql.toml").write_text(POSTGRESQL, "utf-8")
        assert "subscribers_iptv" in run_in(
            root, "DATABASE=postgresql:///middleware ott-agent check-config --config /root/postgresql.toml"
        )
