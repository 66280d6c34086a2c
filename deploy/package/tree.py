"""The files of a package, in a folder that looks like the root of the machine it is installed on."""

import gzip
import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from deploy.package import keyring, pages
from deploy.package.product import CENTER, KEYRING, MAINTAINER, Product
from deploy.package.sbom import bill
from deploy.package.wheels import ROOT, collect

DATA = {".css", ".html", ".js", ".json", ".md", ".py", ".svg", ".toml", ".yml"}
LAUNCHER = """\
#!/usr/bin/python3 -I
import sys

sys.path[:0] = {folders}

from {module} import main

sys.exit(main())
"""
# Red Hat's python3 may be older than ours; the interpreters beside it have their version in their names.
RPM_LAUNCHER = """\
#!/bin/sh
for python in {pythons} python3; do
    if command -v "$python" >/dev/null; then
        exec "$python" -I -c 'import sys; sys.path[:0] = {folders}; sys.argv[0] = "{program}"
from {module} import main
sys.exit(main())' "$@"
    fi
done
echo "{program}: no Python of {pythons} is installed" >&2
exit 2
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ottwatch

Files: *
Copyright: 2026 the authors of ottwatch
License: Apache-2.0
 On Debian systems, the complete text of the Apache License, Version 2.0, is in /usr/share/common-licenses/Apache-2.0.
"""
CARRIED = """
Files: {folder}/*
Copyright: 2026 the authors of the Python packages listed in sbom.cdx.json
License: various
 The licence of each is in its folder NAME.dist-info.
"""
OVERRIDES = """\
# The Python packages are the published wheels whose hashes are in the locks, not changed by a byte, with the
# libraries they bundle.
{name}: embedded-library
{name}: hardening-no-fortify-functions
{name}: hardening-no-relro
{name}: library-not-linked-against-libc
{name}: shared-library-lacks-prerequisites
{name}: unstripped-binary-or-object
{name}: extra-license-file
{name}: package-contains-documentation-outside-usr-share-doc
{name}: repeated-path-segment
{name}: executable-not-elf-or-script
{name}: script-not-executable
# The interpreter is python3, isolated from what the environment names.
{name}: unusual-interpreter
# Reloading is what deb-systemd-invoke does not offer.
{name}: maintainer-script-calls-systemctl
"""


CHANGELOG = """\
{name} ({version}) stable; urgency=medium

  * The changes are in changelog.gz.

 -- {maintainer}  {date}
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the wheels are kept, how old the sources are, the package's version, and the keys of a keyring."""

    cache: Path
    epoch: int
    version: str
    keys: tuple[Path, ...] = ()


def fill(product: Product, pythons: tuple[str, ...], root: Path, origin: Origin) -> None:
    """Fill the empty folder `root`."""
    home = root / product.folder.removeprefix("/")
    collect(product, pythons, origin.cache, home)
    for module in product.modules:
        _copy(ROOT / module, home / module)
    for program, module in product.programs:
        _write(root / f"usr/bin/{program}", LAUNCHER.format(folders=_folders(product), module=module), 0o755)
        pages.write(program, module, product.name, root, origin.epoch)
    for unit in product.units:
        _write(root / f"usr/lib/systemd/system/{unit}.service", (ROOT / f"deploy/units/{unit}.service").read_text())
    if product.units:
        users = "".join(f'u {unit} - "{unit} of ottwatch" /nonexistent\n' for unit in product.units)
        _write(root / f"usr/lib/sysusers.d/{product.name}.conf", users)
    if product is CENTER:
        _center(root / f"usr/share/{product.name}")
    if product is KEYRING:
        keyring.fill(origin.keys, root)
    _documents(product, pythons, root, origin)


def rpm_launchers(product: Product, pythons: tuple[str, ...], root: Path) -> dict[str, Path]:
    """Write what the programs are started with on Red Hat's systems beside `root`; return path and file."""
    names = " ".join(f"python{python}" for python in reversed(pythons))
    files = {}
    for program, module in product.programs:
        file = root.with_name(f"{root.name}.rpm") / program
        text = RPM_LAUNCHER.format(folders=_folders(product), module=module, program=program, pythons=names)
        _write(file, text, 0o755)
        files[f"usr/bin/{program}"] = file
    return files


def _folders(product: Product) -> str:
    """Return the folders as a list in Python, in the quotes that a shell's single quotes may hold."""
    return json.dumps(product.folders)


def _copy(source: Path, target: Path) -> None:
    for file in sorted(source.rglob("*")):
        if file.suffix in DATA and "__pycache__" not in file.parts:
            to = target / file.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)


def _center(share: Path) -> None:
    for name in ("prometheus.yml", "desk.toml", "busyhour.toml"):
        _write(share / name, (ROOT / "deploy" / "prometheus" / name).read_text("utf-8"))
    _write(share / "alertmanager.yml", (ROOT / "alerts/alertmanager.yml").read_text("utf-8"))
    for file in sorted((ROOT / "alerts/rules").glob("*.yml")):
        _write(share / "rules" / file.name, with_intervals(file.read_text("utf-8")))
    _copy(ROOT / "alerts/runbooks", share / "runbooks")
    for name in ("pair", "site"):
        home = ROOT / "deploy" / name / "machine"
        for file in sorted(path for path in home.rglob("*") if path.is_file()):
            _write(share / name / file.relative_to(home), file.read_text("utf-8"))


def with_intervals(rules: str) -> str:
    """Return rules whose every group says how often it is evaluated, whatever the Prometheus they come to does."""
    return re.sub(r"^(  - name: .*\n)(?!    interval:)", r"\1    interval: 5s\n", rules, flags=re.MULTILINE)


def _documents(product: Product, pythons: tuple[str, ...], root: Path, origin: Origin) -> None:
    doc = root / f"usr/share/doc/{product.name}"
    carried = CARRIED.format(folder=product.folder.removeprefix("/")) if product.locks else ""
    _write(doc / "copyright", COPYRIGHT + carried)
    if product.locks:
        _write(doc / "sbom.cdx.json", bill(product, pythons))
    date = format_datetime(datetime.fromtimestamp(origin.epoch, UTC))
    entry = CHANGELOG.format(name=product.name, version=origin.version, maintainer=MAINTAINER, date=date)
    for name, content in (
        ("changelog.gz", (ROOT / "CHANGELOG.md").read_bytes()),
        ("changelog.Debian.gz", entry.encode()),
    ):
        (doc / name).write_bytes(gzip.compress(content, mtime=0))
    if product.programs:
        for file in sorted((ROOT / "docs").glob("*.md")):
            _write(doc / file.name, file.read_text("utf-8"))
        _copy(ROOT / "docs/sources", doc / "sources")
    if product.locks:
        _write(root / f"usr/share/lintian/overrides/{product.name}", OVERRIDES.format(name=product.name))


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(mode)
