"""The inventory of nodes: the file that Prometheus reads its targets from."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from center import inventory_lines
from center.changes import read as read_text
from center.changes import write
from center.refused import RefusedError, refusing
from center.yaml_text import plain
from service.nodes import Node

HEAD = "# The nodes, one entry each: name, site (what shares power and uplink), role. Written by ott-center node.\n"


def nodes(file: Path) -> list[Node]:
    """Return the nodes of the inventory; raise RefusedError naming the entry that is not understood."""
    text = read_text(file) or ""
    found: Any = inventory_lines.entries(text)
    if found is None:
        try:
            found = YAML(typ="safe", pure=True).load(text) or []
        except YAMLError as error:
            raise RefusedError(f"{file}: is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, list):
        raise RefusedError(f"{file}: is not a list of targets")
    return [node for number, entry in enumerate(found, 1) for node in _nodes(file, number, entry)]


def _nodes(file: Path, number: int, entry: Any) -> list[Node]:
    labels = entry.get("labels") if isinstance(entry, dict) else None
    targets = entry.get("targets") if isinstance(entry, dict) else None
    if not isinstance(labels, dict) or not isinstance(targets, list) or not labels.get("node"):
        raise RefusedError(f"{file}: entry {number} has no targets or no label node; correct it by hand")
    found = (str(labels.get(name, "")) for name in ("node", "site", "role"))
    name, site, role = found
    return [Node(name, site, role, str(target)) for target in targets]


def add(file: Path, node: Node) -> None:
    """Add a node; raise RefusedError when its name or its address is there already."""
    with refusing():
        node.check()
    for other in nodes(file):
        if other == node:
            return
        if other.name == node.name or other.address == node.address:
            raise RefusedError(
                f"{other.name} ({other.site}, {other.role}) at {other.address} is in the inventory; "
                f"remove it first: ott-center node remove {other.name}"
            )
    labels = f'{{node: "{node.name}", site: "{node.site}", role: "{node.role}"}}'
    line = f'- targets: ["{node.address}"]\n  labels: {labels}\n'
    before = read_text(file) or HEAD
    _write(file, before + ("" if before.endswith("\n") else "\n") + line)


def remove(file: Path, name: str) -> None:
    """Remove a node; raise RefusedError when there is none of that name."""
    if not any(node.name == name for node in nodes(file)):
        raise RefusedError(f"{file}: there is no node {name}")
    text = read_text(file) or ""
    document = YAML(typ="rt").load(text)
    lines = text.splitlines(keepends=True)
    starts = [entry.lc.line for entry in document] + [len(lines)]
    for number in reversed(range(len(document))):
        if plain(document[number])["labels"]["node"] == name:
            first = starts[number]
            end = next(
                (n for n in range(first + 1, starts[number + 1]) if lines[n].startswith("#")), starts[number + 1]
            )
            del lines[first:end]
    _write(file, "".join(lines))


def _write(file: Path, text: str) -> None:
    before = read_text(file)
    write(file, text)
    try:
        nodes(file)
    except RefusedError:
        if before is not None:
            write(file, before)
        raise
