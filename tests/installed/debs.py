"""Debian packages as files: an archive of `ar` with the control data and the content."""

import io
import re
import tarfile
from pathlib import Path

MAGIC = b"!<arch>\n"
HEADER = 60
SIZE = slice(48, 58)


def members(package: Path) -> dict[str, bytes]:
    """Return the members of a package."""
    content, found, at = package.read_bytes(), {}, len(MAGIC)
    assert content.startswith(MAGIC)
    while at < len(content):
        header = content[at : at + HEADER]
        size = int(header[SIZE])
        found[header[:16].decode().rstrip(" /")] = content[at + HEADER : at + HEADER + size]
        at += HEADER + size + size % 2
    return found


def higher(package: Path, target: Path) -> None:
    """Write a package once more, with a higher version number; its content is not packed again."""
    parts = members(package)
    control = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(parts["control.tar.gz"])) as old,
        tarfile.open(fileobj=control, mode="w:gz") as new,
    ):
        for entry in old:
            data = b""
            if entry.isfile():
                file = old.extractfile(entry)
                assert file is not None
                data = file.read()
            if entry.name.removeprefix("./") == "control":
                data = re.sub(rb"^(Version: .*)$", rb"\1+next", data, flags=re.MULTILINE)
                entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))
    parts["control.tar.gz"] = control.getvalue()
    with target.open("wb") as out:
        out.write(MAGIC)
        for name, data in parts.items():
            out.write(f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data)
            out.write(b"\n" * (len(data) % 2))
