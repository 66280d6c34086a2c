"""Batches of free months for billing: each month in one batch, whoever asks, how often, and whatever is killed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import event, select

from alerts.desk.appeals import actions, compensations, exports, timers
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.compensations import NotAllowedError
from alerts.desk.appeals.exports import Month, NoSuchBatchError
from alerts.desk.core.appeal_tables import appeal_contact, compensation
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.contract.desk.appeals.kills import killed_at


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return Bureau(quick, rules())


def granted(bureau: Bureau, many: int, first: int = 0) -> list[int]:
    """Let the answers to so many customers be late, and approve their free months; return the appeals."""
    numbers = [bureau.registered(number=f"8701234{place:04}") for place in range(first, first + many)]
    bureau.pass_(hours=24, seconds=1)
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    with bureau.database.read() as connection:
        ids = [each.id for each in compensations.listing(connection, "proposed")]
    compensations.move(bureau.database, bureau.rules, ids, "approved", "Dana", bureau.now)
    return numbers


def batches_of(bureau: Bureau) -> dict[int, int | None]:
    """Return by appeal the batch that its month is in."""
    with bureau.database.read() as connection:
        rows = connection.execute(select(compensation.c.appeal_id, compensation.c.export_id))
        return {number: batch for number, batch in rows}  # noqa: C416 - rows, not pairs


def content(bureau: Bureau, batch: int) -> list[Month]:
    with bureau.database.read() as connection:
        return exports.months(connection, bureau.rules, batch)


def test_a_batch_has_the_granted_months_and_does_not_change(bureau: Bureau) -> None:
    assert exports.make(bureau.database, "Erlan", bureau.now) is None
    first, second = granted(bureau, 2)
    proposed = bureau.registered(number="87012349999", crm_ref="SR-9")
    bureau.pass_(hours=24, seconds=1)
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    batch, new = exports.make(bureau.database, "Erlan", bureau.now) or pytest.fail("nothing was made")
    assert (new, batch.months, batch.by, batch.confirmed_at) == (True, 2, "Erlan", None)
    before = content(bureau, batch.number)
    assert before == [
        Month(1, first, "ott", "Astana", date(2026, 3, 1), date(2026, 4, 1), "77012340000", "", "", "", "free-month-1"),
        Month(
            2, second, "ott", "Astana", date(2026, 3, 1), date(2026, 4, 1), "77012340001", "", "", "", "free-month-2"
        ),
    ]
    # What is granted later waits for the next batch, however often this one is asked for.
    compensations.move(bureau.database, bureau.rules, [3], "approved", "Dana", bureau.now)
    assert exports.make(bureau.database, "Timur", bureau.now) == (batch, False)
    assert content(bureau, batch.number) == before
    assert [state for _, state in bureau.free_months()] == ["approved"] * 3
    with pytest.raises(NotAllowedError):
        compensations.move(bureau.database, bureau.rules, [1], "refused", "Dana", bureau.now, "no")
    confirmed_at = bureau.now
    for by in ("Erlan", "Timur"):
        done = exports.confirm(bureau.database, bureau.rules, batch.number, by, bureau.now)
        assert (done.confirmed_at, done.confirmed_by) == (confirmed_at, "Erlan")
        bureau.pass_(hours=1)
    assert [state for _, state in bureau.free_months()] == ["exported", "exported", "approved"]
    for number in (first, second):
        moved = bureau.bodies(number, ev.CompensationMoved)
        assert moved == [ev.CompensationMoved(state) for state in ("proposed", "approved", "exported")]
    assert content(bureau, batch.number) == before
    later, new = exports.make(bureau.database, "Erlan", bureau.now) or pytest.fail("nothing was made")
    assert (new, [(each.appeal, each.crm_ref) for each in content(bureau, later.number)]) == (
        True,
        [(proposed, "SR-9")],
    )
    with bureau.database.read() as connection:
        assert [each.number for each in exports.batches(connection)] == [later.number, batch.number]
    with pytest.raises(NoSuchBatchError):
        exports.confirm(bureau.database, bureau.rules, 99, "Erlan", bureau.now)


def test_desks_that_make_and_confirm_at_once_export_each_month_once(database: Database) -> None:
    bureau = Bureau(database, rules())
    numbers = granted(bureau, 12)

    def desk(place: int) -> list[tuple[int, bool]]:
        own = Database(database.url.render_as_string(hide_password=False))
        made = []
        try:
            for _ in range(4):
                found = exports.make(own, f"Erlan {place}", bureau.now)
                if found:
                    made.append((found[0].number, found[1]))
                    exports.confirm(own, bureau.rules, found[0].number, f"Erlan {place}", bureau.now)
        finally:
            own.dispose()
        return made

    with ThreadPoolExecutor(4) as pool:
        made = [each for found in pool.map(desk, range(4)) for each in found]
    (batch,) = {number for number, _ in made}
    assert [new for _, new in made].count(True) == 1
    assert batches_of(bureau) == dict.fromkeys(numbers, batch)
    for number in numbers:
        assert [each.state for each in _moves(bureau, number)].count("exported") == 1


def _moves(bureau: Bureau, number: int) -> list[ev.CompensationMoved]:
    return [each for each in bureau.bodies(number, ev.CompensationMoved) if isinstance(each, ev.CompensationMoved)]


def test_after_a_kill_at_any_statement_the_batch_is_the_same(database: Database) -> None:
    bureau = Bureau(database, rules())
    numbers = granted(bureau, 2)
    kills = 0
    while killed_at(kills + 1, database, lambda own: exports.make(own, "Erlan", bureau.now)):
        kills += 1
        assert set(batches_of(bureau).values()) == {None}
        with database.read() as connection:
            assert exports.batches(connection) == []
    assert kills > 3
    batch, new = exports.make(database, "Erlan", bureau.now) or pytest.fail("nothing was made")
    assert (new, batches_of(bureau)) == (False, dict.fromkeys(numbers, batch.number))
    kills = 0
    while killed_at(
        kills + 1, database, lambda own: exports.confirm(own, bureau.rules, batch.number, "Erlan", bureau.now)
    ):
        kills += 1
        states = {state for _, state in bureau.free_months()}
        assert states <= {"approved", "exported"}
        (waiting, fresh) = exports.make(database, "Erlan", bureau.now) or pytest.fail("the batch is gone")
        assert (waiting.number, waiting.months, waiting.confirmed_at, fresh) == (batch.number, 2, None, False)
    assert kills > 5
    assert {state for _, state in bureau.free_months()} == {"exported"}
    exports.confirm(database, bureau.rules, batch.number, "Erlan", bureau.now)
    for number in numbers:
        assert [each.state for each in _moves(bureau, number)].count("exported") == 1


def test_a_contact_is_kept_until_its_free_month_was_told_or_refused(bureau: Bureau) -> None:
    numbers = granted(bureau, 2)
    for number in numbers:
        actions.answer(bureau.hand(number), "It works again")
        actions.called(bureau.hand(number), reached=True)
    bureau.pass_(days=40)
    assert timers.forget_contacts(bureau.database, bureau.now) == 0
    batch = bureau.export()
    assert [each.number for each in content(bureau, batch)] == ["77012340000", "77012340001"]
    assert timers.forget_contacts(bureau.database, bureau.now) == 0
    compensations.move(bureau.database, bureau.rules, [1], "credited", "Dana", bureau.now)
    compensations.move(bureau.database, bureau.rules, [1], "told", "Dana", bureau.now)
    assert timers.forget_contacts(bureau.database, bureau.now) == 1
    assert [(each.number, each.problem) for each in content(bureau, batch)] == [
        ("", "contact_deleted"),
        ("77012340001", ""),
    ]
    with bureau.database.read() as connection:
        assert len(connection.execute(select(appeal_contact)).all()) == 1


def test_a_month_whose_key_is_gone_says_so(bureau: Bureau) -> None:
    granted(bureau, 1)
    batch = bureau.export()
    bureau.rules = rules(("b" * 32,))
    assert [(each.number, each.problem) for each in content(bureau, batch)] == [("", "key_missing")]


def test_a_mass_of_free_months_goes_on_after_a_kill(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compensations, "BATCH", 2)
    bureau = Bureau(database, rules())
    numbers = [bureau.registered(number=f"870123400{place:02}") for place in range(5)]
    bureau.pass_(hours=25)
    timers.run_due(database, bureau.rules, bureau.now)

    def approve(own: Database) -> None:
        with own.read() as connection:
            waiting = compensations.counts(connection)["proposed"]
        compensations.move_all(own, bureau.rules, waiting, "approved", "Chief", bureau.now)

    with pytest.raises(compensations.NotAllowedError, match="count"):
        compensations.move_all(database, bureau.rules, 4, "approved", "Chief", bureau.now)
    # The first batch is stored, the desk dies in the second; whoever looks again sees three and goes on with them.
    assert killed_at(20, database, approve)
    done = [number for number, state in bureau.free_months() if state == "approved"]
    assert 0 < len(done) < 5
    approve(database)
    assert {state for _, state in bureau.free_months()} == {"approved"}
    for number in numbers:
        assert [each.state for each in _moves(bureau, number)] == ["proposed", "approved"]


def test_many_free_months_cost_a_few_questions_a_batch(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = granted(bureau, 30)
    bureau.export()
    asked: list[str] = []
    event.listen(bureau.database.writing, "before_cursor_execute", lambda *given: asked.append(given[2]))
    compensations.move(bureau.database, bureau.rules, range(1, 31), "credited", "Dana", bureau.now)
    assert len(asked) < 12
    assert {state for _, state in bureau.free_months()} == {"credited"}
    assert all(_moves(bureau, number)[-1].state == "credited" for number in numbers)
