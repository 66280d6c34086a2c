"""The quick reader of lists of nodes agrees with the YAML parser wherever it answers at all."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from center import nodes
from center.inventory_lines import entries
from center.nodes import HEAD
from center.refused import RefusedError


def parsed(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text) or []


def written(count: int) -> str:
    return HEAD + "".join(
        f'- targets: ["10.0.{number >> 8}.{number & 255}:9780"]\n'
        f'  labels: {{node: "edge-{number}", site: "site-{number % 500}", role: "edge"}}\n'
        for number in range(count)
    )


@pytest.mark.parametrize(
    "text",
    [
        written(3),
        "",
        "# a note\n\n- targets: [a:1, b]\n  labels: {node: edge-1, site: s, role: edge, rack: r7}\n# the end\n",
        '- targets: [10.0.0.1:9780]\n  labels: {node: "a, b: c]}", site: "#", role: ""}\n',
        "- targets: [x]\n  labels: {node: truest, site: nullable, role: falsehood}\n",
    ],
)
def test_the_usual_form_is_read_as_the_parser_reads_it(text: str) -> None:
    assert entries(text) == parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "- targets: [x]\n  labels: {node: true, site: s}\n",
        "- targets: [x]\n  labels: {node: Null, site: s}\n",
        "- targets: [x]\n  labels: {node: 1e3, site: s}\n",
        '- targets: ["\\u0041"]\n  labels: {node: a}\n',
        "- targets: [x]\n  labels: {node: a, node: b}\n",
        "- targets: [x]\n  labels: {node: a}",
        "- targets:\n    - x\n  labels: {node: a}\n",
        "- targets: [x]\n  labels: &one {node: a}\n",
        "---\n- targets: [x]\n  labels: {node: a}\n",
        "- targets: [x\n",
    ],
)
def test_everything_else_is_left_to_the_parser(text: str) -> None:
    assert entries(text) is None


_PIECES = st.sampled_from(
    [
        *(
            "- targets: [",
            "]\n  labels: {",
            "}\n",
            "node: ",
            "site: ",
            ", ",
            ",",
            '"',
            '"edge-1"',
            "edge-1",
            "10.0.0.1:9780",
        ),
        *(
            "true",
            "1",
            "-",
            ":",
            " #",
            "#",
            "\n",
            " ",
            "'",
            "\\",
            "é",
            "&a ",
            "*a",
            "!",
            "|",
            "- ",
            "labels: ",
            "? ",
            "{}",
        ),
        *('- targets: ["a:1"]\n  labels: {node: "a", site: "b", role: "c"}\n', "- targets: [a]\n  labels: {node: b}\n"),
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_where_it_answers_the_parser_answers_the_same(text: str) -> None:
    found = entries(text)
    if found is not None:
        assert found == parsed(text)


def test_a_mistake_among_many_entries_is_named_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "agents.yml"
    file.write_text(written(50) + "- targets: [x\n", "utf-8")
    with pytest.raises(RefusedError, match=r"agents\.yml: is not valid YAML: .*line 10[23]"):
        nodes.nodes(file)
    file.write_text(written(50) + "- targets: [x]\n  labels: {site: s}\n", "utf-8")
    with pytest.raises(RefusedError, match=r"agents\.yml: entry 51 has no targets or no label node"):
        nodes.nodes(file)


def test_ten_thousand_nodes_take_no_second(tmp_path: Path) -> None:
    file = tmp_path / "agents.yml"
    file.write_text(written(10_000), "utf-8")
    began = time.process_time()
    found = nodes.nodes(file)
    took = time.process_time() - began
    assert len(found) == 10_000
    assert took < 1.0  # of a processor; the parser takes five


def test_the_parser_is_asked_for_what_is_left(tmp_path: Path) -> None:
    file = tmp_path / "agents.yml"
    file.write_text("- labels:\n    node: b\n  targets:\n    - b:1\n", "utf-8")
    assert [node.name for node in nodes.nodes(file)] == ["b"]
    with pytest.raises(YAMLError):
        parsed("- targets: [x\n")
