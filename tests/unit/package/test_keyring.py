"""Which keys the package ottwatch-keyring takes."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.package.keyring import APT, RPM, fill
from deploy.package.wheels import PackageError

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with public keys: two that may be used, both in one file, one that has expired, and a private one."""
    folder = tmp_path_factory.mktemp("keys")
    folder.chmod(0o700)

    def gpg(*arguments: str) -> None:
        command = ["gpg", "--batch", "--homedir", str(folder), "--passphrase", "", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    past = ("--faked-system-time", "20200101T000000")
    for name, when, expires in (("one", (), "never"), ("two", (), "never"), ("old", past, "1d")):
        gpg(*when, "--quick-generate-key", f"{name}@ottwatch.example", "ed25519", "sign", expires)
        gpg("--armor", "--output", str(folder / f"{name}.asc"), "--export", f"{name}@ottwatch.example")
    gpg("--armor", "--output", str(folder / "private.asc"), "--export-secret-keys", "one@ottwatch.example")
    gpg("--armor", "--output", str(folder / "both.asc"), "--export", "one@ottwatch.example", "two@ottwatch.example")
    yield folder
    subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], check=True)


def test_both_keys_are_written_for_apt_and_for_rpm(keys: Path, tmp_path: Path) -> None:
    files = (keys / "one.asc", keys / "two.asc")
    fill(files, tmp_path)
    shown = subprocess.run(
        ["gpg", "--homedir", keys, "--show-keys", tmp_path / APT], check=True, capture_output=True, text=True
    )
    assert [f"{name}@ottwatch.example" in shown.stdout for name in ("one", "two")] == [True, True]
    for number, file in enumerate(files, 1):
        assert (tmp_path / RPM.format(number)).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("one",), "needs the key in use and its successor"),
        (("one", "one"), "this key is given twice"),
        (("one", "private"), "is no armored public key"),
        (("one", "both"), "holds 2 public keys"),
        (("one", "old"), "the key has expired"),
    ],
)
def test_what_is_not_two_usable_public_keys_is_refused(
    names: tuple[str, ...], message: str, keys: Path, tmp_path: Path
) -> None:
    with pytest.raises(PackageError, match=message):
        fill(tuple(keys / f"{name}.asc" for name in names), tmp_path)
