"""docs/agent.md cannot rot: its examples load, and every setting and preset is in it."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from agent.host.settings import HostSettings
from agent.runtime.settings import Auth, Tls
from agent.settings import AgentSettings, converter
from agent.sources import presets
from agent.sources.server.figure import Figure
from agent.sources.server.preset import ServerPreset
from agent.sources.server.settings import ServerSettings
from agent.sources.subscribers.settings import SubscribersSettings
from service.settings import structure
from tests.conftest import ROOT

PAGE = (ROOT / "docs/agent.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split("\n")[0])
def test_an_example_loads(example: str) -> None:
    kind = ServerPreset if example.startswith("title") else AgentSettings
    assert structure(tomllib.loads(example), kind, Path("docs/agent.md"), converter())


@pytest.mark.parametrize("kind", [AgentSettings, Tls, Auth, HostSettings, ServerSettings, SubscribersSettings, Figure])
def test_every_setting_is_explained(kind: type) -> None:
    of_sources = {"tables", "limits", "kinds"}  # not keys of the file
    names = {field.name for field in fields(kind)} - of_sources
    assert {name for name in names if not re.search(rf"\b{name}\b", PAGE)} == set()


@pytest.mark.parametrize("source", ["server", "subscribers"])
def test_every_preset_is_listed(source: str) -> None:
    assert {name for name in presets.names(source) if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE} == set()
