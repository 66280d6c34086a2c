"""The rows of a view, page by page, over HTTP.

    GET URL/billing_charge?service=…&from=…&until=…&limit=5000&cursor=…
    {"rows": [{"id": …, …}, …], "next": "…" or null}

Nothing of an answer is repeated in what is raised: it has names of accounts.
"""

import hashlib
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from agent.runtime import http
from agent.sources.billing.views.columns import FieldError, Stored, View
from agent.sources.documents import json_of

LIMIT = 5000  # rows of a page
LARGEST = 4 << 20  # bytes of a page
MOST_PAGES = 1000


class NoViewError(OSError):
    """The billing answers 404: it has no such view."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the views are, and what opens them."""

    url: str
    headers: Mapping[str, str]
    trust: ssl.SSLContext | None = None  # None: the system's authorities


class Pages:
    """The rows of one view; `place` names the row that was given last."""

    def __init__(self, address: Address, name: str, view: View, asked: Mapping[str, str], end: float) -> None:
        """`end` is the moment of the monotonic clock at which all pages must be there."""
        self._address, self._name, self._view, self._asked, self._end = address, name, view, asked, end
        self._page = self._row = 0

    @property
    def place(self) -> str:
        """Return where the latest row stands."""
        return f"page {self._page}, row {self._row}"

    def rows(self) -> Iterator[tuple[Stored, ...]]:
        """Yield the values of each row; raise NoViewError, OSError, or ValueError for what cannot be understood."""
        cursor: str | None = None
        seen = set[bytes]()
        while True:
            self._page, self._row = self._page + 1, 0
            body = self._body(cursor)
            rows, cursor = _opened(body, self._page)
            digest = hashlib.sha256(body.encode("utf-8", "surrogateescape")).digest()
            if rows and digest in seen:
                raise ValueError(
                    f"page {self._page} is one that came before; a cursor must lead on to the rows after it"
                )
            seen.add(digest)
            del body
            yield from self._understood(rows)
            if cursor is None:
                return
            if self._page == MOST_PAGES:
                raise ValueError(f"there are more than {MOST_PAGES} pages; heed the parameter limit")

    def _body(self, cursor: str | None) -> str:
        asked = {**self._asked, "limit": str(LIMIT)} | ({} if cursor is None else {"cursor": cursor})
        left = self._end - time.monotonic()
        if left <= 0:
            raise OSError(f"page {self._page}: the time for all views was over")
        where = f"{self._address.url}/billing_{self._name}?{urlencode(asked)}"
        try:
            given = self._address
            return http.get(where, timeout=left, headers=given.headers, largest=LARGEST, trust=given.trust).text
        except http.StatusError as error:
            if error.status == 404 and self._page == 1:
                raise NoViewError(f"the billing has no view billing_{self._name}") from None
            raise OSError(f"page {self._page}: {error}") from None
        except OSError as error:
            raise OSError(f"page {self._page}: {error}") from None

    def _understood(self, rows: list[Any]) -> Iterator[tuple[Stored, ...]]:
        for number, row in enumerate(rows, 1):
            self._row = number
            try:
                yield self._view.row(row)
            except FieldError as error:
                raise ValueError(f"{self.place}: {error}") from None


def _opened(body: str, page: int) -> tuple[list[Any], str | None]:
    try:
        given = json_of(body, private=True)
    except ValueError as error:
        raise ValueError(f"page {page}: {error}") from None
    rows = given.get("rows") if isinstance(given, dict) else None
    if not isinstance(rows, list) or "next" not in given:
        # Without "next" nobody knows whether this was all.
        raise ValueError(
            f'page {page}: write an object with "rows", a list, and "next", the cursor of the page after it or null'
        )
    following = given["next"]
    if following is not None and not (isinstance(following, str) and 0 < len(following) <= 1000):
        raise ValueError(f'page {page}: "next" must be a text of 1 to 1000 characters, or null on the last page')
    return rows, following
