"""What an address in the settings must be. Nothing here repeats one: it may hold a password or a token."""

from urllib.parse import urlsplit


def check_url(url: str) -> None:
    """Raise ValueError for what is no http or https URL of a host."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            "has an invalid host or port; write http://HOST:PORT/PATH, or http://[::1]:PORT/PATH"
        ) from None
    if not host:
        raise ValueError("names no host; write http://HOST:PORT/PATH")


def holds_password(url: str) -> bool:
    """Return whether a name or a password stands before the host of a URL that `check_url` has passed."""
    return "@" in urlsplit(url).netloc
