"""Telegram's Bot API: plain text in messages of at most 4,096 UTF-16 code units.

Apprise reads the address. The messages are sent from here, because its plug-in tells neither how long Telegram asks to
wait nor where a group has moved. Texts of refusals: tdlib/telegram-bot-api at commit 01a3679, Client.cpp and Query.cpp.
"""

import logging
from typing import NamedTuple

import requests
from apprise.plugins.telegram import NotifyTelegram

from alerts.desk.notify.attempt import BusyError, RefusedError
from alerts.desk.notify.channels.split import parts
from alerts.desk.notify.texts import Letter
from service.no_answer import reason_of

log = logging.getLogger("desk.telegram")
TIMEOUT = 15.0
LONGEST = 4096  # UTF-16 code units of a message, once its entities are parsed
GENERAL = (None, 0, 1)  # no topic; General's own address ends with 1, by which the Bot API does not find it
PAUSE = 30.0  # where Telegram asks to wait without saying how long

_REMEDIES = (
    ("chat not found", "check the chat's number in the target's secret, and that the bot is in the chat"),
    ("bot was blocked", "the person has to unblock the bot"),
    ("bot was kicked", "add the bot to the chat again"),
    ("is not a member", "add the bot to the chat"),
    ("can't initiate conversation", "the person has to write to the bot first"),
    ("user is deactivated", "the account is gone: remove it from the target's secret"),
    ("chat was deleted", "the group is gone: remove it from the target's secret"),
    ("group is deactivated", "the group is gone: remove it from the target's secret"),
    ("thread not found", "the topic is gone: take its number out of the target's secret"),
    ("topic_closed", "the topic is closed: open it, or write another topic's number into the target's secret"),
    ("topic_deleted", "the topic is gone: take its number out of the target's secret"),
    ("not enough rights", "let the bot write in the chat"),
    ("have no rights to send", "let the bot write in the chat"),
    ("need administrator rights", "make the bot an administrator of the channel"),
    ("chat_write_forbidden", "let the bot write in the chat"),
    ("unauthorized", "the bot's token is not valid: get one from @BotFather and write it into the target's secret"),
    ("not found", "the bot's token is not valid: get one from @BotFather and write it into the target's secret"),
)  # fmt: skip


class Answer(NamedTuple):
    """What came; `ok` is None where it is not the Bot API's own answer."""

    status: int
    ok: bool | None = None
    description: str = ""
    retry_after: float | None = None
    moved_to: int | None = None


class Chat:
    """One chat of a bot."""

    def __init__(self, plugin: NotifyTelegram, chat: int | str, topic: int | None) -> None:
        self._plugin, self._chat, self._topic = plugin, chat, topic
        self.name = f"Telegram {chat}" + (f":{topic}" if topic else "")
        self.notice = ""

    def parts(self, letter: Letter) -> list[str]:
        """Return the messages that a letter becomes."""
        return parts(f"{letter.subject}\n{letter.text}".rstrip(), LONGEST, units)

    def send(self, letter: Letter, text: str) -> None:
        """Send one of them; its first line is bold where it is the letter's subject."""
        bold = units(letter.subject) if text.startswith(letter.subject) else 0
        answer = self._post(text, bold)
        if answer.moved_to is not None:
            old, self._chat = self._chat, answer.moved_to
            self.notice = f"the group {old} is now the supergroup {self._chat}: write this number into the secret"
            log.warning("a Telegram group has moved", extra={"old": old, "new": self._chat})
            answer = self._post(text, bold)
        raise_for(answer)

    def _post(self, text: str, bold: int) -> Answer:
        address = f"{self._plugin.notify_url}{self._plugin.bot_token}/sendMessage"
        verify = self._plugin.verify_certificate
        try:
            got = requests.post(
                address,
                json={
                    "chat_id": self._chat,
                    "text": text,
                    "disable_notification": bool(self._plugin.silent),
                    "link_preview_options": {"is_disabled": not self._plugin.preview},
                    **({"entities": [{"type": "bold", "offset": 0, "length": bold}]} if bold else {}),
                    **({"message_thread_id": self._topic} if self._topic not in GENERAL else {}),
                },
                timeout=TIMEOUT,
                verify=verify,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # Its own words hold the address, and with it the token.
            raise OSError(f"Telegram does not answer: {reason_of(error)}") from None
        return _answer(got)


def chats(plugin: NotifyTelegram) -> list[Chat]:
    """Return the chats that an address names; raise RefusedError where it names none."""
    if not plugin.targets:
        raise RefusedError("the address in the secret names no chat; write tgram://TOKEN/CHAT")
    return [Chat(plugin, chat, topic) for chat, topic in plugin.targets]


def units(text: str) -> int:
    """Return the length as Telegram counts it, in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _answer(got: requests.Response) -> Answer:
    try:
        said = got.json()
    except ValueError:
        return Answer(got.status_code)
    if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
        return Answer(got.status_code)
    parameters = said.get("parameters")
    given = parameters if isinstance(parameters, dict) else {}
    wait, moved = given.get("retry_after"), given.get("migrate_to_chat_id")
    code = said.get("error_code")
    return Answer(
        code if isinstance(code, int) and not said["ok"] else got.status_code,
        said["ok"],
        " ".join(str(said.get("description", "")).split()),
        float(wait) if isinstance(wait, int) else None,
        moved if isinstance(moved, int) else None,
    )


def raise_for(answer: Answer) -> None:
    """Raise BusyError, RefusedError or OSError for an answer that is no success."""
    if answer.ok:
        return
    if answer.ok is None and answer.status not in (401, 404, 429) and answer.status < 500:
        # A page of a provider or a proxy that blocks Telegram is no delivery, and no refusal of Telegram's.
        raise OSError(
            f"something answered {answer.status} in place of Telegram; see whether a provider or a proxy blocks "
            "api.telegram.org"
        )
    said = f"{answer.status} {answer.description}".strip()
    if answer.status == 429:
        raise BusyError(f"Telegram asks to wait: {said}", answer.retry_after or PAUSE)
    if not 400 <= answer.status < 500:
        raise OSError(f"Telegram answered {said}")
    known = answer.description.lower()
    remedy = next((text for word, text in _REMEDIES if word in known), "")
    raise RefusedError(f"Telegram answered {said}{f'; {remedy}' if remedy else ''}")
