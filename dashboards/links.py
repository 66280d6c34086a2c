"""Links between boards, and from a value to the board or console page that explains it."""

from dashboards.context import Context
from dashboards.model import Link
from dashboards.words import Language

_KEEP = "${ds:queryparam}&${__url_time_range}"  # the data source and the range travel along


def uid(name: str, language: Language) -> str:
    """Return the uid of a board; it never changes, whatever the board is called or wherever it is kept."""
    return f"ott-{name}" if language == "en" else f"ott-{name}-{language}"


def folder_uid(language: Language) -> str:
    """Return the uid of the folder that holds the boards of a language."""
    return f"ottwatch-{language}"


def address(name: str, language: Language) -> str:
    """Return the path of a board inside Grafana."""
    return f"/d/{uid(name, language)}"


def data_link(link: Link, context: Context, source: str) -> dict[str, object]:
    """Return a link from a value; `source` is where Grafana finds its labels, such as `__field.labels`.

    What the value does not decide is left as it was chosen; a board passes over a variable that it does not have.
    """
    pairs = [f"{name}=${{{source}.{label}}}" for name, label in link.variables]
    if link.board:
        decided = {name for name, _ in link.variables}
        if "node" in decided:
            decided.add("site")  # another site's choice would take the node out of the list
        chosen = [f"${{{name}:queryparam}}" for name in context.variables if name not in decided]
        query = "&".join([*(f"var-{pair}" for pair in pairs), *chosen, _KEEP])
        url = f"{address(link.board, context.words.language)}?{query}"
    else:
        url = link.url.replace("{desk}", context.local.desk) + ("?" + "&".join(pairs) if pairs else "")
    return {"title": context.words(link.title), "url": url, "targetBlank": not link.board}
