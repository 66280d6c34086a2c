"""The addresses of runbooks: what `ott-center` makes listen on a machine's own address does not answer at 127.0.0.1."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

RUNBOOKS = sorted((ROOT / "alerts" / "runbooks").glob("*.md"))
LISTENS = re.compile(r"(?:httpListenAddr|listen-address)=@self@:([0-9]+)")


def ports() -> set[str]:
    """Return the ports of the programs that listen on a machine's own address alone."""
    files = [file for kind in ("pair", "site") for file in (ROOT / "deploy" / kind / "machine").rglob("*")]
    return {port for file in files if file.is_file() for port in LISTENS.findall(file.read_text())}


def test_the_ports_are_found() -> None:
    assert {"8428", "8429", "8880", "9093"} <= ports()


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_no_runbook_asks_a_program_where_it_does_not_listen(runbook: Path) -> None:
    named = re.findall(r"(?:127\.0\.0\.1|localhost):([0-9]+)", runbook.read_text())
    assert not ports() & set(named)
