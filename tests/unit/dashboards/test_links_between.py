"""Where links lead: to a board that is there, with the range and the choices of the board they start from."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards import build
from dashboards.check import panels, variables
from dashboards.context import Local

LOCAL = Local(desk="https://desk.example")
BUILT = {built["uid"]: built for _, _, built in build.everything(LOCAL)}


def data_links(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each link from a value, with its panel's title."""
    for panel in panels(board):
        settings = panel["fieldConfig"]
        found = list(settings["defaults"].get("links", []))
        for override in settings["overrides"]:
            found += [link for entry in override["properties"] if entry["id"] == "links" for link in entry["value"]]
        yield from ((panel["title"], link["url"]) for link in found)


@pytest.mark.parametrize("uid", BUILT)
def test_every_board_links_to_every_other_and_to_itself_in_the_other_language(uid: str) -> None:
    board = BUILT[uid]
    language = board["tags"][-1]
    same = {other for other, built in BUILT.items() if built["tags"][-1] == language} - {uid}
    translated = uid.removesuffix("-ru") if language == "ru" else f"{uid}-ru"
    assert {link["url"] for link in board["links"]} == {f"/d/{other}" for other in {*same, translated}}
    for link in board["links"]:
        assert (link["keepTime"], link["includeVars"], link["type"]) == (True, True, "link")


@pytest.mark.parametrize("uid", BUILT)
def test_every_data_link_arrives_with_range_source_and_choices(uid: str) -> None:
    board = BUILT[uid]
    for panel, url in data_links(board):
        if url.startswith("https://desk.example/"):
            continue
        match = re.fullmatch(r"/d/([\w-]+)\?(.+)", url)
        assert match, f"{panel}: {url}"
        target = BUILT[match[1]]
        assert target["tags"] == board["tags"], f"{panel} leads to another language"
        parts = match[2].split("&")
        assert "${__url_time_range}" in parts
        assert "${ds:queryparam}" in parts
        decided = {part.partition("=")[0].removeprefix("var-") for part in parts if part.startswith("var-")}
        assert decided, f"{panel}: the value itself decides nothing"
        assert decided <= set(variables(target)), f"{panel}: {match[1]} has no variable for it"
        kept = {name for name in variables(board) if f"${{{name}:queryparam}}" in parts}
        common = {
            name for name in variables(board) if name in variables(target) and variables(board)[name]["type"] == "query"
        }
        # A node stands on one site: that of the board before may be another.
        assert common - decided - kept <= ({"site"} if "node" in decided else set()), f"{panel}: {url}"
        assert not kept & decided


def test_a_node_leads_to_its_board_and_to_its_tickets_and_a_ticket_to_the_console() -> None:
    node_map = {
        url.partition("?")[0]
        for panel, url in data_links(BUILT["ott-sites"])
        if panel == "Which node is in which state?"
    }
    assert node_map == {"/d/ott-node", "/d/ott-tickets", "https://desk.example/"}
    clocks = [url for panel, url in data_links(BUILT["ott-tickets"]) if panel == "Which ticket comes first?"]
    assert "https://desk.example/ticket/${__value.text}" in clocks
