"""Interactions in the database, as TMF683 lists them: with the appeal that each is about, without what was said."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from alerts.desk.appeals.interaction import ListedInteraction
from alerts.desk.core import paging
from alerts.desk.core.appeal_tables import appeal, interaction

_EARLIER = interaction.alias("earlier")
_FIRST = select(func.min(_EARLIER.c.id)).where(_EARLIER.c.appeal_id == interaction.c.appeal_id).scalar_subquery()
_COLUMNS = [
    interaction.c[name] for name in ("id", "appeal_id", "direction", "channel", "reason", "status", "at", "actor")
]
_JOINED = interaction.outerjoin(appeal, appeal.c.id == interaction.c.appeal_id)
_SHOWN = select(*_COLUMNS, appeal.c.registered_at, appeal.c.kind, _FIRST.label("first_id")).select_from(_JOINED)


def page(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[object]],
    limit: int,
    offset: int,
) -> tuple[int, list[ListedInteraction]]:
    """Return how many interactions fit, and one page of them."""
    total, rows = paging.page(connection, interaction, _SHOWN, conditions, order, limit, offset)
    return total, [ListedInteraction(row) for row in rows]


def find(connection: Connection, number: int, *conditions: ColumnElement[bool]) -> ListedInteraction | None:
    """Return an interaction."""
    wanted = _SHOWN.where(interaction.c.id == number, *conditions)
    row = connection.execute(wanted).mappings().one_or_none()
    return ListedInteraction(row) if row is not None else None
