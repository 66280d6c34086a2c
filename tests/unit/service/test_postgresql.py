"""How long a program waits for a PostgreSQL that says nothing."""

from service.postgresql import PATIENCE, patience


def test_every_wait_is_bounded_and_the_address_has_the_last_word() -> None:
    assert patience() == PATIENCE
    assert patience({"connect_timeout", "host"}) == {k: v for k, v in PATIENCE.items() if k != "connect_timeout"}
