"""Which tickets other systems' numbers and things are in: in what those systems stored, and in references they told."""

from sqlalchemy import Boolean, ColumnElement, exists, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from alerts.desk.core.tables import event, ticket
from alerts.desk.tickets.events import Kind


class _Holds(FunctionElement[bool]):
    """Whether an entry of a list among `ticket.extra` has this value at a path of names."""

    type = Boolean()
    name = "holds"
    inherit_cache = True

    def __init__(self, listed: str, path: str, value: str) -> None:
        super().__init__(ticket.c.extra, literal(listed), literal(path), literal(value))


class _Told(FunctionElement[bool]):
    """Whether the body of an event has this reference."""

    type = Boolean()
    name = "told"
    inherit_cache = True


@compiles(_Holds, "sqlite")
def _holds_in_sqlite(element: _Holds, compiler: SQLCompiler, **options: object) -> str:
    extra, listed, path, value = (compiler.process(each, **options) for each in element.clauses)
    return (
        f"(EXISTS (SELECT 1 FROM json_each({extra}, '$.' || {listed}) AS each "  # noqa: S608 - of bound values
        f"WHERE json_extract(each.value, '$.' || replace({path}, ',', '.')) = {value}))"
    )


@compiles(_Holds, "postgresql")
def _holds_in_postgresql(element: _Holds, compiler: SQLCompiler, **options: object) -> str:
    extra, listed, path, value = (compiler.process(each, **options) for each in element.clauses)
    entries = f"CAST({extra} AS jsonb) -> CAST({listed} AS text)"
    lists = f"CASE jsonb_typeof({entries}) WHEN 'array' THEN {entries} ELSE '[]' END"
    names = f"string_to_array(CAST({path} AS text), ',')"
    return (
        f"EXISTS (SELECT 1 FROM jsonb_array_elements({lists}) AS each "  # noqa: S608 - of bound values
        f"WHERE each #>> {names} = CAST({value} AS text))"
    )


@compiles(_Told, "sqlite")
def _told_in_sqlite(element: _Told, compiler: SQLCompiler, **options: object) -> str:
    body, value = (compiler.process(each, **options) for each in element.clauses)
    return f"(json_extract({body}, '$.reference') = {value})"


@compiles(_Told, "postgresql")
def _told_in_postgresql(element: _Told, compiler: SQLCompiler, **options: object) -> str:
    body, value = (compiler.process(each, **options) for each in element.clauses)
    return f"CAST({body} AS jsonb) ->> 'reference' = CAST({value} AS text)"


def identifier(value: str) -> ColumnElement[bool]:
    """Return whether a ticket has this number of another system's."""
    told = exists().where(
        event.c.ticket_id == ticket.c.id, event.c.kind == Kind.REFERENCE, _Told(event.c.data, literal(value))
    )
    return _Holds("externalIdentifier", "id", value) | told


def entity(value: str) -> ColumnElement[bool]:
    """Return whether another system wrote that a ticket is about this thing."""
    return _Holds("relatedEntity", "entity,id", value)
