"""The operator's procedure, row by row: where an appeal goes, and what the open questions change."""

from dataclasses import fields
from itertools import product
from typing import Any

import pytest

from alerts.desk.appeals.routes import Do, Route, Table, route, table
from alerts.desk.core.appeal_settings import OpenQuestions

DEFAULTS = OpenQuestions()
CALM = {
    "step": "registration",
    "cabinet_request": "no",
    "answerable": "no",
    "answer_channel": "valid",
    "repeat": "no",
    "incident": "no",
    "region": "known",
    "request": "no",
    "billing_case": "no",
    "claim": "no",
    **DEFAULTS.facts(),
}
TO_160 = CALM | {"entry": "160", "broadband": "works"}
CABINET = CALM | {"entry": "cabinet", "broadband": "unknown"}
TO_165 = CALM | {"entry": "165"}
BRANCH = {"step": "branch"}
FAULT = {"step": "fault", **DEFAULTS.facts()}
TERM = {"step": "term", "answered": "no", **DEFAULTS.facts()}

# The procedure's rows as its text has them: what is given, the rows that answer, what is done.
PROCEDURE = [
    (TO_160 | {"broadband": "broken"}, "RT1", "hand_over_to_165"),
    (TO_160 | {"answerable": "yes"}, "RT2", "register complete_interaction close_answered"),
    (TO_160, "RT3", "register queue_160 crm_reference request_supplier answer_clock"),
    (TO_160 | {"answer_channel": "invalid"}, "RT4", "refuse_answer_channel"),
    (CABINET | {"answer_channel": "invalid"}, "RT4", "refuse_answer_channel"),
    (TO_160 | {"repeat": "yes"}, "RT5", "add_interaction count_repeat"),
    (CABINET | {"repeat": "yes"}, "RT5", "add_interaction count_repeat"),
    (
        TO_160 | {"incident": "yes"},
        "RT6 RT3",
        "register propose_incident withhold_request queue_160 crm_reference answer_clock",
    ),
    (
        CABINET | {"incident": "yes"},
        "RT6 RT7",
        "register propose_incident withhold_request queue_branch branch_clock answer_clock",
    ),
    (CABINET, "RT7", "register queue_branch branch_clock answer_clock"),
    (CABINET | {"region": "unknown"}, "RT8", "register queue_unrouted answer_clock"),
    (BRANCH | {"answerable": "yes"}, "RT9", "answer_by_branch"),
    (BRANCH | {"answerable": "no"}, "RT10", "request_supplier hold_supplier"),
    (FAULT | {"fault": "supplier"}, "RT11", "answer_clock answer_through_160"),
    (FAULT | {"fault": "vendor", "reference": "yes"}, "RT12", "hold_vendor vendor_clock"),
    (CABINET | {"request": "yes"}, "RT13", "register queue_160 answer_clock"),
    (TERM | {"entry": "160"}, "RT14", "propose_compensation"),
    (TERM | {"entry": "cabinet"}, "RT14", "propose_compensation"),
    (TO_165 | {"broadband": "works"}, "RT15", "hand_over_to_160"),
    (TO_165 | {"broadband": "broken"}, "RT16", "register_at_165"),
    (
        TO_165 | {"broadband": "works", "cabinet_request": "yes"},
        "RT17",
        "show_cabinet_request add_interaction",
    ),
    (
        TO_165 | {"broadband": "broken", "cabinet_request": "yes"},
        "RT18",
        "register_at_165 link_cabinet_request",
    ),
    (
        TO_160 | {"billing_case": "yes"},
        "RT19 RT3",
        "register child_of_billing_case withhold_request queue_160 crm_reference answer_clock",
    ),
    (
        TO_160 | {"claim": "yes"},
        "RT20 RT3",
        "law_clock register queue_160 crm_reference request_supplier answer_clock",
    ),
    (
        CABINET | {"claim": "yes"},
        "RT20 RT7",
        "law_clock register queue_branch branch_clock answer_clock",
    ),
]
# What a setting other than the default changes.
CHOICES = [
    (TERM | {"entry": "160", "scheme1_terms": "none"}, "G1", "nothing"),
    (TERM | {"entry": "cabinet", "scheme1_terms": "none"}, "RT14", "propose_compensation"),
    (
        TO_165 | {"broadband": "works", "cabinet_request": "yes", "caller_with_cabinet_request": "register"},
        "RT15",
        "hand_over_to_160",
    ),
    (
        TO_165 | {"broadband": "broken", "cabinet_request": "yes", "caller_with_cabinet_request": "register"},
        "RT16",
        "register_at_165",
    ),
    (FAULT | {"fault": "vendor", "reference": "no"}, "G5a", "answer_clock ask_reference"),
    (
        FAULT | {"fault": "vendor", "reference": "no", "vendor_reference": "optional"},
        "G5b",
        "hold_vendor vendor_clock",
    ),
]


@pytest.mark.parametrize(("given", "rows", "then"), PROCEDURE + CHOICES)
def test_row_of_the_procedure(given: dict[str, str], rows: str, then: str) -> None:
    found = route(given)
    assert " ".join(found.rows) == rows
    assert " ".join(found.actions) == then


def test_every_row_is_tested_and_every_action_is_asked_for() -> None:
    tested = {name for _, rows, _ in PROCEDURE + CHOICES for name in rows.split()}
    assert tested == {row.id for row in table().route}
    assert {f"RT{number}" for number in range(1, 21)} <= tested
    assert {each for row in table().route for each in row.then} == {each.value for each in Do}


def test_scheme_3_has_an_answer_in_all_four_cells() -> None:
    cells = {
        (request, broadband): route(TO_165 | {"cabinet_request": request, "broadband": broadband}).rows
        for request, broadband in product(("no", "yes"), ("works", "broken"))
    }
    assert cells == {
        ("no", "works"): ("RT15",),
        ("no", "broken"): ("RT16",),
        ("yes", "works"): ("RT17",),
        ("yes", "broken"): ("RT18",),
    }


REGISTRATIONS = [
    name for name in table().facts if name not in {"step", "entry", "broadband", "fault", "reference", "answered"}
]


@pytest.mark.parametrize(
    "entry", [("160", "works"), ("160", "broken"), ("165", "works"), ("165", "broken"), ("cabinet", "unknown")]
)
def test_every_registration_leads_somewhere(entry: tuple[str, str]) -> None:
    """No combination is left without a route, and no appeal without somebody who has it and a time for the answer."""
    for values in product(*(table().facts[name] for name in REGISTRATIONS)):
        facts = dict(zip(REGISTRATIONS, values, strict=True))
        found = route(facts | {"step": "registration", "entry": entry[0], "broadband": entry[1]})
        if found.asks(Do.REGISTER) and not found.asks(Do.CLOSE_ANSWERED):
            assert sum(action.startswith("queue_") for action in found.actions) == 1
            assert found.asks(Do.ANSWER_CLOCK)
        if not found.asks(Do.REGISTER):
            assert not found.asks(Do.REQUEST_SUPPLIER)
        assert not (found.asks(Do.WITHHOLD_REQUEST) and found.asks(Do.REQUEST_SUPPLIER))
        assert found.asks(Do.LAW_CLOCK) == (facts["claim"] == "yes")


def test_what_nobody_asked_the_caller_is_not_guessed() -> None:
    with pytest.raises(ValueError, match=r"no route fits.*broadband=unknown"):
        route(TO_160 | {"broadband": "unknown"})
    with pytest.raises(ValueError, match='broadband: "perhaps" is no value'):
        route(TO_160 | {"broadband": "perhaps"})
    with pytest.raises(ValueError, match="no route fits"):
        route({name: value for name, value in TO_160.items() if name != "broadband"})


def test_a_mistake_in_the_table_names_the_row() -> None:
    facts: dict[str, tuple[str, ...]] = {"step": ("registration",)}
    with pytest.raises(ValueError, match='route X: when: step is never "late"'):
        Table(facts, (Route("X", {"step": ("late",)}, ("register",)),))
    with pytest.raises(ValueError, match='route X: then: "shout" is not known'):
        Table(facts, (Route("X", {"step": ("registration",)}, ("shout",)),))


# The documented answer to each open question of the procedure.
ANSWERS: dict[str, dict[str, Any]] = {
    "G1": {"scheme1_terms": "scheme2"},
    "G2": {"caller_with_cabinet_request": "show"},
    "G3": {"answer_from": "appeal"},
    "G4": {"vendor_calendar": "24x7", "vendor_from": "received"},
    "G5": {"vendor_reference": "required", "longest": 96 * 3600.0},
    "G6": {"free_months": "one_per_period"},
    "G7": {"branch_approves": 1},
    "G8": {"customer_pauses": True},
    "G9": {"bounce_window": 900.0, "failed_calls": 3, "failed_call_days": 2},
    "G10": {"codes": ""},
}


@pytest.mark.parametrize("question", ANSWERS)
def test_default_of_an_open_question(question: str) -> None:
    assert {name: getattr(DEFAULTS, name) for name in ANSWERS[question]} == ANSWERS[question]


def test_every_setting_answers_one_open_question() -> None:
    named = [name for answers in ANSWERS.values() for name in answers]
    assert sorted(named) == sorted(each.name for each in fields(OpenQuestions))


def test_an_answer_without_meaning_is_refused() -> None:
    for name in ("longest", "bounce_window", "failed_calls", "failed_call_days"):
        values: dict[str, Any] = {name: 0}
        with pytest.raises(ValueError, match=f"{name} must be more than 0"):
            OpenQuestions(**values)
    with pytest.raises(ValueError, match="branch_approves"):
        OpenQuestions(branch_approves=-1)
