"""What packages are made of."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from agent.__main__ import command_line
from deploy.package.build import epoch_of
from deploy.package.pages import manual_page, write
from deploy.package.product import AGENT, POSTGRESQL, PRODUCTS
from deploy.package.sbom import bill
from deploy.package.tree import with_intervals
from tests.conftest import ROOT


def test_every_shipped_group_says_how_often_it_is_evaluated() -> None:
    for file in sorted((ROOT / "alerts/rules").glob("*.yml")):
        before = yaml.safe_load(file.read_text("utf-8"))
        after = yaml.safe_load(with_intervals(file.read_text("utf-8")))
        for old, new in zip(before["groups"], after["groups"], strict=True):
            assert new == {"interval": "5s"} | old


def test_the_manual_page_has_every_command_and_its_options() -> None:
    page = manual_page(command_line(), "ottwatch-agent", 0)
    assert "1970" in page
    for word in ("serve", "init", "replay", "EXIT STATUS"):
        assert word in page
    done = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 127}


@pytest.mark.parametrize(("program", "module"), [pair for product in PRODUCTS for pair in product.programs])
def test_completion_is_a_script_that_bash_reads(program: str, module: str, tmp_path: Path) -> None:
    write(program, module, "p", tmp_path, 0)
    script = tmp_path / f"usr/share/bash-completion/completions/{program}"
    subprocess.run(["bash", "-n", script], check=True)
    assert "check" in script.read_text()


def test_the_bill_of_materials_names_what_the_package_carries_and_no_more() -> None:
    names = {part["name"] for part in json.loads(bill(AGENT, ("3.11",)))["components"]}
    assert {"httpx", "cryptography"} <= names
    assert "psycopg2-binary" not in names
    (only,) = json.loads(bill(POSTGRESQL, ("3.11",)))["components"]
    assert only["name"] == "psycopg2-binary"
    assert only["purl"].startswith("pkg:pypi/psycopg2-binary@")


def test_the_time_is_the_commits_unless_it_is_given() -> None:
    assert epoch_of({"SOURCE_DATE_EPOCH": "7"}) == 7
    assert epoch_of({}) > 1_700_000_000
