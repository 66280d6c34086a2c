"""Pages of XML: a figure is a path of ElementTree; `path@name` is an attribute."""

from collections.abc import Iterator
from xml.etree import ElementTree

from agent.sources import documents
from agent.sources.server.figure import Figure, Found


class Xml:
    """XML."""

    def check(self, figure: Figure) -> None:
        """Raise ValueError for what is no path."""
        if figure.where:
            raise ValueError("a figure of an XML page has no where; a path selects: Client[@state='play']")
        empty = ElementTree.Element("check")
        paths = {"each": figure.each, "value": figure.value}
        paths |= {f"labels_from.{label}": path for label, path in figure.labels_from.items()}
        for key, path in paths.items():
            try:
                empty.findall(path.partition("@")[0] or ".")
            except (SyntaxError, KeyError, TypeError):  # TypeError: an unclosed bracket
                raise ValueError(f"{key} = {path!r} is not a path of ElementTree") from None

    def document(self, text: str) -> ElementTree.Element:
        """Return the root."""
        return documents.xml_of(text)

    def find(self, document: ElementTree.Element, figure: Figure) -> Iterator[Found]:
        """Yield what the path leads to from the root, or from each element."""
        elements = document.findall(figure.each) if figure.each else [document]
        for element in elements:
            labels = {name: self._one(element, path) for name, path in figure.labels_from.items()}
            yield Found(self._one(element, figure.value), labels)

    def _one(self, element: ElementTree.Element, path: str) -> str | None:
        where, at, attribute = path.partition("@")
        found = element.find(where.rstrip("/") or ".")
        if found is None:
            return None
        return found.get(attribute) if at else (found.text or "").strip()
