"""topology.toml: what it means, and what is said of a mistake."""

from pathlib import Path

import pytest

from alerts.desk.alarms.correlation.plan import read, unmatched
from alerts.desk.alarms.correlation.topology import Node, Plan, Topology
from service.settings import SettingsError
from tests.unit.desk.correlation.platform import NODES

FILE = Path("topology.toml")
GOOD = """\
[[site]]
name = "almaty"

[[site]]
name = "astana"
parent = "almaty"

[[element]]
name = "uplink-astana"
kind = "uplink"
site = "astana"

[[feeds]]
from = "uplink-astana"
to = ["site:astana"]

[[feeds]]
from = "origins"
to = ["edge-*"]
channels = ["ch0*"]

[[group]]
name = "origins"
members = ["origin-1", "origin-2"]
need = 1
"""


def test_what_a_file_says_about_what_feeds_an_edge() -> None:
    topology = Topology(read(GOOD, FILE), NODES)
    assert topology.ancestors("edge-8", "ch07", "", "stream") == {
        "site:astana",
        "site:almaty",
        "uplink-astana",
        "origins",
    }
    assert "origins" not in topology.ancestors("edge-8", "ch12", "", "stream")
    assert topology.failed_groups(["origin-1"]) == frozenset()
    assert topology.failed_groups(["origin-1", "origin-2"]) == {"origins"}


def test_without_a_file_the_roles_say_what_feeds_what() -> None:
    topology = Topology(Plan(by_default=True), NODES)
    assert topology.ancestors("edge-1", "ch07", "", "stream") == {"site:almaty", "origin-1", "origin-2"}
    assert "middleware-1" in topology.ancestors("edge-1", "", "ott", "quality")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[feed]]\n", "feed: is unknown; the file has [[site]], [[element]], [[feeds]], [[group]]"),
        ("x = 1", "x: is unknown"),
        ("[feeds]\nfrom = 'a'\n", "feeds: must be written as [[feeds]]"),
        ('[[site]]\nname = "a"\n\n[[site]]\nnme = "b"\n', "line 5: site[2].nme: is unknown"),
        ('[[feeds]]\nfrom = "a"\n', "line 1: feeds[1].to: is missing"),
        ('[[feeds]]\nfrom = "a"\nto = "b"\n', 'line 3: feeds[1].to: must be a list of names such as ["edge-1"]'),
        ('[[element]]\nname = "a"\nkind = "cable"\n', "line 3: element[1].kind: 'cable' is unknown"),
        ('[[element]]\nname = "a"\nsite = "x"\n', "line 3: element[1].site: there is no site 'x'"),
        ('[[site]]\nname = "a"\nparent = "x"\n', "line 3: site[1].parent: there is no site 'x'"),
        ('[[feeds]]\nfrom = "a"\nto = ["site:x"]\n', "line 3: feeds[1].to: there is no site 'x'"),
        ('[[element]]\nname = "a"\n[[element]]\nname = "a"\n', "line 4: element[2].name: 'a' is there twice"),
        ('[[group]]\nname = "g"\nmembers = ["a"]\nneed = 2\n', "line 4: group[1].need: is more than the group has"),
        ('[[group]]\nname = "g"\nmembers = ["a"]\nneed = 0\n', "line 4: group[1].need: must be a whole number"),
        ('[[element]]\nname = "a b"\n', "line 2: element[1].name: 'a b' is no name"),
        ("[[site]\n", "is not TOML"),
        (
            '[[feeds]]\nfrom = "a"\nto = ["b"]\n[[feeds]]\nfrom = "b"\nto = ["a"]\n',
            "go round in a circle: a -> b -> a; remove one of them",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_remedy(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(text, FILE)
    assert sentence in str(caught.value)


def test_names_that_match_nothing_are_told_once_the_nodes_are_known() -> None:
    plan = read(GOOD + '\n[[feeds]]\nfrom = "orign-1"\nto = ["role:edge"]\n', FILE)
    assert unmatched(plan, {node.name: node for node in NODES}) == ["orign-1"]
    assert unmatched(plan, {"orign-1": Node("orign-1"), **{node.name: node for node in NODES}}) == []
