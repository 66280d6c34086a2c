"""Severities as other rule sets and programs write them."""

import pytest

from alerts.desk.alarms.severity_note import severity_remark
from alerts.desk.tickets.policy import priority_of, severity_of, wants_ticket

WORDS = {
    (
        "critical",
        "P1",
        True,
    ): "critical CRITICAL Critical crit Fatal emergency emerg panic Disaster page P1 s1 SEV1 sev-1 SEV_0",
    ("major", "P2", True): "major High error ERR p2 SEV-2",
    ("minor", "P3", True): "minor Average medium moderate ticket P3 s3",
    ("warning", "P4", True): "low P4 sev-4 P5",
    ("warning", "P4", False): "warning WARN notice info Information informational debug none ok Normal",
    ("indeterminate", "P3", True): "indeterminate unknown UNKNOWN",
}


@pytest.mark.parametrize(
    ("word", "expected"), [(word, expected) for expected, words in WORDS.items() for word in words.split()]
)
def test_a_known_word(word: str, expected: tuple[str, str, bool]) -> None:
    labels = {"severity": word}
    assert (severity_of(labels), priority_of(labels), wants_ticket(labels)) == expected
    assert severity_remark([labels]) is None


def test_several_words() -> None:
    assert severity_of({"severity": " Not classified "}) == "indeterminate"
    assert priority_of({"severity": "Sev 1"}) == "P1"


@pytest.mark.parametrize("word", ["purple", "alert", "P1 (vendor)", "5", "критично", ""])
def test_an_unknown_word_is_told_of(word: str) -> None:
    labels = {"severity": word, "alertname": "X"}
    assert (severity_of(labels), priority_of(labels), wants_ticket(labels)) == ("indeterminate", "P3", True)
    note = severity_remark([{"severity": "major"}, labels])
    assert note is not None
    assert word in note.text
    assert "rated P3" in note.text
    assert "приоритет P3" in note.texts["ru"]


@pytest.mark.parametrize(
    ("text", "opens"), [("yes", True), ("Yes", True), ("true", True), ("1", True), ("maybe", False)]
)
def test_a_rule_asks_for_a_ticket_in_any_spelling(text: str, opens: bool) -> None:
    assert wants_ticket({"severity": "warning", "ticket": text}) is opens
    assert wants_ticket({"severity": "major", "ticket": text})


@pytest.mark.parametrize("text", ["no", "No", "FALSE", "0"])
def test_a_rule_wants_no_ticket_or_affects_no_service_in_any_spelling(text: str) -> None:
    assert not wants_ticket({"severity": "major", "ticket": text})
    assert priority_of({"severity": "critical", "service_affecting": text}) == "P2"


def test_what_affects_no_service_is_one_step_less_urgent_in_any_words() -> None:
    assert priority_of({"severity": "DISASTER", "service_affecting": "no"}) == "P2"
    assert priority_of({"severity": "average", "service_affecting": "no"}) == "P3"
