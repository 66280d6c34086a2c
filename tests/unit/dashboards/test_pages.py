from pathlib import Path

import pytest

from dashboards import pages
from dashboards.boards import BOARDS
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "dashboards"


@pytest.mark.parametrize(("path", "text"), pages.pages().items(), ids=lambda value: getattr(value, "name", ""))
def test_a_page_is_what_its_board_says(path: Path, text: str) -> None:
    assert (FOLDER / path).read_text("utf-8") == text, "run python -m dashboards.pages docs/dashboards"


def test_every_page_has_a_board_and_its_picture() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {path.name for path in pages.pages()}
    for board in BOARDS:
        assert (ROOT / "docs" / "images" / f"dashboard-{board.name}-en.png").stat().st_size > 10_000
