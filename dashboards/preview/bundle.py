"""The script that draws: built from the Node project in this folder, and kept until its lock or its source changes.

`python -m dashboards.preview.bundle` builds it ahead of the tests.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".run" / "preview"
_INSTALL = ["npm", "ci", "--ignore-scripts", "--silent"]
_MINUTES = 10


class PreviewError(Exception):
    """The dashboards cannot be drawn here; the text names the remedy."""


def bundle(cache: Path = CACHE) -> Path:
    """Return the folder that holds `preview.js` and `preview.css`, built if they are not there."""
    wanted = cache / f"bundle-{_digest(*_sources())}"
    with _alone(cache):
        if not (wanted / "preview.js").is_file():
            for program in ("node", "npm"):
                if shutil.which(program) is None:
                    raise PreviewError(f"{program} is missing: apt-get install nodejs npm")
            modules = _modules(cache)
            for old in cache.glob("bundle-*"):
                shutil.rmtree(old)
            _run(["node", str(HERE / "build.mjs"), str(modules), str(wanted / "preview.js")], HERE)
    return wanted


def _modules(cache: Path) -> Path:
    """Return `node_modules` as the lock has it."""
    stamp, wanted = cache / "lock.stamp", _digest(HERE / "package.json", HERE / "package-lock.json")
    if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
        stamp.unlink(missing_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(HERE / name, cache / name)
        _run(_INSTALL, cache)
        stamp.write_text(wanted, "utf-8")
    return cache / "node_modules"


def _sources() -> list[Path]:
    own = [HERE / "package.json", HERE / "package-lock.json", HERE / "build.mjs"]
    return own + sorted(file for file in (HERE / "src").rglob("*") if file.is_file())


def _digest(*files: Path) -> str:
    found = hashlib.sha256()
    for file in files:
        found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60 * _MINUTES, check=False)
    if done.returncode:
        raise PreviewError(f"{' '.join(command[:2])} failed: {(done.stderr or done.stdout).strip()}")


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Hold a lock, so that two processes do not install into one folder."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        bundle()
    except PreviewError as error:
        sys.exit(str(error))
