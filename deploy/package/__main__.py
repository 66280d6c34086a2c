"""`./run package`: build the packages into dist/."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from deploy.package.build import FORMATS, Order, build, epoch_of
from deploy.package.product import KEYRING, PRODUCTS, PYTHONS
from deploy.package.wheels import ROOT, PackageError
from service import progress


def command_line() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser("./run package", description=__doc__)
    add = parser.add_argument
    add("--output", type=Path, default=ROOT / "dist", metavar="FOLDER", help="default: dist/")
    add("--work", type=Path, default=ROOT / ".run/package", metavar="FOLDER", help="for what is made on the way")
    add("--only", action="append", choices=[product.name for product in PRODUCTS], help="may be repeated")
    add(
        "--python", choices=PYTHONS, default=PYTHONS[0], help="the interpreter of ottwatch-center; default: %(default)s"
    )
    add("--format", action="append", choices=FORMATS, help="may be repeated; default: all")
    add("--release", default="1", metavar="N", help="the package's own number behind the version")
    add(
        "--keyring",
        action="append",
        type=Path,
        metavar="FILE",
        help="build ottwatch-keyring alone, with this public key (armored) and the others given so: at least two",
    )
    add("--key", type=Path, metavar="FILE", help="an OpenPGP private key (armored, without passphrase) to sign with")
    return parser


def main() -> int:
    """Build what was asked for."""
    options = command_line().parse_args()
    try:
        order = Order(
            options.output.resolve(),
            (options.work / "work").resolve(),
            (options.work / "wheels").resolve(),
            epoch_of(dict(os.environ)),
            options.release,
            options.key and options.key.resolve(),
            tuple(file.resolve() for file in options.keyring or ()),
            tuple(options.format or FORMATS),
        )
        products = (KEYRING,) if options.keyring else PRODUCTS
        chosen = [product for product in products if not options.only or product.name in options.only]
        with progress.steps(len(chosen), "package", "products") as told:
            for product in chosen:
                pythons = PYTHONS if product.every_python else (options.python,)
                told("\n".join(f"{file} {file.stat().st_size / 1e6:.1f} MB" for file in build(product, pythons, order)))
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} failed with exit status {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
