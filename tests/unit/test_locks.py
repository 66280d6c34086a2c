"""The lock files install what pyproject.toml names, hashed, and all that their programs import."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import grimp
import pytest

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
BASE = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
LOCKS = {
    **{extra: BASE + wanted for extra, wanted in EXTRAS.items()},
    # Without `picture`, whose libraries are as large as all others together (docs/decisions/191).
    "all": BASE + [line for extra, wanted in EXTRAS.items() if extra != "picture" for line in wanted],
    "demo": BASE + [line for wanted in EXTRAS.values() for line in wanted],
    "dev": [line for line in PROJECT["dependency-groups"]["dev"] if isinstance(line, str)],
}

OURS = ("agent", "alerts", "center", "dashboards", "demo", "deploy", "service")
DISTRIBUTIONS = packages_distributions()


def normal(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


def pinned_in(lock: str) -> set[str]:
    text = (ROOT / "locks" / f"{lock}.txt").read_text("utf-8")
    return {normal(name) for name in re.findall(r"^([a-z0-9][^=\s\[]*)(?:\[[^\]]*\])?==", text, re.MULTILINE)}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*OURS, include_external_packages=True, exclude_type_checking_imports=True)


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_a_lock_covers_its_extra_with_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.txt").read_text("utf-8")
    assert {normal(line) for line in LOCKS[lock]} <= pinned_in(lock)
    for entry in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    assert re.search(r"://|--index|--find-links", text) is None


def test_every_lock_belongs_to_an_extra() -> None:
    assert {file.stem for file in (ROOT / "locks").iterdir()} == set(LOCKS)


# The agent and the desk load some of their modules by name, which no import shows: their whole packages are looked at.
@pytest.mark.parametrize(
    ("program", "lock"),
    [
        ("agent", "picture"),
        ("alerts.desk", "desk"),
        ("center", "center"),
        ("dashboards.__main__", "dashboards"),
        ("dashboards.busy_hour", "busyhour"),
        ("demo.__main__", "demo"),
    ],
)
def test_a_program_imports_nothing_that_its_lock_does_not_install(
    graph: grimp.ImportGraph, program: str, lock: str
) -> None:
    modules = {program} | graph.find_descendants(program)
    imported = set[str]().union(*(graph.find_upstream_modules(module) for module in modules))
    foreign = {module.split(".")[0] for module in imported} - set(OURS) - sys.stdlib_module_names
    assert foreign
    pinned = pinned_in(lock)
    assert {
        name: sorted(graph.find_modules_that_directly_import(name))[:5]
        for name in foreign
        if not {normal(found) for found in DISTRIBUTIONS.get(name, [name])} & pinned
    } == {}
