"""Pages of JSON: a figure is a JMESPath, at the top or for each element of a list."""

from collections.abc import Iterator
from typing import Any

import jmespath

from agent.sources import documents, jmes
from agent.sources.server.figure import Figure, Found


class Json:
    """JSON."""

    def check(self, figure: Figure) -> None:
        """Raise ValueError for what is not JMESPath."""
        if figure.where:
            raise ValueError(
                "a figure of a JSON page has no where; JMESPath filters by itself: clients[?state=='play']"
            )
        expressions = {"value": figure.value, **({"each": figure.each} if figure.each else {})}
        expressions |= {f"labels_from.{label}": expression for label, expression in figure.labels_from.items()}
        for key, expression in expressions.items():
            try:
                jmespath.compile(expression)
            except ValueError as error:
                raise ValueError(f"{key} = {documents.not_jmespath(expression, error)}") from None

    def document(self, text: str) -> Any:
        """Return what the JSON says."""
        return documents.json_of(text)

    def find(self, document: Any, figure: Figure) -> Iterator[Found]:
        """Yield what the expressions find in the document, or in each element."""
        elements = [document]
        if figure.each:
            listed = _searched(figure.each, document)
            if isinstance(listed, dict):
                listed = [{"key": key, "value": value} for key, value in listed.items()]
            if not isinstance(listed, list):
                if figure.optional and listed is None:
                    return
                raise ValueError(f"the page has no list {figure.each!r}")
            elements = listed
        for element in elements:
            labels = {name: _searched(path, element) for name, path in figure.labels_from.items()}
            yield Found(_searched(figure.value, element), labels)


def _searched(expression: str, document: Any) -> Any:
    """Return what JMESPath finds; raise ValueError where a function of the expression does not take what is there."""
    try:
        return jmes.search(expression, document)
    except ValueError:
        raise ValueError(
            f"{expression!r} cannot be worked out on this page: something there is missing or of another type; "
            "look at the page, or name the preset of that version"
        ) from None
