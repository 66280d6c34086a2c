"""What is wrong with a database that cannot work, in its own words and with the remedy where one is known."""

import sqlite3

NOT_ALLOWED = "42501"  # this and the next are SQLSTATEs
POOLED = frozenset({"26000", "42P05"})  # a prepared statement that is not there, or there already


def trouble(error: BaseException) -> str:
    """Return what an error of SQLAlchemy or of a driver says, and the remedy."""
    said = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return f"{said}; {known}" if (known := remedy(error)) else said


def remedy(error: BaseException) -> str:
    """Return what an operator can do where trying again cannot help; empty where it can."""
    original = getattr(error, "orig", None) or error
    state = getattr(original, "sqlstate", None)
    if state == NOT_ALLOWED:
        return (
            "let the account own the database (ALTER DATABASE … OWNER TO …), or grant it the schema "
            "(GRANT ALL ON SCHEMA public TO …)"
        )
    if state in POOLED:
        return (
            "a PgBouncer in transaction mode is between, which hands the statements of one connection to several: "
            "connect to PostgreSQL itself, or let it pool sessions"
        )
    if type(original) is sqlite3.DatabaseError:  # a damaged file, or one of another program; its kinds are others
        return "stop the program, and put the latest backup in place of the file and of those with -wal and -shm"
    return ""
