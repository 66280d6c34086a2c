"""Manual pages and shell completion, generated from the programs' own parsers."""

import argparse
import gzip
import importlib
from datetime import UTC, datetime
from pathlib import Path

import shtab
from argparse_manpage.manpage import Manpage

from service import __version__

SHELLS = {
    "bash": "usr/share/bash-completion/completions/{}",
    "zsh": "usr/share/zsh/vendor-completions/_{}",
}
SEE = """
.SH EXIT STATUS
0: success. 1: what was to be checked failed. 2: wrong usage or settings.
.SH SEE ALSO
The pages in /usr/share/doc/{package}.
"""


def write(program: str, module: str, package: str, root: Path, epoch: int) -> None:
    """Write the pages of one program below `root`."""
    parser = importlib.import_module(module).command_line()
    manual = root / f"usr/share/man/man1/{program}.1.gz"
    manual.parent.mkdir(parents=True, exist_ok=True)
    manual.write_bytes(gzip.compress(manual_page(parser, package, epoch).encode(), mtime=0))
    for shell, name in SHELLS.items():
        file = root / name.format(program)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(shtab.complete(parser, shell), "utf-8")


def manual_page(parser: argparse.ArgumentParser, package: str, epoch: int) -> str:
    """Return the manual page of a program, with its subcommands."""
    page = Manpage(
        parser,
        format="pretty",
        _data={
            "project_name": "ottwatch",
            "version": __version__,
            "manual_title": "ottwatch",
            "date": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d"),
            "description": (parser.description or "").removeprefix(f"{parser.prog}: ").rstrip("."),
        },
    )
    return str(page) + SEE.format(package=package)
