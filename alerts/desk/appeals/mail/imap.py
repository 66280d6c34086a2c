"""The mailbox: each message is stored, then moved. One that was stored and not moved is recognised next time."""

import logging
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from imaplib import IMAP4

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from alerts.desk.core.appeal_settings import Imap
from alerts.desk.core.database import UNAVAILABLE
from service.system_errors import said_of

log = logging.getLogger("desk.appeals")
TIMEOUT = 30.0
LARGEST = 25 * 1024 * 1024  # of a larger one the head is read; it stays in the mailbox as a whole
BATCH = 100  # messages of one visit
_SIZE = re.compile(r"RFC822\.SIZE (\d+)")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a visit brought."""

    stored: int
    failed: int


def fetch(settings: Imap, take: Callable[[bytes], object]) -> Fetched:
    """Give each message of the folder to `take`, then move it; what raises stays, and delays no other one.

    Raises:
        OSError: the server is away, refuses the login, or lacks the folder.
    """
    password = settings.password.read()
    try:
        box = _connect(settings)
        try:
            _log_in(box, settings, password)
            _ask_capabilities(box)
            return _visit(box, settings, take)
        finally:
            _leave(box)
    except (ImapToolsError, IMAP4.error, OSError) as error:
        raise OSError(
            f"mailbox {settings.folder} at {settings.host}:{settings.port}: {_said(error, settings)}"
        ) from None


def _log_in(box: BaseMailBox, settings: Imap, password: str) -> None:
    try:
        box.login(settings.username, password, settings.folder)
    except UnicodeError:
        # The library has no words for a name or password outside of ASCII.
        raise OSError("the username or password is not plain ASCII") from None


def _leave(box: BaseMailBox) -> None:
    """Say goodbye. A server that has hung up must not hide why, nor undo what was stored."""
    try:
        box.logout()
    except (ImapToolsError, IMAP4.error, OSError):
        with suppress(OSError):
            box.client.shutdown()


def _said(error: Exception, settings: Imap) -> str:
    """Return what is wrong, with the remedy where `security` does not fit the port."""
    if isinstance(error, TimeoutError):
        hint = "" if settings.security == "tls" else '; security = "tls" may be right, as on port 993'
        return f"no answer within {TIMEOUT:.0f} s{hint}"
    said = said_of(error) if isinstance(error, OSError) else ""
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLCertVerificationError):
        hint = "starttls" if settings.security == "tls" else "tls"
        return f'{said}; security = "{hint}" may be right'
    return said or " ".join(str(error).split())[:300]


def _ask_capabilities(box: BaseMailBox) -> None:
    """Take over what the server can do since the login: most tell of MOVE (RFC 6851) only then.

    Without it a message is copied and deleted, and one that was not deleted in time is in the other folder twice.
    """
    answer = box.client.capability()[1][-1]
    box.client.capabilities = tuple(answer.decode("ascii").upper().split())


def _visit(box: BaseMailBox, settings: Imap, take: Callable[[bytes], object]) -> Fetched:
    if not box.folder.exists(settings.done):
        box.folder.create(settings.done)
    stored = failed = 0
    for uid in box.uids()[:BATCH]:
        raw = _raw(box, uid)
        if raw is None:
            continue  # another desk has moved it meanwhile
        try:
            take(raw)
        except UNAVAILABLE:
            raise
        except Exception:  # a bug: the others must not wait for it, and it stays where a person finds it
            log.exception("a message of the mailbox could not be stored; it stays there", extra={"uid": uid})
            failed += 1
        else:
            # One by one: what is stored must not be taken again because a later message failed.
            box.move(uid, settings.done)
            stored += 1
    return Fetched(stored, failed)


def _raw(box: BaseMailBox, uid: str) -> bytes | None:
    """Return a message, of a very large one its head; None where it is gone."""
    size = _SIZE.search(str(box.client.uid("fetch", uid, "(RFC822.SIZE)")[1]))
    if size is None:
        return None
    wanted = "(BODY.PEEK[])" if int(size[1]) <= LARGEST else "(BODY.PEEK[HEADER])"
    answer = box.client.uid("fetch", uid, wanted)[1]
    return next((bytes(part[1]) for part in answer if isinstance(part, tuple)), None)


def _connect(settings: Imap) -> BaseMailBox:
    context = ssl.create_default_context()
    if settings.security == "tls":
        return MailBox(settings.host, settings.port, TIMEOUT, ssl_context=context)
    if settings.security == "starttls":
        return MailBoxStartTls(settings.host, settings.port, TIMEOUT, ssl_context=context)
    return MailBoxUnencrypted(settings.host, settings.port, TIMEOUT)
