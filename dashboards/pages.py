"""The documentation page of each dashboard, made from it: `python -m dashboards.pages docs/dashboards`."""

import sys
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.model import Board, Limit, Panel, Query, Row

_INDEX = """\
# Dashboards

Made by `python -m dashboards.pages docs/dashboards` from `dashboards/boards/`; a test keeps these pages fresh. How to
build, check and publish the dashboards is in [Publishing dashboards](../publishing-dashboards.md).

| dashboard | question |
|---|---|
"""


def pages() -> dict[Path, str]:
    """Return the text of every page by its path below `docs/dashboards`."""
    index = _INDEX + "".join(f"| [{board.title}]({board.name}.md) | {board.purpose} |\n" for board in BOARDS)
    return {Path("README.md"): index, **{Path(f"{board.name}.md"): page(board) for board in BOARDS}}


def page(board: Board) -> str:
    """Return the page of one dashboard."""
    lines = [
        f"# {board.title}",
        "",
        f"{board.purpose}. Opens with the last {board.since.removeprefix('now-')}; uid `ott-{board.name}`.",
        "",
        f"**Read by** {board.readers}",
        "",
        f"![The dashboard {board.title}](../images/dashboard-{board.name}-en.png)",
        "",
        "*Drawn by Grafana's components with the demo's data; see [Pictures and checks](../drawn-dashboards.md).*",
    ]
    for row in board.rows:
        lines += ["", f"## {row.title or 'At the top'}", "", *_row(row)]
    return "\n".join(lines) + "\n"


def _row(row: Row) -> list[str]:
    lines = ["| panel | question it answers | colour of a state begins at |", "|---|---|---|"]
    return lines + [f"| {panel.title} | {panel.question} | {_limits(panel) or '–'} |" for panel in row.panels]


def _limits(panel: Panel) -> str:
    scales: list[Panel | Query] = [panel, *panel.queries]
    found = [value for scale in scales if scale.steps for value, _ in scale.steps.at]
    columns = [value for column in getattr(panel, "columns", ()) if column.steps for value, _ in column.steps.at]
    names = [f"`{value.name}`" if isinstance(value, Limit) else f"{value:g}" for value in found + columns]
    return ", ".join(dict.fromkeys(names))


def main() -> int:
    """Write the pages into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        (folder / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
