"""The inventory of nodes."""

from pathlib import Path

import pytest
import yaml

from center.nodes import add, nodes, remove
from center.refused import RefusedError
from service.nodes import Node, address_of

EDGE = Node("edge-1", "almaty", "edge", "10.0.1.11:9780")
ORIGIN = Node(
    "1e3", "yes", "origin", "[2001:db8::1]:9780"
)  # a number and a boolean for a reader of YAML, if not quoted


def test_nodes_are_added_listed_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "agents.yml"
    for node in (EDGE, ORIGIN, EDGE):
        add(file, node)
    assert nodes(file) == [EDGE, ORIGIN]
    assert yaml.safe_load(file.read_text())[1] == {
        "targets": ["[2001:db8::1]:9780"],
        "labels": {"node": "1e3", "site": "yes", "role": "origin"},
    }
    remove(file, "edge-1")
    assert nodes(file) == [ORIGIN]
    with pytest.raises(RefusedError, match="no node edge-1"):
        remove(file, "edge-1")


def test_comments_and_entries_of_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "agents.yml"
    file.write_text(
        "# ours\n- targets: [a:1]\n  labels: {node: a, site: s, role: edge, rack: 7}\n"
        "# the second\n- labels:\n    node: b\n  targets:\n    - b:1\n    - b:2\n"
    )
    add(file, EDGE)
    remove(file, "a")
    assert file.read_text().startswith("# ours\n# the second\n- labels:\n    node: b\n")
    assert [node.address for node in nodes(file)] == ["b:1", "b:2", EDGE.address]


@pytest.mark.parametrize(
    "node",
    [Node("edge-1", "x", "edge", "h:1"), Node("other", "x", "edge", EDGE.address), Node("a b", "x", "edge", "h:1"),
     Node("a", "", "edge", "h:1"), Node("a", "x", 'e"', "h:1")],
)  # fmt: skip
def test_what_would_name_two_things_alike_is_refused(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "agents.yml"
    add(file, EDGE)
    with pytest.raises(RefusedError):
        add(file, node)
    assert nodes(file) == [EDGE]


@pytest.mark.parametrize(
    "text", ["{}", "- a\n", "- targets: [a]\n", "- targets: a\n  labels: {node: x}\n", "[", "- {labels: {node: x}}"]
)
def test_a_file_that_is_not_understood_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "agents.yml"
    file.write_text(text)
    if text == "{}":
        assert nodes(file) == []
        return
    with pytest.raises(RefusedError, match=r"agents\.yml"):
        nodes(file)


@pytest.mark.parametrize(
    ("text", "address"),
    [("edge-1", "edge-1:9780"), ("10.0.0.1:99", "10.0.0.1:99"), ("[::1]", "[::1]:9780"), ("::1", None), ("a:0", None),
     ("http://a", None), ("a:70000", None), ("", None)],
)  # fmt: skip
def test_addresses(text: str, address: str | None) -> None:
    if address is None:
        with pytest.raises(ValueError, match="is no address"):
            address_of(text)
    else:
        assert address_of(text) == address
