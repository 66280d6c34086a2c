"""An administrator tests a target by keyboard and sees the real outcome without a reload."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter, add_administrator
from tests.contract.desk.conftest import Process
from tests.contract.mailbox import Box, taking_mail


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    memory = Box()
    with taking_mail(memory) as port:
        yield memory, port


@pytest.fixture
def desk(tmp_path: Path, box: tuple[Box, int]) -> Iterator[Process]:
    def target(name: str, to: str) -> str:
        return f'[[target]]\nname = "{name}"\nkind = "mail"\nto = ["{to}"]\n'

    smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {box[1]}\nsecurity = "none"\nsender = "desk@example.org"\n'
    unreachable = '[[target]]\nname = "boards"\nkind = "grafana"\nurl = { env = "NO_SUCH_VARIABLE" }\n'
    process = Process(tmp_path, f'watchdog = ""\n{smtp}{target("duty", "noc@example.org")}{unreachable}')
    add_administrator(process)
    process.start()
    yield process
    if process.running:
        process.stop()


def press(page: Page, label: str) -> None:
    """Go to a button by Tab alone and press it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == label:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way by Tab to {label}")


def test_a_test_message_by_keyboard(box: tuple[Box, int], enter: Enter) -> None:
    page = enter("Dana")
    page.goto("/settings/targets")
    press(page, "Отправить проверочное сообщение: duty")
    expect(page.locator("#live")).to_contain_text("Отправлено", timeout=20_000)
    assert [mail.to for mail in box[0].mails] == [["noc@example.org"]]
    page.goto("/settings/targets")
    press(page, "Отправить проверочное сообщение: boards")
    expect(page.locator("#live")).to_contain_text("NO_SUCH_VARIABLE is not set", timeout=20_000)
