"""`ott-agent join`: let the control centre reach this node's agent, with the certificates of its bundle."""

import argparse
import json
import os
import pwd
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from service.program import Exit
from service.setting_types import host_and_port

PARTS = {"certificate": "node.pem", "key": "node.key", "client_ca": "ca.pem"}
LISTEN = re.compile(r"^listen\s*=\s*(\"[^\"]*\"|'[^']*')", re.MULTILINE)
TABLE = re.compile(r"^\s*\[", re.MULTILINE)


class RefusedError(Exception):
    """The settings or the bundle are not understood, so nothing is changed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "bundle", type=Path, nargs="?", metavar="BUNDLE", help="the file that ott-center node add wrote"
    )
    parser.add_argument("--listen", metavar="ADDRESS:PORT", help="where to listen; default: as the bundle says")
    parser.add_argument("--config", type=Path, default=Path("/etc/ottwatch/agent.toml"), metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Write the certificates, set `listen` and [tls] in the settings, and leave everything else in them as it is."""
    try:
        bundle = _bundle(arguments.bundle) if arguments.bundle else {}
        listen = _listen(arguments.listen, bundle)
        folder = arguments.config.parent / "tls"
        tls = {key: str(folder / name) for key, name in PARTS.items()} if bundle else {}
        text = changed(arguments.config.read_text("utf-8"), listen, tls)
        for key, name in PARTS.items() if bundle else ():
            _write(folder / name, bundle[key], 0o640 if key == "key" else 0o644, arguments.config)
        _write(arguments.config, text, 0o640, arguments.config)
    except (RefusedError, ValueError) as error:
        print(f"{error}; nothing was changed", file=sys.stderr)
        return Exit.UNUSABLE
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return Exit.FAILED
    print(f"the agent listens on {listen}{' with TLS' if bundle else ''} after: systemctl restart ott-agent")
    return Exit.FINE


def changed(text: str, listen: str, tls: dict[str, str]) -> str:
    """Return settings with another address, and with [tls] where it is given; verified by reading them again."""
    before = tomllib.loads(text)
    wanted = before | {"listen": listen} | ({"tls": tls} if tls else {})
    line = f"listen = {json.dumps(listen)}"
    result = LISTEN.sub(lambda _: line, text, count=1) if LISTEN.search(text) else f"{line}\n{text}"
    if tls and before.get("tls") != tls:
        if "tls" in before:
            raise RefusedError("the settings have a part [tls] with other files; remove it, then repeat")
        table = "[tls]\n" + "".join(f"{key} = {json.dumps(path)}\n" for key, path in tls.items())
        first = TABLE.search(result)
        where = first.start() if first else len(result)
        result = f"{result[:where]}{table}\n{result[where:]}"
    if tomllib.loads(result) != wanted:
        raise RefusedError(f"the settings are written in an unusual way; set by hand: {line}, and [tls] with {tls}")
    return result


def _listen(told: str | None, bundle: dict[str, str]) -> str:
    listen = told or bundle.get("listen")
    if listen is None:
        raise RefusedError("name the bundle that ott-center node add wrote, or --listen ADDRESS:PORT")
    host_and_port(listen)
    return listen


def _bundle(file: Path) -> dict[str, str]:
    try:
        content: Any = json.loads(file.read_text("utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict) or not {*PARTS, "listen"} <= content.keys():
        raise RefusedError(f"{file}: is no bundle of ott-center node add")
    return {key: str(value) for key, value in content.items()}


def _write(file: Path, text: str, mode: int, like: Path) -> None:
    """Replace a file; what the agent alone may read belongs to the group of its settings, or of its account."""
    file.parent.mkdir(mode=0o755, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    if os.geteuid() == 0:
        os.chown(new, 0, _group(like))
    new.chmod(mode)
    new.replace(file)


def _group(like: Path) -> int:
    try:
        return pwd.getpwnam("ott-agent").pw_gid
    except KeyError:
        return like.stat().st_gid
