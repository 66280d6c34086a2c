"""Who the customer is: numbers as they are dialled, sealed contacts, and the keyed hash that tells customers apart.

Each secret of the settings gives two keys, one to seal and one to hash. The first secret is used for what is new; all
of them open what is old, so a key is replaced by putting a new one in front and keeping the old one until its contacts
have been deleted.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import phonenumbers
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alerts.desk.appeals.states import AnswerBy
from service.mail import check_mailbox

SHORTEST_SECRET = 32
PhoneType = phonenumbers.PhoneNumberType
_MOBILE = {PhoneType.MOBILE, PhoneType.FIXED_LINE_OR_MOBILE}
_CITY = {PhoneType.FIXED_LINE, PhoneType.FIXED_LINE_OR_MOBILE}


class ContactError(ValueError):
    """A number or address cannot be used; `field` is which one."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


@dataclass(frozen=True, slots=True)
class Contact:
    """How a customer is reached; never part of a log, a metric or a message to others."""

    number: str  # +77…
    email: str = ""
    mobile: str = ""
    city: str = ""
    name: str = ""


def dialled(field: str, text: str, country: str) -> str:
    """Return a number in the international form; raise ContactError for what is none."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise ContactError(field, "no_number") from None
    if not phonenumbers.is_valid_number(number):
        raise ContactError(field, "no_number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check_answer(contact: Contact, answer_by: AnswerBy) -> None:
    """Raise ContactError naming the field without which the customer cannot be answered as they want."""
    if answer_by is AnswerBy.EMAIL:
        try:
            check_mailbox("email", contact.email)
        except ValueError:
            raise ContactError("email", "no_mailbox") from None
        return
    text, wanted = (contact.mobile, _MOBILE) if answer_by is AnswerBy.MOBILE else (contact.city, _CITY)
    found = dialled(answer_by, text, "")
    if phonenumbers.number_type(phonenumbers.parse(found)) not in wanted:
        raise ContactError(answer_by, f"not_{answer_by}")


class Keys:
    """Seals and opens contacts and texts; hashes numbers."""

    def __init__(self, secrets: Sequence[str]) -> None:
        for place, secret in enumerate(secrets, 1):
            if len(secret) < SHORTEST_SECRET:
                raise ValueError(
                    f"appeals.keys[{place}]: is shorter than {SHORTEST_SECRET} characters; make one with "
                    "openssl rand -hex 32"
                )
        self._seals = {_name(secret): Fernet(base64.urlsafe_b64encode(_key(secret, "seal"))) for secret in secrets}
        self._hashes = [_key(secret, "hash") for secret in secrets]
        self.current = next(iter(self._seals))

    def seal(self, text: str) -> bytes:
        """Return a text that only the present key opens."""
        return self._seals[self.current].encrypt(text.encode())

    def open(self, sealed: bytes, key_id: str) -> str | None:
        """Return a sealed text; None where its key is no longer among the settings."""
        fernet = self._seals.get(key_id)
        if fernet is None:
            return None
        try:
            return fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise ValueError(f"a text sealed with the key {key_id} was changed") from None

    def seal_contact(self, contact: Contact) -> bytes:
        """Return a sealed contact."""
        return self.seal(json.dumps(asdict(contact), ensure_ascii=False))

    def open_contact(self, sealed: bytes, key_id: str) -> Contact | None:
        """Return a contact; None where its key is gone."""
        text = self.open(sealed, key_id)
        return Contact(**json.loads(text)) if text is not None else None

    def customer(self, number: str) -> str:
        """Return the hash of a number under the present key."""
        return self.customers(number)[0]

    def customers(self, number: str) -> list[str]:
        """Return the hashes of a number under all keys, the present one first."""
        return [hmac.new(key, number.encode(), hashlib.sha256).hexdigest() for key in self._hashes]


def _key(secret: str, use: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"ottwatch appeals {use}".encode()).derive(secret.encode())


def _name(secret: str) -> str:
    return hashlib.sha256(_key(secret, "name")).hexdigest()[:16]
