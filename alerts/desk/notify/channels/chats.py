"""Chats, SMS and webhooks through Apprise, which knows some hundred services; Telegram has a file of its own."""

import copy
import html
import logging
import re
from collections.abc import Iterator
from typing import Protocol

import apprise
from apprise.plugins.telegram import NotifyTelegram

from alerts.desk.notify.attempt import BusyError, RefusedError
from alerts.desk.notify.channels import telegram
from alerts.desk.notify.channels.split import parts
from alerts.desk.notify.texts import Letter
from service.settings import Secret

LEAST = 40  # characters of a part, where a long title leaves less of a short message such as an SMS
SPARE = 64  # characters of the markup that a service puts around title and text
PAUSE = 60.0  # after 429: Apprise does not tell how long the service asks to wait
PASSING = frozenset({408, 409, 423, 425, 429})  # statuses below 500 that another attempt may change
_STATUS = re.compile(r"\berror=(\d{3})\b")
_CALLING = frozenset({"Discord", "Matrix", "Mattermost", "Rocket.Chat", "Zulip"})
"""Services, as Apprise names them, where a name after an @ in plain text rings for a person or for everybody there."""
_CALL = re.compile(r"(?<!\w)@(?=[\w*&!])")  # not the @ inside a mail address
_QUIET = "@\N{ZERO WIDTH SPACE}"
_LISTS = ("targets", "channels")  # where plug-ins keep whom they send to


class Chat(Protocol):
    """Somebody who gets messages one by one."""

    name: str
    notice: str  # what should be changed although messages arrive

    def parts(self, letter: Letter) -> list[str]:
        """Return the messages that a letter becomes."""
        ...

    def send(self, letter: Letter, text: str) -> None:
        """Send one of them; raise BusyError, RefusedError or another OSError."""
        ...


def chats(url: Secret) -> list[Chat]:
    """Return whom an address names.

    Raises:
        OSError: the secret cannot be read.
        RefusedError: it holds nothing that Apprise understands.
    """
    # A redirect would turn our POST into a GET, and the page that this brings into a delivery.
    known = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    if not known.add(url.read()) or not len(known):
        raise RefusedError("Apprise does not understand the address in the secret")
    result: list[Chat] = []
    for service in known:
        if isinstance(service, NotifyTelegram):
            result += telegram.chats(service)
        else:
            alone = list(_each(service))
            first = len(result) + 1
            result += [_Service(f"{one.service_name} {first + place}", one) for place, one in enumerate(alone)]
    return result


def drops_some(url: Secret) -> bool:
    """Return whether Apprise leaves out recipients that an address names, which it only logs; raise OSError."""
    with apprise.LogCapture(level=logging.WARNING) as said:  # type: ignore[no-untyped-call]
        apprise.Apprise().add(url.read())
        return any(word in said.getvalue().lower() for word in ("dropped", "dropping"))


def _each(service: apprise.NotifyBase) -> Iterator[apprise.NotifyBase]:
    """Yield the service once for each of its recipients, so that one that is refused costs the others no repetition."""
    for name in _LISTS:
        listed = getattr(service, name, None)
        if isinstance(listed, list) and len(listed) > 1:
            for each in listed:
                one = copy.copy(service)
                setattr(one, name, [each])
                yield one
            return
    yield service


class _Service:
    """A service that Apprise knows, with one recipient."""

    def __init__(self, name: str, service: apprise.NotifyBase) -> None:
        self.name, self._service, self.notice = name, service, ""
        self._calls = service.service_name in _CALLING

    def parts(self, letter: Letter) -> list[str]:
        """Return the messages that a letter becomes."""
        room = max(int(self._service.body_maxlen) - self._length(letter.subject) - SPARE, LEAST)
        return parts(letter.text.rstrip(), room, self._length)

    def send(self, letter: Letter, text: str) -> None:
        """Send one of them, as plain text, so that what an alert says is escaped where a service reads markup."""
        one = apprise.Apprise()
        one.add(self._service)
        body, title = self._quiet(text), self._quiet(letter.subject)
        result = one.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
        if not result:
            raise _error([str(each.message) for each in result.logs()])

    def _quiet(self, text: str) -> str:
        """Return a text in which no name rings: who is told is what the address says, never what an alert says."""
        return _CALL.sub(_QUIET, text) if self._calls else text

    def _length(self, text: str) -> int:
        return len(html.escape(self._quiet(text)))


def _error(warnings: list[str]) -> OSError:
    said = "; ".join(" ".join(each.split()) for each in warnings) or "Apprise could not deliver, and does not say why"
    statuses = [int(found) for each in warnings for found in _STATUS.findall(each)]
    if 429 in statuses:
        return BusyError(said, PAUSE)
    if statuses and all(300 <= each < 400 for each in statuses):
        return RefusedError(f"{said}: the address has moved; write the new one into the secret")
    final = statuses and all(400 <= each < 500 and each not in PASSING for each in statuses)
    return RefusedError(said) if final else OSError(said)
