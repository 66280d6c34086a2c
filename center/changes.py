"""Changes of settings files: shown as a difference first, checked by the program they belong to, kept as copies."""

import difflib
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from center.places import Places
from center.refused import RefusedError
from center.yaml_text import without_ours


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after; a file that was not there is None before."""

    path: Path
    before: str | None
    after: str
    check: tuple[str, ...] = ()  # a command that gets the new file as its last argument
    mode: int = 0o644

    @property
    def needed(self) -> bool:
        """Return whether the file differs from what it should be."""
        return self.before != self.after

    def difference(self) -> str:
        """Return the difference as diff -u shows it."""
        before, after = (self.before or "").splitlines(keepends=True), self.after.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, str(self.path), f"{self.path} (new)"))


def change(path: Path, make: Callable[[str], str], check: Sequence[str] = (), *, shipped: bool = False) -> Change:
    """Return the change that `make` makes of the file; RefusedError names the file."""
    try:
        before = read(path)
        return Change(path, before, _with_its_ends(before or "", make), tuple(check))
    except RefusedError as error:
        kind = "as Debian shipped it" if shipped else "not changed"
        raise RefusedError(f"{path}: {error} ({kind})") from None


def _with_its_ends(before: str, make: Callable[[str], str]) -> str:
    """Return what `make` makes of a text, with the ends of lines that the text has, be they of Windows."""
    if "\r\n" not in before:
        return make(before)
    return make(before.replace("\r\n", "\n")).replace("\n", "\r\n")


def read(path: Path) -> str | None:
    """Return the text of a file as it is, None where there is none; raise RefusedError where it is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise RefusedError(f"byte {error.start + 1} of {path} is not UTF-8; save the file as UTF-8") from None


def verify(changes: Sequence[Change]) -> None:
    """Let the programs read the new files before anything is changed; raise RefusedError with what they say."""
    for one in changes:
        if not one.check:
            continue
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / one.path.name
            file.write_text(one.after, "utf-8")
            result = subprocess.run([*one.check, file], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            said = (result.stdout + result.stderr).strip()
            raise RefusedError(f"{one.path}: {one.check[0]} refuses the new file, so nothing was changed:\n{said}")


def apply(changes: Sequence[Change], places: Places, stamp: str) -> list[Path]:
    """Write the changed files, each with a copy of what it was; return the copies."""
    copies = []
    for one in changes:
        if not one.needed:
            continue
        if one.before is not None:
            copy = places.state / "copies" / f"{one.path.name}.{stamp}"
            write(copy, one.before, 0o600)
            copies.append(copy)
        write(one.path, one.after, one.mode)
    return copies


def write(path: Path, text: str, mode: int = 0o644, owner: tuple[int, int] | None = None) -> None:
    """Replace a file as a whole, with the owner that it had; where a link leads elsewhere, the file there."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(
        os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if path.exists() and owner is None:
        status = path.stat()
        owner, mode = (status.st_uid, status.st_gid), status.st_mode & 0o7777
    if owner is not None:
        os.chown(new, *owner)
    new.chmod(mode)
    new.replace(path)


def is_shipped(path: Path, package: str) -> bool:
    """Return whether a file is byte for byte what Debian's package brought."""
    command = ["dpkg-query", "--show", "--showformat", "${Conffiles}", package]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return False
    sums = dict(line.split()[:2] for line in result.stdout.splitlines() if len(line.split()) >= 2)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return sums.get(str(path)) == hashlib.md5(content, usedforsecurity=False).hexdigest()


def remembered(places: Places, path: Path) -> Path:
    """Return where Debian's own file is kept while ours is in its place."""
    return places.state / "shipped" / path.name


def take_out(path: Path, skeleton: str, places: Places) -> str | None:
    """Take our parts out of a file; return what the administrator should know, None when all is as before."""
    text = read(path)
    if text is None:
        return None
    rest = without_ours(text)
    shipped = remembered(places, path)
    if rest == skeleton and shipped.exists():
        write(path, shipped.read_text("utf-8"))
        return None
    if rest != text:
        write(path, rest)
    if shipped.exists():
        return f"{path}: has changes of yours and stays; Debian's own file is {shipped}"
    return None
