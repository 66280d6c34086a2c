"""What a value in desk.toml must be, in sentences that name the key and show the remedy."""

from datetime import date, datetime, time
from ipaddress import ip_network


def hour(name: str, text: str) -> time:
    """Return the hour that the text names, such as 09:00."""
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a local hour; its zone is the desk's
    except ValueError:
        raise ValueError(f'{name} "{text}" is not an hour; write for example "09:00"') from None


def day(name: str, text: str) -> date:
    """Return the day that the text names, such as 2026-03-21."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'{name}: "{text}" is not a day; write for example "2026-03-21"') from None


def positive(table: object, *names: str) -> None:
    """Raise ValueError unless these numbers of a table are more than nothing."""
    for name in names:
        if getattr(table, name) <= 0:
            raise ValueError(f"{name} must be more than 0")


def printable(name: str) -> None:
    """Raise ValueError for a name that pages and mails cannot show on one line."""
    if not name.strip() or not name.isprintable():
        raise ValueError(f"the name {name!r} is empty or has characters that cannot be printed")


def network(name: str, text: str) -> None:
    """Raise ValueError for what is neither an IP address nor a network of them."""
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f'{name}: "{text}" is no IP address or network; write for example "127.0.0.1"') from None
