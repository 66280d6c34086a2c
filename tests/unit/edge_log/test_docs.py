"""docs/sessions.md and docs/edge-log.md cannot rot: their examples run, and every setting is explained."""

import io
import json
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from agent.settings import AgentSettings, converter
from agent.sources.edge_log.formats.batch import Reason
from agent.sources.edge_log.formats.by_name import PRESETS, make_format
from agent.sources.edge_log.replay.replay import Replay, interval, moment
from agent.sources.edge_log.replay.time_steps import GivenTimes, RegularSteps
from agent.sources.edge_log.sessions.targets import PROTOCOLS
from agent.sources.edge_log.settings import EdgeLogSettings
from service.settings import structure
from tests.conftest import ROOT

SESSIONS = (ROOT / "docs/sessions.md").read_text("utf-8")
EDGE_LOG = (ROOT / "docs/edge-log.md").read_text("utf-8")
(SETTINGS,) = re.findall(r"```toml\n(.*?)```", SESSIONS, re.DOTALL)
EXAMPLES = re.findall(r"```log\n(.*?)```.*?`ott-agent replay ([^`]*)`.*?```json\n(.*?)```", SESSIONS, re.DOTALL)


@pytest.mark.parametrize(("log", "call", "printed"), EXAMPLES, ids=range(1, len(EXAMPLES) + 1))
def test_a_worked_example_gives_what_the_page_says(log: str, call: str, printed: str) -> None:
    settings = structure(tomllib.loads(SETTINGS), EdgeLogSettings, Path("sessions.md"), converter())
    words = shlex.split(call)
    at = [moment(words[index + 1]) for index, word in enumerate(words) if word == "--at"]
    steps = GivenTimes(at) if at else RegularSteps(interval(words[words.index("--every") + 1]))
    replay = Replay(settings, steps, 2e9)
    replay.read("LOG", io.BytesIO(log.encode()))
    assert [json.dumps(one) for one in replay.report()] == printed.splitlines()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2


def test_every_reason_and_suffix_is_explained() -> None:
    assert {reason for reason in Reason if f"| `{reason}` |" not in SESSIONS} == set()
    assert {suffix for suffix in PROTOCOLS if not re.search(rf"{re.escape(suffix)}\b", SESSIONS)} == set()


def test_every_setting_is_explained() -> None:
    names = {one.name for one in fields(EdgeLogSettings)}
    assert {name for name in names if f"`{name}`" not in EDGE_LOG} == set()


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", EDGE_LOG, re.DOTALL), ids=lambda text: text[:20])
def test_an_example_of_settings_loads(example: str) -> None:
    assert structure(tomllib.loads(example), AgentSettings, Path("edge-log.md"), converter()).of("edge_log")


def test_the_recommended_format_is_the_preset() -> None:
    for name in ("ott", "ott_cmcd"):
        (directive,) = re.findall(rf"log_format {name} (.*?);", EDGE_LOG, re.DOTALL)
        assert "".join(re.findall(r"'([^']*)'", directive)) == PRESETS[name]


@pytest.mark.parametrize("name", [*PRESETS, "caddy", "w3c", "haproxy", "json", "tsv"])
def test_every_format_is_explained(name: str) -> None:
    assert f"`{name}`" in EDGE_LOG
    columns = {"json": ["time=t", "status=s", "size=b", "request=r"], "tsv": ["time", "status", "size", "request"]}
    assert make_format(name, columns.get(name, []))
