"""Telegram's Bot API as far as messages go: what it counts, refuses and asks for.

Texts and codes of the refusals are those of tdlib/telegram-bot-api at commit 01a3679 (Client.cpp: check_chat_access
and fail_query_with_error; Query.cpp: set_retry_after_error). Lengths and offsets are UTF-16 code units.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.contract.web import Answering, web

TOKEN = "123456789:ABCdefGhIJKlmNoPQRstuVwxyZ123456789"


class Refusal(NamedTuple):
    code: int
    description: str
    parameters: dict[str, int] | None = None


NO_CHAT = Refusal(400, "Bad Request: chat not found")
BLOCKED = Refusal(403, "Forbidden: bot was blocked by the user")
KICKED = Refusal(403, "Forbidden: bot was kicked from the supergroup chat")
UNAUTHORIZED = Refusal(401, "Unauthorized")
CLOSED_TOPIC = Refusal(400, "Bad Request: TOPIC_CLOSED")
NO_RIGHTS = Refusal(400, "Bad Request: have no rights to send a message")
NO_TOPIC = Refusal(400, "Bad Request: message thread not found")
BROKEN = Refusal(502, "Bad Gateway")


def moved(to: int) -> Refusal:
    return Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": to})


def busy(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


class Telegram:
    """What arrived, by chat, and what comes next for a chat: one refusal a message, or one for all."""

    def __init__(self) -> None:
        self.shown: dict[int | str, list[dict[str, Any]]] = {}
        self.next: dict[int | str, list[Refusal | None]] = {}
        self.always: dict[int | str, Refusal] = {}
        self.asked = 0
        self.status = 0  # of refusals, where it is not their code

    def texts(self, chat: int | str) -> list[str]:
        return [each["text"] for each in self.shown.get(chat, [])]

    def take(self, path: str, message: dict[str, Any]) -> Refusal | None:
        self.asked += 1
        if path != f"/bot{TOKEN}/sendMessage":
            return Refusal(404, "Not Found")
        chat = message["chat_id"]
        waiting = self.next.get(chat)
        refusal = (waiting.pop(0) if waiting else None) or self.always.get(chat) or wrong(message)
        if refusal is None:
            self.shown.setdefault(chat, []).append(message)
        return refusal


def wrong(message: dict[str, Any]) -> Refusal | None:
    """Return why the API does not take a message to anybody."""
    text, units = message["text"].strip(), len(message["text"].strip().encode("utf-16-le")) // 2
    if not text:
        return Refusal(400, "Bad Request: message text is empty")
    if units > 4096:
        return Refusal(400, "Bad Request: message is too long")
    if any(each["offset"] + each["length"] > units for each in message.get("entities", ())):
        return Refusal(400, "Bad Request: entity beginning is out of range")
    return None


@contextmanager
def serving(api: Telegram) -> Iterator[str]:
    """Serve it; yield what takes the place of https://api.telegram.org."""

    class Handler(Answering):
        def do_POST(self) -> None:  # noqa: N802 - http.server's name
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refusal = api.take(self.path, message)
            body: dict[str, Any] = {"ok": True, "result": {"message_id": api.asked}}
            if refusal is not None:
                body = {"ok": False, "error_code": refusal.code, "description": refusal.description}
                body |= {"parameters": refusal.parameters} if refusal.parameters else {}
            status = api.status or refusal.code if refusal else 200
            self.answer(json.dumps(body).encode(), status, "application/json")

    with web(Handler) as address:
        yield f"http://{address}"
