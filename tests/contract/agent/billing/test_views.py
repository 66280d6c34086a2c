"""Views over HTTP: what is asked, what a damaged answer does, and that no message repeats a value of it."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.runtime.collector import Runner
from agent.sources.billing.checks.check import Check
from agent.sources.billing.checks.overdue import Overdue
from agent.sources.billing.checks.rows import RULES
from agent.sources.billing.checks.rows import Rows as RowsCheck
from agent.sources.billing.job import jobs, run
from agent.sources.billing.reading import Billing
from agent.sources.billing.settings import BillingSettings
from agent.sources.billing.views import loaded
from agent.sources.kind import Context
from agent.sources.media import Media
from service.settings import Secret
from tests.contract.agent.billing.asked import billing, found, samples, settings
from tests.contract.agent.billing.offered import PAGE, Offered, named, offered
from tests.contract.agent.billing.schema import moment, tables_of
from tests.contract.streams.certificates import Authority

NOW = moment("2026-03-05 00:40")
SECRET = "77011234567"
CHARGE = ["c", "s", "recurringCharge", "2026-03-05", "2026-04-04", 500, "2026-03-05 00:10", "", ""]
EXTRA = next(rule for rule in RULES if rule.query == "extra")
Answer = tuple[int, bytes]


@pytest.fixture
def views() -> Iterator[Offered]:
    with offered() as result:
        result.rows = tables_of("ott", {"subscriptions": [["s[30]", "T", 500, 5, "active", "2026-03-05 00:00", ""]]})
        yield result


def at(source: Billing, now: datetime) -> Billing:
    """Return the same billing, whose rows stay, at another moment."""
    return Billing(source.service, source.place, source.queries, source.calendar, now.timestamp)


def overdue(source: Billing, of: BillingSettings) -> dict[str, float]:
    return found(run(source, Check("overdue", Overdue(of).collect), 5.0))


def refused(views: Offered, **others: Any) -> str:
    """Return why the subscriptions are not judged; no value of theirs is in it."""
    of = settings("ott", views.url, **others)
    with pytest.raises((OSError, ValueError)) as caught:
        overdue(billing(of, NOW), of)
    reason = str(caught.value)
    assert reason.startswith("billing_subscription is not judged: ")
    assert SECRET not in reason
    assert caught.value.__cause__ is None
    assert type(caught.value) in (OSError, ValueError)
    return reason.removeprefix("billing_subscription is not judged: ")


def answered(of_view: str, answer: Callable[[dict[str, str]], Answer | None]) -> Callable[..., Answer | None]:
    return lambda view, asked: answer(asked) if view == of_view else None


def page(rows: Any, following: Any = None) -> Answer:
    return 200, json.dumps({"rows": rows, "next": following}).encode()


def test_what_is_asked(views: Offered, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("the-token\n")
    token.chmod(0o600)
    of = settings("ott", views.url, token=Secret(file=token))
    assert overdue(billing(of, NOW), of) == {"overdue": 30, "stopped": 30}
    asked = dict(views.asked)
    assert list(asked) == [
        "source",
        "subscription",
        "outcome",
        "charge",
        "movement",
        "document",
        "balance",
        "run",
        "notice",
    ]
    assert asked["subscription"] == {"service": "ott", "limit": "5000"}
    # Two days that are judged and the one before, and 35 days of charges before these.
    assert asked["charge"] == {
        "service": "ott",
        "limit": "5000",
        "from": "2026-01-25T19:40:00Z",
        "until": "2026-03-04T19:40:00Z",
    }
    assert asked["movement"]["from"] == "2026-03-01T19:40:00Z"
    assert {headers["Authorization"] for headers in views.headers} == {"Bearer the-token"}


def test_rows_are_read_once_for_all_checks_and_only_the_new_ones_until_ten_minutes_are_over(views: Offered) -> None:
    views.rows |= tables_of("ott", {"subscriptions": [["s", "T", 500, 5, "active", "", ""]], "charges": [CHARGE]})
    of = settings("ott", views.url)
    source, check = billing(of, NOW), Check("extra", RowsCheck(of, EXTRA).collect)
    for second in range(3):
        assert found(run(at(source, NOW + timedelta(seconds=second)), check, 5.0)) == {}
    assert len(views.asked) == 9
    views.asked.clear()
    again = ["d", *CHARGE[1:6], "2026-03-05 00:40:30", "", ""]
    views.rows |= tables_of(
        "ott", {"subscriptions": [["s", "T", 500, 5, "active", "", ""]], "charges": [CHARGE, again]}
    )
    assert found(run(at(source, NOW + timedelta(minutes=1)), check, 5.0)) == {"extra recurringCharge": 1}
    assert dict(views.asked)["charge"]["from"] == "2026-03-04T19:38:00Z"
    # A row that was taken away again, or committed long after its moment, is found by the next whole reading.
    views.rows |= tables_of("ott", {"subscriptions": [["s", "T", 500, 5, "active", "", ""]], "charges": [again]})
    later = NOW + timedelta(minutes=11)
    assert found(run(at(source, later), Check("extra", RowsCheck(of, EXTRA).collect), 5.0)) == {}


def test_a_billing_that_heeds_neither_period_nor_service_is_judged_alike(views: Offered) -> None:
    rows = {"subscriptions": [["s", "T", 500, 5, "active", "", ""]], "charges": [CHARGE]}
    charges = [*tables_of("ott", rows)["charge"], *tables_of("tv", rows)["charge"]]
    views.rows |= tables_of("ott", rows)
    views.instead = answered("charge", lambda _asked: page(named(charges, "charge")))
    of = settings("ott", views.url)
    source = billing(of, NOW)
    for minute in range(3):
        assert found(samples_of(at(source, NOW + timedelta(minutes=minute)), of)) == {}


def samples_of(source: Billing, of: BillingSettings) -> list[Any]:
    return list(run(source, Check("extra", RowsCheck(of, EXTRA).collect), 5.0))


def test_a_view_that_is_not_there_switches_its_checks_off_for_all_to_see(views: Offered) -> None:
    views.missing = {"movement", "balance", "notice"}
    views.rows = {**views.rows, "source": [(NOW,)]}
    of = replace(settings("ott", views.url, smallest_cell=10), without=["runs"])
    runner = Runner(jobs([of], None, Context(Path("agent.toml"), Path("/nonexistent"), NOW.timestamp, Media())))
    runner.run_all()
    assert runner.failures() == {}
    states = {s.labels[1]: s.labels[2] for s in runner.samples() if s.metric.name == "ott_billing_check"}
    missing = {name for name, state in states.items() if state == "view_missing"}
    assert missing == {"outside", "arithmetic", "chain", "conservation", "displayed", "corrections"}
    assert states["overdue"] == states["extra"] == "on"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("id", None, 'the field "id" cannot be read (null came); write a text of 1 to 200 characters'),
        ("id", SECRET * 30, "(a text came)"),
        ("id", f"{SECRET}\n", "that can be printed"),
        ("tariff", {"name": SECRET}, "(an object came)"),
        (
            "price_minor",
            500.5,
            'the field "price_minor" cannot be read (a number with a fraction came); write whole minor',
        ),
        ("price_minor", SECRET, "(a text came); write whole minor units"),
        ("price_minor", True, "(true or false came)"),
        ("price_minor", 10**30, "(a number came)"),
        ("anchor_day", 32, "write a day of the month, 1 to 31, or null"),
        ("next_charge_at", "2026-03-05T00:00:00", 'with its offset from UTC, such as "2026-03-01T00:05:00+05:00"'),
        ("next_charge_at", f"2026-13-05T00:00:00Z{SECRET}", "write a moment"),
        ("next_charge_at", "2026-13-05T00:00:00Z", "write a moment"),
        ("next_charge_at", 1772668800, "(a number came); write a moment"),
    ],
)
def test_a_value_that_cannot_be_understood_is_named_and_nothing_is_guessed(
    views: Offered, field: str, value: Any, says: str
) -> None:
    rows = named(views.rows["subscription"], "subscription")
    rows[4][field] = value
    views.instead = answered("subscription", lambda _asked: page(rows))
    reason = refused(views)
    assert reason.startswith("page 1, row 5: ")
    assert says in reason


def test_a_missing_field_is_no_null(views: Offered) -> None:
    rows = named(views.rows["subscription"], "subscription")
    del rows[1]["product"]
    views.instead = answered("subscription", lambda _asked: page(rows))
    assert refused(views) == 'page 1, row 2: the field "product" is missing; write null'
    rows[1] = SECRET  # type: ignore[call-overload]
    assert refused(views) == "page 1, row 2: a text came; write a row as an object"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b'{"rows": [{"id": "' + SECRET.encode()), "page 1: the answer is not whole JSON"),
        ((200, b"<html>" + SECRET.encode()), "page 1: the answer is not whole JSON"),
        (
            (200, b'{"%b": 1, "%b": 2}' % (SECRET.encode(), SECRET.encode())),
            "page 1: an object of the answer has the name",
        ),
        ((200, b'[["' + SECRET.encode() + b'"]]'), 'page 1: write an object with "rows", a list, and "next"'),
        ((200, b'{"rows": []}'), '"next", the cursor of the page after it or null'),
        ((200, b'{"rows": [], "next": 7}'), '"next" must be a text'),
        ((200, b'{"rows": [' + b"[" * 100_000), "nested too deeply"),
        ((200, b" " * (4 << 20) + b"{}"), "the answer is larger than 4 MiB"),
        ((302, b""), "page 1: answered 302"),
        ((401, SECRET.encode()), "page 1: answered 401 Unauthorized"),
        ((500, SECRET.encode()), "page 1: answered 500"),
    ],
)
def test_a_damaged_answer_is_refused(views: Offered, answer: Answer, says: str) -> None:
    views.instead = answered("subscription", lambda _asked: answer)
    assert says in refused(views)
    assert "elsewhere" not in {view for view, _ in views.asked}


def test_a_page_that_repeats_or_breaks_off_is_no_end(views: Offered) -> None:
    rows = named(views.rows["subscription"], "subscription")
    views.instead = answered("subscription", lambda _asked: page(rows[:10], "same"))
    assert refused(views).startswith("page 2 is one that came before; a cursor must lead on")
    views.instead = answered("subscription", lambda asked: page(rows[: 10 - len(asked.get("cursor", ""))], "next"))
    assert refused(views) == "page 2, row 1: its id was that of a row before; give every row once"
    views.instead = answered("movement", lambda _asked: page([MOVEMENT], "same"))
    of = settings("ott", views.url)
    chain = Check("chain", RowsCheck(of, next(rule for rule in RULES if rule.query == "chain")).collect)
    with pytest.raises(ValueError, match="page 2 is one that came before; a cursor must lead on"):
        run(billing(of, NOW), chain, 5.0)
    views.instead = answered("subscription", lambda asked: (404, b"{}") if "cursor" in asked else page(rows[:10], "9"))
    assert refused(views) == "page 2: answered 404 Not Found"


MOVEMENT = {
    "account_key": SECRET,
    "service": "ott",
    "tariff": "T",
    "bucket": "main",
    "kind": "topup",
    "amount_minor": 5,
    "before_minor": 0,
    "after_minor": 5,
    "at": "2026-03-04T19:00:00Z",
    "case_ref": None,
}


def test_one_damaged_view_leaves_the_others_judged_and_is_read_whole_once_it_is_mended(views: Offered) -> None:
    views.rows |= tables_of(
        "ott", {"subscriptions": [["s", "T", 500, 5, "active", "", ""]], "charges": [CHARGE, CHARGE]}
    )
    of = settings("ott", views.url)
    source, check = billing(of, NOW), Check("extra", RowsCheck(of, EXTRA).collect)
    with pytest.raises(ValueError, match="billing_charge is not judged: page 1, row 2: its id"):
        run(source, check, 5.0)
    with source.session(source.quick, 5.0) as asking:
        assert asking.rows("outside", **SPAN) == []
    again = ["d", *CHARGE[1:]]
    views.rows |= tables_of(
        "ott", {"subscriptions": [["s", "T", 500, 5, "active", "", ""]], "charges": [CHARGE, again]}
    )
    assert found(run(at(source, NOW + timedelta(minutes=1)), check, 5.0)) == {"extra recurringCharge": 1}


SPAN = {"from": NOW - timedelta(days=1), "until": NOW}


def test_a_slow_billing_is_given_up_in_time(views: Offered) -> None:
    def slow(_asked: dict[str, str]) -> None:
        time.sleep(1.5)

    views.instead = answered("source", slow)
    began = time.monotonic()
    assert "took longer than" in refused(views, deadline=1.0) or "the time for all views was over" in refused(
        views, deadline=1.0
    )
    assert time.monotonic() - began < 5


def test_more_rows_than_fit_are_refused(views: Offered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "MOST_ROWS", 20)
    assert "page 1, row 21: more than 20 rows of all views" in refused(views)


def test_many_pages_are_all_read(views: Offered) -> None:
    count = 3 * PAGE + 1
    rows = {"subscriptions": [[f"s[{count}]", "T", 500, 5, "active", "2026-03-05 00:00", ""]]}
    views.rows = tables_of("ott", rows)
    assert found(samples(settings("ott", views.url), NOW))["overdue"] == count
    assert len([view for view, _ in views.asked if view == "subscription"]) == 4


def test_the_billing_is_trusted_by_its_authority_only(views: Offered, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = Authority(tmp_path, now - timedelta(days=1), now + timedelta(days=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("billing", ["localhost"], now + timedelta(days=1)))
    with offered(context) as secure:
        secure.rows = views.rows
        of = settings("ott", secure.url, authority=authority.file)
        assert overdue(billing(of, NOW), of) == {"overdue": 30, "stopped": 30}
        of = settings("ott", secure.url)
        with pytest.raises(OSError, match=r"billing_subscription is not judged: page 1: .*certificate"):
            overdue(billing(of, NOW), of)
    with pytest.raises(OSError, match="no certificate in PEM"):
        billing(settings("ott", secure.url, authority=Path(__file__)), NOW)


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"url": None}, "give either database, or url"),
        ({"database": "postgresql://h/d"}, "give either database, or url"),
        ({"url": "http://h/views/"}, "no slash"),
        ({"url": "http://h/views?a=1"}, "no slash"),
        ({"token": Secret(env="A"), "basic": Secret(env="B")}, "either token or basic"),
        ({"url": None, "database": "postgresql://h/d", "token": Secret(env="A")}, "belong to a url"),
        ({"deadline": 61.0}, "not above interval"),
        ({"charge_days": 20}, "charge_days must be between 32 and 400"),
    ],
)
def test_settings_that_do_not_fit_together(others: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("?", r"\?")):
        BillingSettings("ott", **{"url": "http://h/views", **others})


def test_a_preset_of_a_system_reads_its_database() -> None:
    of = BillingSettings("ott", url="http://127.0.0.1:1/views", preset="lago")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='preset "lago" reads a database; leave it out where a url gives the views'):
        jobs([of], None, Context(Path("agent.toml"), Path("/nonexistent"), NOW.timestamp, Media()))
