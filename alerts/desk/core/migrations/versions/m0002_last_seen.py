"""When accounts, tokens and targets last did something, and whom a line of the audit trail is about."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and fill them from what the audit trail knows."""
    op.add_column("account", sa.Column("last_login_at", sa.BigInteger()))
    op.add_column("token", sa.Column("last_used_at", sa.BigInteger()))
    op.add_column("outbox", sa.Column("done_at", sa.BigInteger()))
    op.add_column("audit", sa.Column("subject", sa.Text()))
    _name_the_subjects()
    op.execute(
        "UPDATE account SET last_login_at = "
        "(SELECT max(audit.at) FROM audit WHERE audit.action = 'login' AND audit.actor = account.name)"
    )


def _name_the_subjects() -> None:
    # The trail is append-only also for its owner; the trigger steps aside within this transaction alone.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_no_update")
        op.execute("UPDATE audit SET subject = json_extract(data, '$.name')")
        op.execute(
            "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
        )
        return
    op.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
    op.execute("UPDATE audit SET subject = data ->> 'name'")
    op.execute("ALTER TABLE audit ENABLE TRIGGER audit_append_only")
