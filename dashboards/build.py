"""Boards as the JSON that Grafana imports: whole boards, their variables and links, and the files in `json/`."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dashboards import panels
from dashboards.boards import BOARDS
from dashboards.context import Context, Local
from dashboards.context import context as make_context
from dashboards.links import address, uid
from dashboards.model import Board, Panel, Variable
from dashboards.sdk import JSONEncoder, common, dashboard
from dashboards.words import LANGUAGES, Language

JSON = Path(__file__).parent / "json"
COLUMNS = 24

# On each annotation that the desk posts, where it is told to, beside the kind of event and the severity.
TICKET_TAGS = ["ottwatch"]

# Grafana 11's own number: 12 and 13 bring a board forward from it, while 11 ignores what a later number promises.
SCHEMA_VERSION = 39

# A fixed moment keeps the build deterministic; where clocks change, local hours are those of standard time.
_STANDARD_TIME = datetime(2026, 1, 1, tzinfo=UTC)

_OTHER_LANGUAGE = {"en": "Русский", "ru": "English"}


def everything(local: Local) -> Iterator[tuple[Board, Language, dict[str, Any]]]:
    """Yield each board in each language."""
    for language in LANGUAGES:
        for board in BOARDS:
            yield board, language, render(board, make_context(language, local))


def render(board: Board, context: Context) -> dict[str, Any]:
    """Return one board in one language."""
    context = replace(context, variables=tuple(variable.name for variable in board.variables))
    built = dashboard.Dashboard(
        uid=uid(board.name, context.words.language),
        title=context.words(board.title),
        description=context.words(board.purpose),
        tags=[*board.tags, context.words.language],
        timezone=context.local.time_zone,
        week_start="monday",
        editable=True,
        graph_tooltip=dashboard.DashboardCursorSync.CROSSHAIR,
        time=dashboard.DashboardDashboardTime(board.since, "now"),
        timepicker=dashboard.TimePickerConfig(refresh_intervals=["5s", "10s", "30s", "1m", "5m"]),
        refresh=board.refresh,
        schema_version=SCHEMA_VERSION,
        templating=dashboard.DashboardDashboardTemplating(list(_variables(board, context))),
        links=list(_links(board, context)),
    )
    result: dict[str, Any] = json.loads(json.dumps(built, cls=JSONEncoder))
    result["annotations"] = {"list": _annotations(board, context)}
    for entry in result["links"]:
        entry.pop("placement", None)  # Grafana 11 does not know it, and where it stands is the default
    result["panels"] = list(_panels(board, context))
    return result


def text(board: dict[str, Any]) -> str:
    """Return a board as the text of its file."""
    return json.dumps(board, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def files(local: Local) -> dict[Path, str]:
    """Return the text of every file of `json/`, by path below it."""
    return {Path(language) / f"{board.name}.json": text(built) for board, language, built in everything(local)}


def stale(folder: Path, wanted: dict[Path, str]) -> list[str]:
    """Return a sentence for each file of `folder` that is not what a build writes now."""
    faults = []
    for path, content in wanted.items():
        file = folder / path
        if not file.is_file():
            faults.append(f"{path} is missing")
        elif file.read_text("utf-8") != content:
            faults.append(f"{path} is not what the boards say now")
    kept = {folder / path for path in wanted}
    faults += [
        f"{file.relative_to(folder)} has no board" for file in sorted(folder.rglob("*.json")) if file not in kept
    ]
    return faults


def write(folder: Path, wanted: dict[Path, str]) -> list[Path]:
    """Write every file that differs and remove those without a board; return what was changed."""
    changed = []
    for path, content in wanted.items():
        file = folder / path
        if file.is_file() and file.read_text("utf-8") == content:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
        changed.append(file)
    for file in sorted(folder.rglob("*.json")):
        if file.relative_to(folder) not in wanted:
            file.unlink()
            changed.append(file)
    return changed


def _panels(board: Board, context: Context) -> Iterator[dict[str, Any]]:
    """Lay the rows out from left to right and from the top, and number what is in them."""
    number, top = 1, 0
    for row in board.rows:
        if row.title:
            yield {
                "id": number,
                "type": "row",
                "title": context.words(row.title),
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
            }
            number, top = number + 1, top + 1
        for panel, at in _flow(row.panels, top):
            yield panels.render(panel, number, at, context)
            number += 1
            top = max(top, at[1] + panel.height)


def _flow(row: tuple[Panel, ...], top: int) -> Iterator[tuple[Panel, tuple[int, int]]]:
    left, line, tallest = 0, top, 0
    for panel in row:
        if left + panel.width > COLUMNS:
            left, line, tallest = 0, line + tallest, 0
        yield panel, (left, line)
        left, tallest = left + panel.width, max(tallest, panel.height)


def _variables(board: Board, context: Context) -> Iterator[dashboard.VariableModel]:
    yield dashboard.VariableModel(
        type_val=dashboard.VariableType.DATASOURCE,
        name="ds",
        label=context.words("Data source"),
        query="prometheus",
        current=dashboard.VariableOption(text="ottwatch", value="ottwatch"),
        refresh=dashboard.VariableRefresh.ON_DASHBOARD_LOAD,
    )
    if any("$utc_offset" in query.expr for row in board.rows for panel in row.panels for query in panel.queries):
        yield _utc_offset(context)
    for variable in board.variables:
        yield _variable(variable, context)


def _utc_offset(context: Context) -> dashboard.VariableModel:
    """Return the seconds that local time is ahead of UTC: PromQL's hour() knows UTC only, and Grafana has no macro."""
    offset = ZoneInfo(context.local.time_zone).utcoffset(_STANDARD_TIME)
    seconds = str(int(offset.total_seconds())) if offset else "0"
    return dashboard.VariableModel(
        type_val=dashboard.VariableType.CONSTANT,
        name="utc_offset",
        hide=dashboard.VariableHide.HIDE_VARIABLE,
        query=seconds,
        current=dashboard.VariableOption(text=seconds, value=seconds),
        options=[dashboard.VariableOption(selected=True, text=seconds, value=seconds)],
    )


def _variable(variable: Variable, context: Context) -> dashboard.VariableModel:
    every = dashboard.VariableOption(selected=True, text=["All"], value=["$__all"])
    return dashboard.VariableModel(
        type_val=dashboard.VariableType.QUERY,
        name=variable.name,
        label=context.words(variable.label),
        datasource=common.DataSourceRef("prometheus", "${ds}"),
        query={"query": variable.query, "refId": "A"},
        definition=variable.query,
        multi=variable.multi,
        include_all=variable.multi,
        all_value=".*" if variable.multi else None,
        current=every if variable.multi else None,
        refresh=dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=dashboard.VariableSort.NATURAL_ASC,
    )


def _annotations(board: Board, context: Context) -> list[dict[str, Any]]:
    """Return the marks: bands while a ticket is open and while planned works run, and what the desk itself writes.

    Of tickets only what the dashboard is about is marked, and only what does not wait: bands over bands hide the lines.
    """
    # A ticket of a whole site or service names no node, and concerns every one.
    chosen = ',node=~"$node|"' if any(variable.name == "node" for variable in board.variables) else ""
    tickets = f'ott_desk_ticket_deadline_timestamp_seconds{{priority=~"P1|P2"{chosen}}}'
    opened = f"group by (ticket, priority, node) ({tickets})"
    return [
        _mark(
            context.words("Open tickets"),
            "orange",
            opened,
            (context.words("Ticket {{ticket}}"), "{{node}}", "priority"),
        ),
        _mark(
            context.words("Planned works"),
            "blue",
            "group by (works, title) (ott_desk_works_running)",
            (context.words("Planned works {{works}}"), "{{title}}", ""),
        ),
        {
            "name": context.words("Ticket events"),
            "datasource": {"type": "datasource", "uid": "grafana"},
            "enable": True,
            "hide": False,
            "iconColor": "purple",
            "target": {"limit": 100, "matchAny": False, "tags": TICKET_TAGS, "type": "tags"},
        },
    ]


def _mark(name: str, colour: str, expr: str, texts: tuple[str, str, str]) -> dict[str, Any]:
    """Return an annotation that is a band as long as the query has a series; `texts` are title, text and tags."""
    title, text, tags = texts
    return {
        "name": name,
        "datasource": {"type": "prometheus", "uid": "${ds}"},
        "enable": True,
        "hide": False,
        "iconColor": colour,
        # Grafana 11 reads expr and step beside the target, 12 and 13 inside it.
        "expr": expr,
        "step": "10s",
        "target": {"refId": "Anno", "expr": expr, "interval": "10s"},
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": tags,
        "useValueForTime": False,
    }


def _links(board: Board, context: Context) -> Iterator[dashboard.DashboardLink]:
    """Link to every other board and to this one in the other language, keeping the range and the variables."""
    for other in BOARDS:
        if other.name != board.name:
            yield _link(
                context.words(other.title),
                context.words(other.purpose),
                address(other.name, context.words.language),
                "dashboard",
            )
    for language in LANGUAGES:
        if language != context.words.language:
            yield _link(_OTHER_LANGUAGE[context.words.language], "", address(board.name, language), "external link")


def _link(title: str, tooltip: str, url: str, icon: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(
        title=title,
        type_val=dashboard.DashboardLinkType.LINK,
        icon=icon,
        tooltip=tooltip,
        url=url,
        include_vars=True,
        keep_time=True,
    )
