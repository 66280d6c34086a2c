"""A new kind of source is a folder and a line: one is added to a copy of the tree, and the copy's programs run."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings import AgentSettings
from agent.sources import SOURCES
from agent.sources.kind import SourceKind, function
from tests.conftest import ROOT

FOLDER = {
    "__init__.py": """
from operator import attrgetter

from agent.sources.heartbeat import collect
from agent.sources.kind import Command, SourceKind

SOURCE = SourceKind(
    title="Heartbeats",
    table="heartbeat",
    settings=collect.HeartbeatSettings,
    key="file",
    name=attrgetter("file"),
    collector="agent.sources.heartbeat.collect:job",
    metrics=(collect.TIME,),
    notes="agent.sources.heartbeat.collect:notes",
    proposal="agent.sources.heartbeat.collect:proposal",
    commands=(Command("beat", "agent.sources.heartbeat.collect", "show a heartbeat", ("ott-agent beat",)),),
)
""",
    "collect.py": """
from dataclasses import dataclass
from pathlib import Path

from agent.runtime.collector import Collector
from service.metric import Metric

TIME = Metric("ott_heartbeat_timestamp_seconds", "gauge", "When the file was written.", ("file",), reader="ad hoc")


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    file: str


def read(settings):
    return settings.file, Path(settings.file).stat().st_mtime


def parse(found):
    yield TIME.sample(found[1], found[0])


COLLECTOR = Collector("heartbeat", read, parse, (TIME,))


def job(settings, context):
    return COLLECTOR.on(settings, name="heartbeat")


def notes(settings):
    if not Path(settings.file).exists():
        yield f"file: note: there is no {settings.file} yet"


def proposal(seen):
    yield "# [[heartbeat]]"


def add_arguments(parser):
    parser.add_argument("file")


def run(arguments):
    print(next(parse(read(HeartbeatSettings(arguments.file)))).value)
    return 0
""",
    "metrics.py": "from agent.sources.heartbeat.collect import TIME\n",
}


def digests(tree: Path) -> dict[str, str]:
    return {
        str(file.relative_to(tree)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in tree.rglob("*")
        if file.is_file() and file.suffix not in (".pyc", ".key")
    }


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("agent", "service", "docs", "tests/golden"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "images"))
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests")
    return tmp_path


def program(tree: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_new_source_touches_two_shared_files(tree: Path) -> None:
    before = digests(tree)
    for name, text in FOLDER.items():
        file = tree / "agent/sources/heartbeat" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    rows = tree / "agent/sources/__init__.py"
    line = "SOURCES: tuple[SourceKind, ...] = ("
    text = rows.read_text("utf-8")
    assert line in text
    rows.write_text(
        "from agent.sources.heartbeat import SOURCE as HEARTBEAT\n" + text.replace(line, f"{line}HEARTBEAT, "), "utf-8"
    )
    page = "from pathlib import Path; from tests.golden.catalogues import page; "
    written = program(tree, "-c", page + "Path('docs/metrics.md').write_text(page(), 'utf-8')")
    assert written.returncode == 0, written.stderr
    after = digests(tree)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if "heartbeat" not in name} == {"agent/sources/__init__.py", "docs/metrics.md"}
    assert "| `ott_heartbeat_timestamp_seconds` |" in (tree / "docs/metrics.md").read_text("utf-8")

    # The catalogue is not all: settings, check-config, once, init and a command know it.
    beat = tree / "beat"
    config = tree / "agent.toml"
    config.write_text(f'[host]\nenabled = false\n[[heartbeat]]\nfile = "{beat}"\n', "utf-8")
    checked = program(tree, "-m", "agent", "check-config", "--config", str(config))
    assert "collectors: heartbeat" in checked.stdout, checked.stderr
    assert f"heartbeat[1].file: note: there is no {beat} yet" in checked.stderr
    beat.touch()
    once = program(tree, "-m", "agent", "once", "--config", str(config))
    assert f'ott_heartbeat_timestamp_seconds{{file="{beat}"}}' in once.stdout, once.stderr
    assert "# [[heartbeat]]" in program(tree, "-m", "agent", "init").stdout
    assert program(tree, "-m", "agent", "beat", str(beat)).returncode == 0
    config.write_text(f'[[heartbeat]]\nfile = "{beat}"\n[[heartbeat]]\nfile = "{beat}"\n', "utf-8")
    twice = program(tree, "-m", "agent", "check-config", "--config", str(config))
    assert "two [[heartbeat]] are called" in twice.stderr
    assert "give each its own file" in twice.stderr


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.table)
def test_every_function_of_a_kind_is_there(kind: SourceKind) -> None:
    places = [place for place in (kind.collector, kind.collectors, kind.notes, kind.proposal) if place]
    assert all(callable(function(place)) for place in places)
    assert kind.metrics
    assert AgentSettings().of(kind.table) == []
