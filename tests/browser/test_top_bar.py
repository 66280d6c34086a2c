"""The bar on top of every page is one line on the screens of a control centre, with every page that it can have."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.desk.access import store as access
from alerts.desk.access.roles import Principal
from alerts.desk.core.database import Database
from tests.browser.conftest import HASH, Enter
from tests.contract.desk.conftest import Process

NAME = "Айгерим Сериковна Жумабаева"
BAR = """
() => {
  const all = [...document.querySelectorAll('header.bar :is(a, button, span)')];
  const parts = all.filter(each => each.offsetParent !== null);
  const boxes = parts.map(each => each.getBoundingClientRect());
  return {
    pages: document.querySelectorAll('header.bar nav a').length,
    one_line: Math.max(...boxes.map(box => box.top)) < Math.min(...boxes.map(box => box.bottom)),
    lowest: Math.min(...parts.filter(each => each.tagName !== 'SPAN').map(each => each.getBoundingClientRect().height)),
    fits: document.documentElement.scrollWidth <= window.innerWidth,
  };
}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    key = tmp_path / "appeals.key"
    key.write_text("0123456789abcdef0123456789abcdef")
    key.chmod(0o600)
    appeals = f'[appeals]\nkeys = [{{ file = "{key}" }}]\nregions = ["Алматы"]\n'
    process = Process(tmp_path, f'watchdog = ""\n{appeals}[billing]\n')
    database = Database(f"sqlite:///{process.folder / 'desk.db'}")
    with database.write() as connection:
        access.add_account(connection, Principal(NAME, "administrator", "ru"), HASH, datetime.now(UTC))
    process.start()
    yield process
    if process.running:
        process.stop()
    assert '"level": "error"' not in process.log


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_bar_is_one_line_with_every_page_and_a_long_name(desk: Process, enter: Enter, language: str) -> None:
    page = enter(NAME, language)
    for width in (1366, 1440, 1600, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        bar = page.evaluate(BAR)
        assert (bar["pages"], bar["one_line"], bar["fits"]) == (10, True, True), f"{language} {width}: {bar}"
        assert bar["lowest"] >= 24, f"{language} {width}: a target is lower than WCAG 2.2 wants (2.5.8): {bar}"
    assert page.get_attribute("header.bar .tools .quiet", "title") == NAME, "where the name is cut, it can be read"
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(BAR)["fits"]
