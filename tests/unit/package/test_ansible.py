"""The Ansible role as far as it can be read without a machine."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

SITE = ROOT / "deploy/ansible/site.yml"
ROLE = SITE.parent / "roles/ottwatch_agent"


@pytest.mark.skipif(shutil.which("ansible-playbook") is None, reason="ansible-core is not installed")
def test_ansible_reads_the_playbook(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("ottwatch_nodes: {hosts: {edge-1: {ansible_connection: local}}}\n", "utf-8")
    command = ["ansible-playbook", "--inventory", str(inventory), "--syntax-check", str(SITE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_variable_is_documented_and_every_task_has_a_name() -> None:
    page = (ROOT / "deploy/ansible/README.md").read_text("utf-8")
    for variable in yaml.safe_load((ROLE / "defaults/main.yml").read_text("utf-8")):
        assert f"`{variable}`" in page
    for file in sorted((ROLE / "tasks").glob("*.yml")):
        assert all("name" in task for task in yaml.safe_load(file.read_text("utf-8"))), file
