"""One page of a list, with how many there are in all."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, func, select


def page(  # noqa: PLR0913, PLR0917 - what is listed, and which part of it
    connection: Connection,
    table: Table,
    shown: Select[*tuple[object, ...]],
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[object]],
    limit: int,
    offset: int,
) -> tuple[int, Sequence[RowMapping]]:
    """Return how many rows of a table fit, and one page of what is shown of them."""
    total = connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
    wanted = shown.where(*conditions).order_by(*order).limit(limit).offset(offset)
    return total, connection.execute(wanted).mappings().all() if limit else []
