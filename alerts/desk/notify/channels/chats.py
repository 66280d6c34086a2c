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
    known = apprise.Apprise()
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

    def parts(self, letter: Letter) -> list[str]:
        """Return the messages that a letter becomes."""
        room = max(int(self._service.body_maxlen) - _escaped(letter.subject) - SPARE, LEAST)
        return parts(letter.text.rstrip(), room, _escaped)

    def send(self, letter: Letter, text: str) -> None:
        """Send one of them, as plain text, so that what an alert says is escaped where a service reads markup."""
        one = apprise.Apprise()
        one.add(self._service)
        result = one.notify(body=text, title=letter.subject, body_format=apprise.NotifyFormat.TEXT)
        if not result:
            raise _error([str(each.message) for each in result.logs()])


def _error(warnings: list[str]) -> OSError:
    said = "; ".join(" ".join(each.split()) for each in warnings) or "Apprise could not deliver, and does not say why"
    statuses = [int(found) for each in warnings for found in _STATUS.findall(each)]
    if 429 in statuses:
        return BusyError(said, PAUSE)
    final = statuses and all(400 <= each < 500 and each not in PASSING for each in statuses)
    return RefusedError(said) if final else OSError(said)


def _escaped(text: str) -> int:
    return len(html.escape(text))
