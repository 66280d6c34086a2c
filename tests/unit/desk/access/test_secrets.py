import unicodedata

import pytest
from argon2 import PasswordHasher

from alerts.desk.access.secrets import hash_password, password_matches

COMPOSED, APART = (unicodedata.normalize(form, "Йод и ёлка 2026") for form in ("NFC", "NFD"))


@pytest.mark.parametrize("chosen", [COMPOSED, APART])
def test_a_password_is_one_however_a_keyboard_composes_its_letters(chosen: str) -> None:
    stored = hash_password(chosen)
    assert password_matches(stored, COMPOSED)
    assert password_matches(stored, APART)
    assert not password_matches(stored, "Иод и елка 2026")


def test_a_password_that_an_older_desk_hashed_as_it_was_typed_still_serves() -> None:
    assert password_matches(PasswordHasher().hash(APART), APART)
