"""Exported free months that the agent looks for in the billing: credited, waiting, twice, wrong; nothing is guessed."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from alerts.desk.appeals import billing_watch, compensations, exports, figures
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.billing_watch import Seen
from alerts.desk.appeals.free_month import FreeMonth
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.contract.desk.appeals.kills import killed_at
from tests.contract.desk.appeals.test_exports import granted

ZEROS = {("ott", name): 0 for name in ("waiting", "unseen", "credited", "twice", "wrong")}


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return exported(quick, 3)


def exported(database: Database, many: int) -> Bureau:
    bureau = Bureau(database, rules())
    granted(bureau, many)
    bureau.export()
    return bureau


def report(bureau: Bureau, at: datetime | None = None, service: str = "ott", **found: str) -> int:
    """Report by the number of the month, `m1="credited"`, with rows up to a moment: now."""
    seen = {int(name[1:]): Seen(word) for name, word in found.items()}
    return billing_watch.take_over(bureau.database, bureau.rules, service, at or bureau.now, seen, bureau.now)


def months(bureau: Bureau) -> list[FreeMonth]:
    with bureau.database.read() as connection:
        return compensations.listing(connection)


def states(bureau: Bureau) -> list[tuple[str, str | None]]:
    return [(each.state, each.watch) for each in months(bureau)]


def listed(bureau: Bureau, service: str = "ott", after: int = 0) -> list[int]:
    with bureau.database.read() as connection:
        return [each.id for each in billing_watch.listed(connection, bureau.rules, service, after, bureau.now)]


def counts(bureau: Bureau) -> Mapping[tuple[str, ...], int]:
    with bureau.database.read() as connection:
        return figures.read(connection, bureau.rules, (), bureau.now).free_month_credits


def moves(bureau: Bureau, number: int) -> list[tuple[str, str]]:
    bodies = [(event.actor, event.body) for event in bureau.log(number)]
    return [(actor, body.state) for actor, body in bodies if isinstance(body, ev.CompensationMoved)]


def test_a_month_that_is_seen_once_is_credited_by_the_billing_watch(bureau: Bureau) -> None:
    assert listed(bureau) == [1, 2, 3]
    assert counts(bureau) == {}
    bureau.pass_(minutes=5)
    assert report(bureau, m1="credited", m2="waiting") == 1
    assert states(bureau) == [("credited", "credited"), ("exported", "waiting"), ("exported", None)]
    first = months(bureau)[0]
    assert (first.actor, first.verified_at, first.watched_at) == ("billing watch", bureau.now, bureau.now)
    assert moves(bureau, first.appeal_id)[-1] == ("billing watch", "credited")
    assert counts(bureau) == ZEROS | {("ott", "credited"): 1, ("ott", "waiting"): 1}
    # The same again, and told by a person afterwards.
    bureau.pass_(minutes=5)
    assert report(bureau, m1="credited", m2="waiting") == 0
    compensations.move(bureau.database, bureau.rules, [1], "told", "Dana", bureau.now)
    bureau.pass_(minutes=5)
    assert report(bureau, m1="credited") == 0
    assert states(bureau)[0] == ("told", "credited")
    assert [state for _, state in moves(bureau, first.appeal_id)].count("credited") == 1


def test_a_month_is_unseen_by_the_billings_time_alone(bureau: Bureau) -> None:
    began = bureau.now
    report(bureau, m1="waiting", m2="waiting")
    bureau.pass_(days=9)
    # Nine days by the desk's clock, and the source stands still: nothing is known of these days.
    assert report(bureau, began, m1="waiting", m2="waiting") == 0
    assert counts(bureau) == ZEROS | {("ott", "waiting"): 2}
    report(bureau, began + timedelta(days=3) - timedelta(seconds=1), m1="waiting", m2="waiting")
    assert counts(bureau)["ott", "unseen"] == 0
    report(bureau, began + timedelta(days=3, minutes=11), m1="waiting", m2="waiting")
    assert counts(bureau) == ZEROS | {("ott", "unseen"): 2}
    # A person who knows better says so; the billing is still looked at.
    compensations.move(bureau.database, bureau.rules, [1], "credited", "Dana", bureau.now)
    assert counts(bureau) == ZEROS | {("ott", "unseen"): 1, ("ott", "waiting"): 1}
    report(bureau, m1="credited", m2="credited")
    assert counts(bureau) == ZEROS | {("ott", "credited"): 2}
    assert moves(bureau, months(bureau)[0].appeal_id)[-2:] == [("Dana", "credited"), ("billing watch", "verified")]


def test_what_is_credited_twice_or_wrongly_is_told_until_it_is_right(bureau: Bureau) -> None:
    bureau.pass_(minutes=5)
    report(bureau, m1="twice", m2="wrong", m3="credited")
    assert states(bureau) == [("exported", "twice"), ("exported", "wrong"), ("credited", "credited")]
    compensations.move(bureau.database, bureau.rules, [3], "told", "Dana", bureau.now)
    bureau.pass_(days=2)
    report(bureau, m1="credited", m2="credited", m3="twice")
    assert states(bureau) == [("credited", "credited"), ("credited", "credited"), ("told", "twice")]
    assert counts(bureau) == ZEROS | {("ott", "credited"): 2, ("ott", "twice"): 1}
    with bureau.database.read() as connection:
        shown = compensations.with_appeals(connection, [])
    assert [each.id for each in shown] == [1, 2, 3]
    # Whoever has it longest is looked at no more; what is wrong is, however long it takes.
    bureau.pass_(days=40)
    assert listed(bureau) == [3]
    report(bureau, m3="credited")
    assert listed(bureau) == []
    assert counts(bureau) == {}


def test_a_credit_that_was_taken_back_is_unseen_again(bureau: Bureau) -> None:
    report(bureau, bureau.now - timedelta(minutes=1), m1="credited")
    bureau.pass_(days=4)
    report(bureau, m1="waiting")
    assert states(bureau)[0] == ("credited", "waiting")
    assert counts(bureau) == ZEROS | {("ott", "unseen"): 1}


def test_what_is_older_or_not_its_own_changes_nothing(bureau: Bureau) -> None:
    bureau.pass_(minutes=30)
    report(bureau, m1="credited", m2="waiting")
    before = months(bureau)
    for at in (bureau.now, bureau.now - timedelta(minutes=20)):
        assert report(bureau, at, m1="waiting", m2="credited") == 0
    later = bureau.now + timedelta(seconds=1)
    assert report(bureau, later, service="iptv", m2="credited") == 0
    assert report(bureau, later, m99="credited") == 0
    assert [dict(each.row) for each in months(bureau)] == [dict(each.row) for each in before]
    assert listed(bureau, "iptv") == []
    assert listed(bureau, after=1) == [2, 3]


def test_a_month_of_a_batch_that_is_not_confirmed_is_not_looked_for(quick: Database) -> None:
    bureau = Bureau(quick, rules())
    granted(bureau, 1)
    batch, _ = exports.make(quick, "Erlan", bureau.now) or pytest.fail("nothing was made")
    assert listed(bureau) == []
    assert report(bureau, m1="credited") == 0
    assert states(bureau) == [("approved", None)]
    exports.confirm(quick, bureau.rules, batch.number, "Erlan", bureau.now)
    assert listed(bureau) == [1]


def test_two_desks_and_a_kill_at_any_statement_credit_each_month_once(database: Database) -> None:
    bureau = exported(database, 4)
    found = dict.fromkeys((1, 2), Seen.CREDITED) | {3: Seen.TWICE, 4: Seen.WAITING}
    bureau.pass_(minutes=5)

    def say(own: Database) -> int:
        return billing_watch.take_over(own, bureau.rules, "ott", bureau.now, found, bureau.now)

    kills = 0
    while killed_at(kills + 1, database, say):
        kills += 1
    assert kills > 5

    def desk(_: int) -> int:
        own = Database(database.url.render_as_string(hide_password=False))
        try:
            return say(own)
        finally:
            own.dispose()

    bureau.pass_(minutes=5)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(desk, range(4))) == 0
    assert states(bureau) == [
        ("credited", "credited"),
        ("credited", "credited"),
        ("exported", "twice"),
        ("exported", "waiting"),
    ]
    for each in months(bureau):
        told = [state for _, state in moves(bureau, each.appeal_id)]
        assert told.count("credited") == (each.id in {1, 2})


def test_many_months_are_stored_in_parts_and_cost_little_when_nothing_changes(
    quick: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing_watch, "BATCH", 4)
    bureau = exported(quick, 10)
    bureau.pass_(minutes=1)
    found = {f"m{number}": "credited" for number in range(1, 11)}
    assert report(bureau, bureau.now, **found) == 10
    bureau.pass_(minutes=30)
    asked: list[object] = []
    monkeypatch.setattr(billing_watch, "advance", lambda *given: asked.append(given))
    assert report(bureau, bureau.now, **found) == 0
    assert {each.watched_at for each in months(bureau)} == {bureau.now}
    assert asked == []
