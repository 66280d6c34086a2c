"""What the Russian manual calls buttons, columns and states is what the console calls them."""

import re
from pathlib import Path

import pytest

from alerts.desk.core.words import catalogue
from tests.conftest import ROOT

PAGES = sorted((ROOT / "docs" / "ru").glob("*.md"))


def bare(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" .:").lower()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_in_bold_are_the_consoles(page: Path) -> None:
    known = {bare(re.sub(r"[,:(]? ?\{\w+\}[):]?.*", "", text)) for text in catalogue("ru").values()}
    named = {bare(name) for name in re.findall(r"\*\*(.+?)\*\*", page.read_text("utf-8"), re.DOTALL)}
    assert named - known - {"жирным"} == set()
