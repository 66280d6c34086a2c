"""`ott-desk check-config`: every secret read, and every address in one understood, before a message needs them."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine

from alerts.desk.core.settings import Settings, TargetSettings, database_url
from service.secrets import unreadable
from service.settings import Fault, SettingsError


def check(settings: Settings, config: Path) -> None:
    """Raise SettingsError with all that keeps the desk from starting, or a message from leaving."""
    faults = unreadable(settings, config)
    known = {fault.key for fault in faults}
    for place, target in enumerate(settings.target, 1):
        if f"target[{place}].url" not in known:
            faults += (Fault(config, f"target[{place}].url", problem) for problem in _problems(target))
    if "database" not in known:
        try:
            create_engine(database_url(settings, config)).dispose()
        except SettingsError as error:
            faults += error.faults
    if faults:
        raise SettingsError(faults)


def _problems(target: TargetSettings) -> Iterator[str]:
    if target.url is None:
        return
    if target.kind == "apprise":
        from alerts.desk.notify.channels import chats  # noqa: PLC0415 - it costs a second of processor time

        try:
            if not chats.chats(target.url) or chats.drops_some(target.url):
                yield "Apprise does not understand one of the recipients that the address in the secret names"
        except OSError as error:
            yield str(error)
    elif not target.url.read().startswith(("http://", "https://")):
        yield "the secret holds no address that begins with http:// or https://"
