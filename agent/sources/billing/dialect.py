"""The few expressions that PostgreSQL, MariaDB and SQLite write differently, or at length.

SQLite has no types for dates and moments: there a date is its text, a moment the microseconds since 1970, and what
works with them is a function of `agent.sources.billing.views.functions`.
"""

import re

HASH_BITS = 48
_HASH = {
    "postgresql": r"CAST(CAST(CONCAT('x', SUBSTRING(\1 FROM 1 FOR 12)) AS BIT(48)) AS BIGINT)",
    "mysql": r"CAST(CONV(SUBSTRING(\1 FROM 1 FOR 12), 16, 10) AS UNSIGNED)",
    "sqlite": r"\1",
}
_SECONDS = {
    "postgresql": r"DATE_PART('epoch', CAST(\1 AS TIME))",
    "mysql": r"TIME_TO_SEC(\1)",
    "sqlite": r"SECONDS_OF(\1)",
}
_DATE_NUMBER = r"(EXTRACT(YEAR FROM \1) * 10000 + EXTRACT(MONTH FROM \1) * 100 + EXTRACT(DAY FROM \1))"
_DAY = {"postgresql": _DATE_NUMBER, "mysql": _DATE_NUMBER, "sqlite": r"NUMBER_OF(\1)"}
# A date compared with a moment is its midnight.
_MIDNIGHT = {"postgresql": r"\1", "mysql": r"\1", "sqlite": r"MIDNIGHT_OF(\1)"}
# In this order: a sum of hashes would be past 64 bits; what stands left of an interval is a column or such a function.
_FOR_SQLITE = (
    (r"SUM\(\{HASH48 ([\w.]+)\}\)", r"HASHES(\1)"),
    (r"\{MIDNIGHT ([\w.]+)\}", _MIDNIGHT["sqlite"]),
    (r"((?:\w+\([\w.]+\))|[\w.]+) ([+-]) INTERVAL ('\d+'|:\w+) (DAY|SECOND)", r"MOVED(\1, '\2', \3, '\4')"),
    (r"EXTRACT\((YEAR|MONTH|DAY) FROM ", r"PART_OF('\1', "),
    (r"POSITION\((.+?) IN (:\w+)\)", r"INSTR(\2, \1)"),
    (r"CAST\((:\w+) AS DATE\)", r"\1"),
    (r"\bRIGHT\(", "LAST_OF("),  # the beginning of RIGHT JOIN to some versions
)


def written(sql: str, kind: str) -> str:
    """Return a query with what is written in capitals and braces spelt out for one kind of database.

    {HASH48 column}: the first 48 bits of hexadecimal digits; {SECONDS column}: the seconds of a moment since midnight;
    {DAY column}: a date as a number such as 20171201; {MIDNIGHT column}: a date that is compared with a moment.
    """
    for pattern, expression in _FOR_SQLITE if kind == "sqlite" else ():
        sql = re.sub(pattern, expression, sql)
    for name, expressions in (("HASH48", _HASH), ("SECONDS", _SECONDS), ("DAY", _DAY), ("MIDNIGHT", _MIDNIGHT)):
        sql = re.sub(rf"\{{{name} ([\w.]+)\}}", expressions[kind], sql)
    return sql
