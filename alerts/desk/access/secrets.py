"""Passwords, tokens and session keys.

Passwords are argon2id. Tokens and session keys carry 256 random bits, so a plain digest is enough to keep them
useless to whoever reads the database.
"""

import hashlib
import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_PASSWORD = 10
MAX_PASSWORD = 1024  # argon2 hashes any length; a request must not make it hash megabytes
TOKEN_PREFIX = "ottdesk_"  # noqa: S105 - lets secret scanners find a token that leaked
_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    """Return what is checked for an account that does not exist, so that the answer's time does not tell."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """Return the argon2id hash; raise ValueError for a password that is too short or too long."""
    password = _composed(password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ValueError(f"the password must have {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return _HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Check a password against its hash; without one, take as long and say no."""
    # As it was typed, too: older desks hashed that.
    return any(_matches(stored, each) for each in dict.fromkeys((_composed(password), password)))


def _composed(password: str) -> str:
    """Return a password with each letter as one character, as keyboards differ in that (RFC 8265, 4.2.2)."""
    return unicodedata.normalize("NFC", password)


def _matches(stored: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(stored or _nobody(), password[:MAX_PASSWORD]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """Return a fresh token."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_key() -> str:
    """Return a fresh session or CSRF key."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is stored of a token or session key."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
