"""Ansible's role applied to a booted machine: Ansible itself, with the machine's own shell in place of ssh."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import yaml

from tests.conftest import ROOT
from tests.installed.machine import Machine

SITE = ROOT / "deploy/ansible/site.yml"
# What ssh is given last is the command; the machine has no network that a daemon of ssh could be reached by.
SSH = """\
#!/bin/sh
for command; do :; done
exec {words} sh -c "$command"
"""
RECAP = re.compile(r"^control-1 +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


def play(machine: Machine, folder: Path, **variables: str) -> int:
    """Apply the role to a machine that is its own control centre; return how many tasks changed something."""
    ssh = folder / "ssh"
    ssh.write_text(SSH.format(words=shlex.join(machine.words())), "utf-8")
    ssh.chmod(0o755)
    host = {
        "ansible_user": "root",
        "ansible_ssh_executable": str(ssh),
        "ansible_ssh_args": "",
        "ansible_ssh_transfer_method": "piped",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    given = {
        "ottwatch_agent_listen": "127.0.0.1:9780",
        "ottwatch_agent_centre": "control-1",
        "ottwatch_agent_site": "almaty",
        "ottwatch_agent_role": "control",
        **variables,
    }
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"ottwatch_nodes": {"vars": given, "hosts": {"control-1": host}}}), "utf-8")
    done = subprocess.run(
        ["ansible-playbook", "--inventory", str(inventory), str(SITE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"},
        timeout=600,
    )
    recap = RECAP.search(done.stdout)
    assert done.returncode == 0, done.stdout
    assert recap, done.stdout
    return int(recap[1])
