"""The Python packages of a lock, installed into a folder for an interpreter that need not be here."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.package.product import Product

ROOT = Path(__file__).parents[2]
# The C libraries of Debian 12, Ubuntu 24.04 and Red Hat 9 are 2.34 or newer.
PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (5, 12, 17, 24, 26, 27, 28, 31, 34)),
    *("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64", "linux_x86_64"),
)
# What pip leaves in a distribution's metadata about this installation, and differs from one to the next.
NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "WHEEL"}


class PackageError(Exception):
    """A package cannot be built; the message says why."""


def collect(product: Product, pythons: tuple[str, ...], cache: Path, target: Path) -> None:
    """Fill `target` with what `product` carries, for all `pythons` at once."""
    for python in pythons:
        for lock in product.locks:
            _merge(_installed(lock, python, cache), target, product, python)


def _installed(lock: str, python: str, cache: Path) -> Path:
    """Return a folder with everything of `lock`; made once for each content of the lock."""
    file = ROOT / "locks" / f"{lock}.txt"
    stamp = hashlib.sha256(file.read_bytes() + repr(PLATFORMS).encode()).hexdigest()[:16]
    folder = cache / f"{lock}-{python}-{stamp}"
    if folder.is_dir():
        return folder
    new = cache / f"{folder.name}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    command += ["--require-hashes", "--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
    command += [word for name in PLATFORMS for word in ("--platform", name)]
    subprocess.run([*command, "--target", new, "-r", file], check=True)
    new.rename(folder)
    return folder


def _merge(source: Path, target: Path, product: Product, python: str) -> None:
    for file in sorted(source.rglob("*")):
        path = file.relative_to(source)
        if file.is_dir() or _left_out(path, product):
            continue
        # What a wheel says about the libraries it bundles is said for one interpreter.
        to = target / (path.with_name(f"cp{python}-{path.name}") if path.parent.name == "sboms" else path)
        if to.exists() and to.read_bytes() != file.read_bytes():
            raise PackageError(f"{path} is not the same in every lock and for every interpreter of {product.name}")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)


def _left_out(path: Path, product: Product) -> bool:
    top = path.parts[0]
    if top == "bin" or "__pycache__" in path.parts or (top.endswith(".dist-info") and path.name in NOTES):
        return True
    name = _distribution(top)
    return name in product.without or bool(product.only and name not in product.only)


def _distribution(top: str) -> str:
    """Return the distribution that a top-level name belongs to, as far as it matters for `without` and `only`."""
    return {"psycopg2": "psycopg2_binary", "psycopg2_binary.libs": "psycopg2_binary"}.get(top, top.partition("-")[0])
