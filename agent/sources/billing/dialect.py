"""The few expressions that PostgreSQL and MariaDB write differently, or at length."""

import re

HASH_BITS = 48
_HASH = {
    "postgresql": r"CAST(CAST(CONCAT('x', SUBSTRING(\1 FROM 1 FOR 12)) AS BIT(48)) AS BIGINT)",
    "mysql": r"CAST(CONV(SUBSTRING(\1 FROM 1 FOR 12), 16, 10) AS UNSIGNED)",
}
_SECONDS = {"postgresql": r"DATE_PART('epoch', CAST(\1 AS TIME))", "mysql": r"TIME_TO_SEC(\1)"}
_DAY = r"(EXTRACT(YEAR FROM \1) * 10000 + EXTRACT(MONTH FROM \1) * 100 + EXTRACT(DAY FROM \1))"


def written(sql: str, kind: str) -> str:
    """Return a query with what is written in capitals and braces spelt out for one kind of database.

    {HASH48 column}: the first 48 bits of hexadecimal digits; {SECONDS column}: the seconds of a moment since midnight;
    {DAY column}: a date as a number such as 20171201.
    """
    for name, expression in (("HASH48", _HASH[kind]), ("SECONDS", _SECONDS[kind]), ("DAY", _DAY)):
        sql = re.sub(rf"\{{{name} ([\w.]+)\}}", expression, sql)
    return sql
