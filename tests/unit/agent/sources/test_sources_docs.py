"""docs/sources cannot rot: a page for each preset, whose tables load, and an index of all pages."""

import re
import tomllib
from pathlib import Path

import pytest

from agent.settings import AgentSettings, converter
from agent.sources import presets
from agent.sources.server.preset import ServerPreset
from service.settings import structure
from tests.conftest import ROOT

FOLDER = ROOT / "docs/sources"
INDEX = FOLDER / "README.md"
PAGES = {page.stem: page.read_text("utf-8") for page in sorted(FOLDER.glob("*.md")) if page != INDEX}
TABLES = [
    pytest.param(table, id=f"{name}-{number}")
    for name, text in PAGES.items()
    for number, table in enumerate(re.findall(r"```toml\n(.*?)```", text, re.DOTALL), 1)
]
PRESETS = [*presets.names("server"), *presets.names("subscribers")]
LOG_FORMATS = ("ott", "combined", "combined_vhost", "caddy", "haproxy", "w3c", "tsv", "json")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_loads(table: str) -> None:
    settings = structure(tomllib.loads(table), AgentSettings, Path("docs/sources"), converter())
    assert settings.of("edge_log") or settings.of("server") or settings.of("subscribers")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_its_page(preset: str) -> None:
    assert [name for name, text in PAGES.items() if f'"{preset}"' in text or f"`{preset}`" in text]


@pytest.mark.parametrize("name", LOG_FORMATS)
def test_every_log_format_has_its_section(name: str) -> None:
    assert re.search(rf"[\"`]{name}[\"`]", PAGES["access-logs"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_how_to_check_and_what_goes_wrong(name: str) -> None:
    text = PAGES[name]
    assert "```toml" in text
    assert re.search(r"^(## )?Check\b", text, re.MULTILINE)
    assert re.search(r"^(## What goes wrong|What goes wrong:|Wrong:)", text, re.MULTILINE)
    assert f"({name}.md" in INDEX.read_text("utf-8")


@pytest.mark.parametrize("name", presets.names("server"))
def test_the_index_says_for_which_versions_a_preset_is_and_how_it_was_proven(name: str) -> None:
    preset = presets.load_preset(ServerPreset, "server", name)
    assert f"| `{name}` | {preset.title} | {preset.versions} | {preset.proof} |" in INDEX.read_text("utf-8")
    for file in re.findall(r"tests/\S+\.py", preset.proof):
        assert (ROOT / file).is_file()
    assert "run in tests/" in preset.proof or preset.proof.startswith(("source: ", "documentation: "))
