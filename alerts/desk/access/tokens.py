"""What is done to machines' tokens: the console's pages and `ott-desk token` both come here."""

from datetime import datetime

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.names import checked
from alerts.desk.access.refused import RefusedError
from alerts.desk.access.roles import MACHINES
from alerts.desk.access.trail import Action, By, tell
from alerts.desk.core.database import Database


def create(database: Database, by: By, name: str, role: str, now: datetime) -> str:
    """Make a token and return it: the one moment at which anybody can see it."""
    name = checked(name)
    if role not in MACHINES:
        raise RefusedError("role", role=role, roles=", ".join(MACHINES))
    token = secrets.new_token()
    with database.write() as connection:
        try:
            access.add_token(connection, name, role, secrets.digest(token), now)
        except access.NameTakenError:
            raise RefusedError("name_taken", name=name) from None
        tell(connection, now, by, Action.TOKEN_CREATED, name, role=role)
    return token


def revoke(database: Database, by: By, name: str, now: datetime) -> None:
    """Make a token useless at once; its name is free for its successor."""
    with database.write() as connection:
        role = access.remove_token(connection, name)
        if role is None:
            raise RefusedError("no_token")
        tell(connection, now, by, Action.TOKEN_REVOKED, name, role=role)
