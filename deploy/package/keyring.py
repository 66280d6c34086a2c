"""The keys of the package ottwatch-keyring, from the files that hold them."""

import subprocess
import tempfile
from pathlib import Path

from deploy.package.wheels import PackageError

APT = "usr/share/keyrings/ottwatch-archive-keyring.gpg"
RPM = "etc/pki/rpm-gpg/RPM-GPG-KEY-ottwatch-{}"
LEAST = 2  # the key in use and its successor
UNUSABLE = {"e": "has expired", "r": "is revoked", "i": "is invalid", "d": "is disabled"}
TYPE, VALIDITY, FINGERPRINT = 0, 1, 9


def fill(files: tuple[Path, ...], root: Path) -> None:
    """Write the keys below `root` as apt and rpm want them; refuse what is not two usable public keys."""
    if len(files) < LEAST:
        raise PackageError(f"a keyring needs the key in use and its successor: give --keyring {LEAST} times")
    prints = [_fingerprint(file) for file in files]
    for number, file in enumerate(files):
        if prints[number] in prints[:number]:
            raise PackageError(f"{file}: this key is given twice: {prints[number]}")
        name = root / RPM.format(number + 1)
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(file.read_bytes())
    keyring = root / APT
    keyring.parent.mkdir(parents=True, exist_ok=True)
    keyring.write_bytes(b"".join(_gpg("--dearmor", "--output", "-", str(file)) for file in files))


def _fingerprint(file: Path) -> str:
    """Return the fingerprint of the one public key in a file."""
    if not file.read_bytes().startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"):
        raise PackageError(f"{file}: is no armored public key (gpg --armor --export KEY)")
    lines = [line.split(":") for line in _gpg("--show-keys", "--with-colons", str(file)).decode().splitlines()]
    keys = [line for line in lines if line[TYPE] == "pub"]
    if len(keys) != 1:
        raise PackageError(f"{file}: holds {len(keys)} public keys, not one")
    if what := UNUSABLE.get(keys[0][VALIDITY]):
        raise PackageError(f"{file}: the key {what}")
    return next(line[FINGERPRINT] for line in lines if line[TYPE] == "fpr")


def _gpg(*arguments: str) -> bytes:
    """Run gpg away from anybody's own keys and return what it printed."""
    with tempfile.TemporaryDirectory() as home:
        command = ["gpg", "--batch", "--no-options", "--no-autostart", "--homedir", home, *arguments]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            raise PackageError("gpg is missing: apt-get install gpg") from None
    if done.returncode != 0:
        raise PackageError(f"gpg {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
