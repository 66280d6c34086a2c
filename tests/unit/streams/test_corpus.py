"""Inputs that led a coverage-guided fuzzer into new branches, replayed."""

from pathlib import Path

import pytest

from tests.unit.streams.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_input_of_the_corpus_gives_an_answer_or_a_refusal(target: str) -> None:
    files = sorted((CORPUS / target).iterdir())
    assert files
    for file in files:
        try:
            TARGETS[target](file.read_bytes())
        except Exception as error:
            raise AssertionError(f"{file.name}: {type(error).__name__}: {error}") from error
