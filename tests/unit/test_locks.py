"""The lock files install what pyproject.toml names, hashed, from wherever the operator's index is."""

import re
import tomllib

import pytest

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
BASE = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
LOCKS = {
    **{extra: BASE + wanted for extra, wanted in EXTRAS.items()},
    # Without `picture`, whose libraries are as large as all others together (docs/decisions/191).
    "all": BASE + [line for extra, wanted in EXTRAS.items() if extra != "picture" for line in wanted],
    "dev": [line for line in PROJECT["dependency-groups"]["dev"] if isinstance(line, str)],
}


def normal(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_a_lock_covers_its_extra_with_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.txt").read_text("utf-8")
    pinned = {normal(name) for name in re.findall(r"^([a-z0-9][^=\s\[]*)(?:\[[^\]]*\])?==", text, re.MULTILINE)}
    assert {normal(line) for line in LOCKS[lock]} <= pinned
    for entry in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    assert re.search(r"://|--index|--find-links", text) is None


def test_every_lock_belongs_to_an_extra() -> None:
    assert {file.stem for file in (ROOT / "locks").iterdir()} == set(LOCKS)
