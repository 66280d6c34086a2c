"""What `ott-center` refuses: the operator has to change something first."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.settings import SettingsError


class RefusedError(Exception):
    """Something is not as it has to be; the message says what, and what to do about it."""


@contextmanager
def refusing() -> Iterator[None]:
    """Raise RefusedError with the sentence of a ValueError or SettingsError raised inside: the value is refused."""
    try:
        yield
    except (SettingsError, ValueError) as error:
        raise RefusedError(str(error)) from None
