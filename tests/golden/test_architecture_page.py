"""docs/architecture.md shows the packages and the imports that the code has."""

from collections.abc import Callable
from pathlib import Path

from tests.golden import architecture


def test_the_table_of_packages_is_what_the_code_says(golden: Callable[[Path, str], None]) -> None:
    golden(architecture.PAGE, architecture.page())


def test_every_package_says_what_it_is_for() -> None:
    assert [line for line in architecture.table().splitlines() if "|  |" in line] == []
