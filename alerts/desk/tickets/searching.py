"""The tickets that somebody looks for by words: in any order, in titles, descriptions, names of nodes and of sites.

Titles and descriptions are texts by language, stored as JSON: only the texts are searched, without the names of the
languages and without the escapes that JSON writes into quotation marks, backslashes and line ends.
"""

import re

from sqlalchemy import ColumnElement, and_, func, or_

from alerts.desk.core.tables import ticket
from alerts.desk.core.words import languages

MOST_WORDS = 20
_NUMBER = re.compile(r"(?:№|#)?\s*(\d{1,18})", re.ASCII)
_FORMAT = re.compile("[\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}-\N{RIGHT-TO-LEFT MARK}\N{WORD JOINER}\N{BYTE ORDER MARK}]")
"""Invisible characters that come along with what is copied from a chat or a page."""


def condition(text: str) -> ColumnElement[bool] | None:
    """Return the condition that a ticket has each of the words, or the number that they are; None without a word."""
    text = _FORMAT.sub("", text).strip()
    words = text.split()[:MOST_WORDS]
    if not words:
        return None
    found = and_(*(_anywhere(word) for word in words))
    number = _NUMBER.fullmatch(text)
    return or_(ticket.c.id == int(number[1]), found) if number else found


def _anywhere(word: str) -> ColumnElement[bool]:
    like = "%" + _folded(word).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    texts = [
        column[language].as_string() for column in (ticket.c.names, ticket.c.descriptions) for language in languages()
    ]
    columns = (*texts, ticket.c.node, ticket.c.site)
    return or_(*(func.replace(func.lower(column), "ё", "е").like(like, escape="\\") for column in columns))


def _folded(word: str) -> str:
    """Return a word as it is compared: people write "е" for "ё" and take both for one letter."""
    return word.lower().replace("ё", "е")
