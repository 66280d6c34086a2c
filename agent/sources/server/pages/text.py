"""Pages of plain text, such as nginx's stub_status: a figure is a regular expression."""

import re
from collections.abc import Iterator

from agent.sources.server.figure import Figure, Found
from service.patterns import pattern


class Text:
    """Plain text."""

    def check(self, figure: Figure) -> None:
        """Raise ValueError for what is no regular expression with one group."""
        try:
            groups = pattern(figure.value).groups
        except ValueError as error:
            raise ValueError(f"value = {error}") from None
        if groups != 1 or figure.each or figure.labels_from or figure.where:
            raise ValueError(
                "a figure of a text page has a value with one group, and neither each nor labels_from nor where"
            )

    def document(self, text: str) -> str:
        """Return the text."""
        return text

    def find(self, document: str, figure: Figure) -> Iterator[Found]:
        """Yield what the group of the first match holds."""
        match = re.search(figure.value, document, re.MULTILINE)
        if match:
            yield Found(match[1], {})
