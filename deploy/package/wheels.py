"""The Python packages of a lock, installed into a folder for an interpreter that need not be here."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.package.product import Product

ROOT = Path(__file__).parents[2]
# Of the C library that Red Hat 8 has; those of Debian 12, Ubuntu 24.04 and Red Hat 9 are newer.
PLATFORM = "x86_64-manylinux_2_28"
UV = str(Path(sys.executable).with_name("uv"))
# What an installer leaves in a distribution's metadata about this installation, and differs from one to the next.
NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "WHEEL", "uv_cache.json"}
# Where a telephone number is from, which nobody asks: 20 MB of tables that every installation would compile.
UNUSED = ("phonenumbers/geodata", "phonenumbers/carrierdata")


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
    stamp = hashlib.sha256(file.read_bytes() + PLATFORM.encode()).hexdigest()[:16]
    folder = cache / f"{lock}-{python}-{stamp}"
    if folder.is_dir():
        return folder
    new = cache / f"{folder.name}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    # uv installs for an interpreter that is not here as pip does, in a tenth of its processor time.
    command = [UV, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--python-version", python, "--python-platform", PLATFORM, "--link-mode", "copy"]
    subprocess.run([*command, "--target", str(new), "--requirements", str(file)], check=True)
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
    if top in {"bin", ".lock"} or "__pycache__" in path.parts or (top.endswith(".dist-info") and path.name in NOTES):
        return True
    if path.suffix == ".pyi" or "tests" in path.parts or any(path.is_relative_to(folder) for folder in UNUSED):
        return True
    name = _distribution(top)
    return name in product.without or bool(product.only and name not in product.only)


def _distribution(top: str) -> str:
    """Return the distribution that a top-level name belongs to, as far as it matters for `without` and `only`."""
    return {"psycopg2": "psycopg2_binary", "psycopg2_binary.libs": "psycopg2_binary"}.get(top, top.partition("-")[0])
