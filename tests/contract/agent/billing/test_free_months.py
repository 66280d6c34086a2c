"""Free months looked up in the billing: on PostgreSQL, on MariaDB and over HTTP, from rows alone."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.sources.billing.free_months import count, desk
from agent.sources.billing.free_months.count import FreeMonths
from agent.sources.billing.free_months.desk import Month, address_of, months_of
from agent.sources.billing.settings import BillingSettings
from agent.sources.database import MissingTableError
from tests.contract.agent.billing.asked import billing, settings
from tests.contract.agent.billing.offered import Offered, offer, offered
from tests.contract.agent.billing.schema import Store, moment
from tests.contract.agent.databases import mariadb, postgresql

NOW = moment("2026-03-20 12:00")
SINCE = moment("2026-03-10 09:00")
FEE, OLD_FEE = 99_000, 90_000
# By the number of the month: account, kind and sum of each movement, and what is said of it.
ROWS: dict[int, tuple[list[tuple[str, str, int]], str]] = {
    1: ([("a1", "bonus", FEE)], "credited"),
    2: ([("a2", "adjust", FEE)], "credited"),
    3: ([], "waiting"),
    4: ([("a4", "bonus", FEE), ("a4", "bonus", FEE)], "twice"),
    5: ([("a5", "bonus", FEE - 1)], "wrong"),
    6: ([("a6", "bonus", -FEE)], "wrong"),
    7: ([("a7", "bonus", FEE), ("a7", "bonus", -FEE)], "waiting"),
    8: ([("a8", "bonus", FEE), ("a8", "bonus", -FEE), ("a9", "bonus", FEE)], "credited"),
    9: ([("a1", "bonus", FEE), ("a2", "bonus", FEE)], "twice"),
    10: ([("a1", "bonus", OLD_FEE)], "credited"),  # what was charged for a period before the price rose
    11: ([("b1", "bonus", FEE)], "wrong"),  # an account without a subscription of this service
    12: ([("a1", "topup", FEE)], "waiting"),  # money that the customer paid
    13: ([("a1", "bonus", FEE), ("a1", "adjust", FEE)], "twice"),
    14: ([("a1", "bonus", FEE), ("a1", "bonus", 1 - FEE)], "wrong"),
}
TRUTH = {number: state for number, (_, state) in ROWS.items()}


def fill(store: Store) -> None:
    """Store subscriptions, a charge of the old price, and the movements; another service has the same references."""
    subscription = ("alga", FEE, 1, "active", moment("2026-04-01 00:00"), None)
    movements = [
        (account, service, "alga", "main", kind, amount, None, None, SINCE + timedelta(hours=number), reference(number))
        for service in ("ott", "other")
        for number, (rows, _) in ROWS.items()
        for account, kind, amount in (rows if service == "ott" else [("z1", "bonus", 1)])
    ]
    store.insert({
        "subscription": [(f"s{number}", "ott", *subscription, f"a{number}", None) for number in range(1, 10)]
        + [("t1", "other", *subscription, "b1", None)],
        "charge": [
            ("c1", "s1", "ott", "alga", "recurringCharge", "2026-02-15", "2026-03-14", OLD_FEE,
             moment("2026-02-15 00:10"), None, None)
        ],
        "movement": movements,
        "source": [(NOW,)],
    })  # fmt: skip


def reference(number: int) -> str:
    return f"free-month-{number}"


def months(*numbers: int) -> list[Month]:
    return [Month(number, reference(number), SINCE) for number in numbers or ROWS]


@contextmanager
def over_http() -> Iterator[str]:
    with postgresql() as url, offered() as views:
        Store(url).create()
        fill(Store(url))
        offer(views, url)
        yield views.url


@contextmanager
def filled(server: Callable[[], Any]) -> Iterator[str]:
    with server() as url:
        Store(url).create()
        fill(Store(url))
        yield url


@pytest.fixture(scope="module", params=["postgresql", "mariadb", "http"])
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a billing."""
    servers = {"postgresql": postgresql, "mariadb": mariadb}
    with over_http() if request.param == "http" else filled(servers[request.param]) as url:
        yield url


def looked_up(url: str, wanted: list[Month], now: datetime = NOW) -> dict[int, str]:
    source = billing(settings("ott", url), now)
    source.with_source = True
    with source.session(source.slow, 20.0) as asking:
        asking.billing.place.keep_movements(SINCE)
    with source.session(source.slow, 20.0) as asking:
        return count.states(asking, wanted)


def test_each_month_is_told_from_its_movements(place: str) -> None:
    assert looked_up(place, months()) == TRUTH
    assert looked_up(place, months(4, 99)) == {4: "twice", 99: "waiting"}


def test_a_billing_without_movements_is_not_asked(place: str) -> None:
    if place.startswith("http"):
        with offered() as views:
            views.rows, views.missing = {"source": [(NOW,)]}, {"movement"}
            with pytest.raises(MissingTableError):
                looked_up(views.url, months())
        return
    store = Store(place)
    store.execute("ALTER TABLE billing_movement RENAME TO kept")
    try:
        with pytest.raises(MissingTableError):
            looked_up(place, months())
    finally:
        store.execute("ALTER TABLE kept RENAME TO billing_movement")


class Desk:
    """A desk that lists some months in pages of two and keeps what it is told."""

    def __init__(self) -> None:
        self.months: list[Month] = []
        self.told: list[dict[str, Any]] = []
        self.asked: list[dict[str, list[str]]] = []
        self.status = 200
        self.url = ""

    def page(self, after: int) -> dict[str, Any]:
        rows = [month for month in self.months if month.number > after][:2]
        return {
            "freeMonths": [
                {"id": month.number, "reference": month.reference, "since": month.since.isoformat()} for month in rows
            ],
            "next": rows[-1].number if len(rows) == 2 else None,
        }


@pytest.fixture
def the_desk() -> Iterator[Desk]:
    kept = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept.asked.append(parse_qs(urlsplit(self.path).query))
            self._answer(kept.page(int(kept.asked[-1]["after"][0])))

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            kept.told.append(json.loads(self.rfile.read(length)))
            self._answer({"credited": 0})

        def _answer(self, body: dict[str, Any]) -> None:
            text = json.dumps(body).encode()
            self.send_response(kept.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield kept
    server.shutdown()
    server.server_close()


def collected(of: BillingSettings, now: datetime = NOW) -> None:
    """Run the check as a new agent does, until all movements are there."""
    check, source = FreeMonths(of), billing(of, now)
    source.with_source = True
    for _ in range(2):
        with source.session(source.slow, 20.0) as asking:
            assert list(check.collect(asking)) == []


def test_the_desk_is_told_page_by_page_and_the_same_by_every_agent(place: str, the_desk: Desk) -> None:
    the_desk.months = months()
    of = settings("ott", place, cases=f"{the_desk.url}/billing/cases")
    for _ in range(2):
        the_desk.told.clear()
        collected(of, NOW + timedelta(hours=1))
        # Rows are there up to `up_to`, whatever the clock says; over HTTP the older movements in the second round.
        assert {each["upTo"] for each in the_desk.told} == {NOW.isoformat()}
        assert {each["service"] for each in the_desk.told} == {"ott"}
        found = {month["id"]: month["state"] for told in the_desk.told for month in told["freeMonths"]}
        assert found == TRUTH
        assert max(len(told["freeMonths"]) for told in the_desk.told) == 2


def test_a_desk_that_takes_no_appeals_is_told_nothing_and_one_that_fails_is_a_failure(
    place: str, the_desk: Desk
) -> None:
    the_desk.months = months()
    of = settings("ott", place, cases=f"{the_desk.url}/billing/cases")
    the_desk.status = 404
    collected(of)
    the_desk.status = 503
    with pytest.raises(OSError, match="503"):
        collected(of)
    assert the_desk.told == []


def test_over_http_a_month_whose_credit_may_lie_further_back_is_left_alone(the_desk: Desk) -> None:
    views: Offered
    with offered() as views:
        views.rows = {"source": [(NOW,)], "movement": [], "subscription": [], "charge": []}
        old = NOW - timedelta(days=90)
        the_desk.months = [Month(1, reference(1), SINCE), Month(2, reference(2), old)]
        collected(settings("ott", views.url, cases=f"{the_desk.url}/billing/cases"))
        told = [month["id"] for each in the_desk.told for month in each["freeMonths"]]
        assert set(told) == {1}
        start = min(asked["from"] for view, asked in views.asked if view == "movement")
        assert start >= (NOW - timedelta(days=40)).isoformat()[:10]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], 'no list "freeMonths"'),
        ({"freeMonths": []}, 'with a "next"'),
        ({"freeMonths": [], "next": "2"}, "next must be a number"),
        ({"freeMonths": [7], "next": None}, "no number as its id"),
        ({"freeMonths": [{"id": 7, "reference": "", "since": "x"}], "next": None}, "7: reference"),
        ({"freeMonths": [{"id": 7, "reference": "r", "since": "2026-03-10"}], "next": None}, "7: since"),
    ],
)
def test_an_answer_that_is_none_is_refused_by_name(answer: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        months_of(answer)


def test_the_list_lies_beside_the_cases() -> None:
    def of(cases: str) -> BillingSettings:
        return settings("ott", "postgresql://localhost/b", cases=cases)

    assert address_of(of("https://desk:9781/billing/cases")) == "https://desk:9781/billing/free-months"
    assert address_of(of("https://gate/desk/billing/cases")) == "https://gate/desk/billing/free-months"
    assert not address_of(of("/etc/ottwatch/cases.json"))
    assert desk.MOST_PAGES * 500 >= 100_000
