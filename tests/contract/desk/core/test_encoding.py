"""A database that cannot store every name is refused when the desk starts, not with the first such name."""

import psycopg
import pytest
from sqlalchemy import make_url

from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from tests.contract.desk.postgres import Postgres


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1251"])
def test_an_encoding_that_lacks_letters_is_refused_with_the_remedy(postgresql: Postgres, encoding: str) -> None:
    url, name = make_url(postgresql.create_database()), f"in_{encoding.lower()}"
    maintenance = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0".encode())
    database = Database(url.set(database=name).render_as_string(hide_password=False))
    with pytest.raises(ValueError, match=f'the database "{name}" is in the encoding {encoding}.*ENCODING .UTF8.'):
        migrate(database)
    database.dispose()
