"""What `/metrics` says of appeals."""

from datetime import timedelta

import pytest

from alerts.desk.appeals import actions, compensations, figures
from alerts.desk.appeals.mass import ANY
from alerts.desk.appeals.states import AnswerBy, Entry
from alerts.desk.appeals.timers import run_due
from alerts.desk.core.appeal_metrics import AppealFigures, samples
from alerts.desk.core.database import Database
from alerts.desk.core.mass_notice import MassNotice
from tests.contract.desk.appeals.appeals_desk import NUMBER, Bureau, rules


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return Bureau(quick, rules())


def read(bureau: Bureau, *masses: MassNotice) -> AppealFigures:
    with bureau.database.read() as connection:
        return figures.read(connection, bureau.rules, masses, bureau.now)


def test_open_appeals_are_counted_by_who_has_them(bureau: Bureau) -> None:
    mine, asked, held = (bureau.registered(number=f"870123456{place}0") for place in range(3))
    actions.ask_customer(bureau.hand(asked), "Which channel?")
    actions.request_sent(bureau.hand(held), received=True)
    bureau.registered(number="87012345699", entry=Entry.CABINET, broadband="unknown", region="")
    at_once = bureau.registered(number="87012345688", answer="Restart the box")
    assert bureau.appeal(at_once).status == "closed"
    found = read(bureau)
    head = ("ott", "01")
    assert found.open == {
        (*head, "160", "160", "mobile"): 1,
        (*head, "160", "customer", "mobile"): 1,
        (*head, "160", "supplier", "mobile"): 1,
        (*head, "cabinet", "unrouted", "mobile"): 1,
    }
    assert found.recent == {("ott", "Astana", "01", "160"): 4, ("ott", "", "01", "cabinet"): 1}
    assert found.overdue == {("ott", party): 0 for party in ("160", "customer", "supplier", "unrouted")}
    assert found.unrouted == bureau.now
    # The customer who was asked stops the time.
    assert [(each.appeal, each.party, each.ends) for each in found.deadlines] == [
        (mine, "160", bureau.now + timedelta(hours=24)),
        (held, "supplier", bureau.now + timedelta(hours=24)),
        (held + 1, "unrouted", bureau.now + timedelta(hours=24)),
    ]


def test_each_code_comes_with_its_name_in_both_languages(bureau: Bureau) -> None:
    named = {each.labels for each in samples(read(bureau)) if each.metric.name == "ott_desk_appeal_code"}
    assert ("05", "No sound, or sound out of step with the picture", bureau.rules.codes["05"].ru) in named
    assert {code for code, _, _ in named} == set(bureau.rules.codes)


def test_what_is_overdue_stops_with_the_answer(bureau: Bureau) -> None:
    number = bureau.registered()
    bureau.pass_(hours=25)
    run_due(bureau.database, bureau.rules, bureau.now)
    late = read(bureau)
    assert (late.overdue, late.recent, late.free_months["proposed"]) == ({("ott", "160"): 1}, {}, 1)
    actions.answer(bureau.hand(number), "It works again")
    assert read(bureau).overdue == {("ott", "160"): 1}  # nobody has told the customer
    actions.called(bureau.hand(number), reached=True)
    assert read(bureau).overdue == {}


def test_a_free_month_is_late_after_five_working_days_until_it_was_told(bureau: Bureau) -> None:
    bureau.registered()
    bureau.pass_(hours=25)
    run_due(bureau.database, bureau.rules, bureau.now)
    assert set(read(bureau).free_months_late.values()) == {0}
    bureau.pass_(days=8)
    run_due(bureau.database, bureau.rules, bureau.now)
    assert read(bureau).free_months_late["proposed"] == 1
    for state in ("approved", "exported", "credited"):
        if state == "exported":
            bureau.export()
        else:
            compensations.move(bureau.database, bureau.rules, [1], state, "Dana", bureau.now)
        assert {name for name, number in read(bureau).free_months_late.items() if number} == {state}
    compensations.move(bureau.database, bureau.rules, [1], "told", "Dana", bureau.now)
    assert set(read(bureau).free_months_late.values()) == {0}


def test_no_sample_holds_anything_of_a_customer(bureau: Bureau) -> None:
    bureau.registered(answer_by=AnswerBy.EMAIL, email="saule@example.kz")
    found = list(samples(read(bureau, MassNotice("playback", "Astana", "ott", 12))))
    assert ("ott_desk_mass_appeal_customers", 12) in [(each.metric.name, each.value) for each in found]
    (over_all,) = samples(AppealFigures(masses=read(bureau, MassNotice("playback", ANY, "ott", 19)).masses))
    assert (over_all.labels, over_all.value) == (("ott", "*", "playback"), 19)
    shown = repr(found)
    assert not any(word in shown for word in (NUMBER, "701234", "Saule", "saule@", "Aunt"))
