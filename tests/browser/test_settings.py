"""An administrator tests a target by keyboard and sees the real outcome without a reload."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Page, expect

from demo.ports import free_port
from tests.browser.conftest import Enter, add_administrator
from tests.contract.desk.conftest import Process


class Box:
    """A mail server's memory."""

    def __init__(self) -> None:
        self.to: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.to += envelope.rcpt_tos
        return "250 taken"


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    memory, port = Box(), free_port()
    controller = Controller(memory, hostname="127.0.0.1", port=port)
    controller.start()
    yield memory, port
    controller.stop()


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
    assert box[0].to == ["noc@example.org"]
    page.goto("/settings/targets")
    press(page, "Отправить проверочное сообщение: boards")
    expect(page.locator("#live")).to_contain_text("NO_SUCH_VARIABLE is not set", timeout=20_000)
