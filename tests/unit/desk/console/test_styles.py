"""What a page shows looks as its stylesheets say only where the page has those stylesheets."""

import re
from functools import cache
from pathlib import Path

import pytest

DESK = Path(__file__).parents[4] / "alerts" / "desk"
PAGES = sorted(
    str(file.relative_to(DESK))
    for file in DESK.rglob("*.html")
    if re.search(r"{% extends|<html", file.read_text("utf-8"))
)
INCLUDED = re.compile(r'{%-?\s*(?:extends|include|import|from)\s+"([^"]+)"')
DYNAMIC = re.compile(r"{{.*?}}|{%.*?%}")


@cache
def parts(name: str) -> frozenset[str]:
    """Return a template with all that it is made of."""
    return frozenset({name}).union(*(parts(each) for each in INCLUDED.findall((DESK / name).read_text("utf-8"))))


@cache
def defined() -> dict[str, frozenset[str]]:
    """Return the classes that each stylesheet knows."""
    return {
        file.name: frozenset(re.findall(r"\.([a-zA-Z][\w-]*)", file.read_text("utf-8"))) for file in DESK.rglob("*.css")
    }


@pytest.mark.parametrize("name", PAGES)
def test_every_class_that_a_stylesheet_knows_is_known_to_one_of_the_page(name: str) -> None:
    text = "".join((DESK / each).read_text("utf-8") for each in parts(name))
    known = frozenset().union(*(defined()[sheet] for sheet in re.findall(r"/static/([\w.-]+\.css)", text)))
    anywhere = frozenset().union(*defined().values())
    used = {each for value in re.findall(r'class="([^"]*)"', text) for each in DYNAMIC.sub(" ", value).split()}
    assert (used & anywhere) - known == set()
