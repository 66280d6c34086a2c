"""The JSON that other programs read: the same figures as a report, bounded, with errors that say what to write."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from dashboards.busy_hour.app import serve, settings
from dashboards.busy_hour.app.reports import build_all
from dashboards.busy_hour.forecast import forecast
from dashboards.busy_hour.measures.capacity import Capacity
from dashboards.busy_hour.measures.scenario import Node, Scenario, event_of, growth_of
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.query import Server
from dashboards.busy_hour.records.record import make_record
from dashboards.busy_hour.records.store import Store
from dashboards.busy_hour.report.render_json import to_object
from dashboards.busy_hour.report.report import Rules
from dashboards.busy_hour.web import pages
from dashboards.busy_hour.web.application import create_app
from dashboards.busy_hour.web.pages import Pages
from service import planning
from service.setting_types import ListenAddress
from tests.unit.busy_hour.example import ALMATY, day, quarters

FIRST = date(2026, 9, 1)
PAIR = {"scope": "platform", "quantity": "sessions"}
NODES = (Capacity("node:a", "almaty", sessions=3000), Capacity("node:b", "almaty", sessions=2000))
READ: dict[str, type[planning.Answer]] = {
    "series": planning.RecordedSeries,
    "days": planning.Days,
    "forecast": planning.Outlook,
}
RULES = Rules(Calendar(ALMATY), exceptional={date(2026, 9, 10): "final"}, capacities=NODES)


def busy(number: int) -> float:
    return 5000.0 if number == 20 else 1000.0 + 10 * number + number % 3


def filled(days: int, folder: Path) -> Store:
    # A file: the application reads on threads of its own, and each would have its own memory.
    store = Store(f"sqlite:///{folder / 'busyhour.db'}")
    for number in range(days):
        at = {f"20:{minute:02d}": busy(number) for minute in (0, 15, 30, 45)}
        made = day(FIRST + timedelta(days=number), quarters(at))
        store.save([make_record("platform", "sessions", made, "prometheus", 1_760_000_000 + number)])
    return store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    result = filled(40, tmp_path)
    yield result
    result.close()


class Reader:
    """Asks the application, without a socket."""

    def __init__(self, store: Store, rules: Callable[[], Rules] = lambda: RULES) -> None:
        self.app = create_app(Pages(store, rules), CollectorRegistry(), lambda: None)

    def get(self, url: str, params: dict[str, str] | None = None) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://busyhour") as client:
                return await client.get(url, params=params)

        return asyncio.run(asked())


def ask(store: Store, path: str, asked: dict[str, str] | None = None, rules: Rules = RULES) -> dict[str, Any]:
    answer = Reader(store, lambda: rules).get(f"/api/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    # What the desk reads of it is all there is.
    assert json.loads(READ[path].model_validate_json(answer.content).model_dump_json(by_alias=True)) == answer.json()
    found: dict[str, Any] = answer.json()
    return found


def test_series_names_what_is_recorded(store: Store) -> None:
    assert ask(store, "series") == {
        "zone": "Asia/Almaty",
        "day_begins": "00:00",
        "series": [{**PAIR, "from": "2026-09-01", "to": "2026-10-10", "days": 40}],
        "left_off": 0,
    }


def test_days_are_those_of_a_report(store: Store) -> None:
    period = (date(2026, 9, 5), date(2026, 10, 8))
    found = ask(store, "days", PAIR | {"from": str(period[0]), "to": str(period[1])})
    [made] = build_all(store, RULES, (["platform"], ["sessions"]), period)
    expected = to_object(made)
    assert found["adpqh"] == expected["measures"]["adpqh"]["value"]
    assert found["days_counted"] == expected["days_counted"] == 33  # without the final
    assert found["peak"] == {"date": "2026-09-21", "start": "2026-09-21T20:00+05:00", "value": 5000.0}
    assert found["capacity"] == expected["capacity"]
    assert [(each["share"], each["value"]) for each in found["thresholds"]] == [
        (0.6, 1200.0), (0.7, 1400.0), (0.85, 1700.0)
    ]  # fmt: skip
    for mine, theirs in zip(found["days"], expected["days"], strict=True):
        assert (mine["date"], mine["value"], mine["counted"]) == (theirs["date"], theirs["value"], theirs["counted"])
        assert mine["start"] == theirs["start_time"]
    named = {each["date"]: each["exceptional"] for each in found["days"] if each["exceptional"]}
    assert named["2026-09-10"]["status"] == "confirmed"
    assert named["2026-09-10"]["reason"] == "final"
    assert named["2026-09-21"]["status"] == "proposed"
    assert list(named) == [each["date"] for each in expected["exceptional_days"]]


def test_a_day_without_a_record_is_absent_not_zero(store: Store) -> None:
    found = ask(store, "days", PAIR | {"from": "2026-10-08", "to": "2026-10-31"})
    assert [each["date"] for each in found["days"]] == ["2026-10-08", "2026-10-09", "2026-10-10"]
    later = ask(store, "days", PAIR | {"from": "2026-11-01", "to": "2026-11-30"})
    assert later["days"] == []
    assert later["adpqh"] is None
    assert later["peak"] is None


def test_without_a_stated_capacity_there_is_none(store: Store) -> None:
    found = ask(store, "days", PAIR | {"from": "2026-10-01", "to": "2026-10-02"}, replace(RULES, capacities=()))
    assert found["capacity"] is None
    assert found["thresholds"] == []


def test_the_forecast_is_that_of_a_report(store: Store) -> None:
    found = ask(store, "forecast", PAIR)
    [made] = build_all(store, RULES, (["platform"], ["sessions"]), (None, None))
    expected = to_object(made)["forecast"]
    assert found["trend"] == expected["trend"]
    assert found["words"] == expected["words"]
    assert found["to"] == "2026-10-10"
    assert "survives the loss of the largest node (a)" in found["capacity_words"]["en"]
    assert "при отказе" in found["capacity_words"]["ru"]


def test_too_few_days_have_no_forecast_but_a_sentence(tmp_path: Path) -> None:
    few = filled(5, tmp_path)
    found = ask(few, "forecast", PAIR)
    few.close()
    assert found["trend"] is None
    assert found["words"]["en"].startswith("Not enough data")


def test_a_forecast_is_made_once_for_each_state(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = forecast.forecast

    def counting(days: Any, levels: Any) -> Any:
        made.append(len(days))
        return real(days, levels)

    monkeypatch.setattr(forecast, "forecast", counting)
    rules = [RULES]
    asked = Reader(store, lambda: rules[0])
    for _ in range(3):
        asked.get("/api/forecast", params=PAIR)
    assert made == [39]
    at = {"20:00": 900.0}
    later = make_record("platform", "sessions", day(date(2026, 10, 11), quarters(at)), "prometheus", 1_770_000_000)
    store.save([later])
    asked.get("/api/forecast", params=PAIR)
    rules[0] = replace(RULES, exceptional={})
    asked.get("/api/forecast", params=PAIR)
    assert made == [39, 40, 41]


def test_a_scenario_changes_the_forecast_and_is_told(store: Store) -> None:
    found = ask(store, "forecast", PAIR | {"growth": "5%", "event": "+30%", "add_node": "almaty=2000,astana=500"})
    assumed = Scenario(growth_of("5%"), (Node("almaty", 2000.0), Node("astana", 500.0)), event=event_of("+30%"))
    [made] = build_all(store, replace(RULES, scenario=assumed), (["platform"], ["sessions"]), (None, None))
    expected = to_object(made)
    assert found["scenario"] == expected["scenario"]
    assert found["trend"] == expected["forecast"]["trend"]
    plain = ask(store, "forecast", PAIR)
    assert plain["scenario"] is None
    assert plain["trend"] != found["trend"]


@pytest.mark.parametrize(
    ("path", "query", "status", "says"),
    [
        ("nothing", "", 404, "/api/series, /api/days, /api/forecast"),
        ("series", "scope=platform", 400, "takes no query"),
        ("days", "scope=platform&quantity=sessions", 400, "give scope, quantity, from, to"),
        ("days", "scope=platform&scope=platform&quantity=sessions&from=2026-01-01&to=2026-01-02", 400, "each once"),
        ("forecast", "scope=platform&scope=site:a", 400, "each once"),
        ("forecast", "scope=platform&quantity=sessions&growth=soon", 400, '"soon" is no growth'),
        ("forecast", "scope=platform&quantity=sessions&lose=nowhere", 400, "neither a site nor a node"),
        (
            "forecast",
            "scope=platform&quantity=sessions&grow=2%25",
            400,
            "growth, add_node, lose, event can be given too",
        ),
        ("forecast", "scope=rack:1&quantity=sessions", 400, 'write "platform"'),
        ("forecast", "scope=platform&quantity=Sessions!", 400, "cannot name a quantity"),
        ("forecast", "scope=site:nowhere&quantity=sessions", 404, "sessions of site:nowhere is not recorded"),
        ("days", "scope=platform&quantity=sessions&from=yesterday&to=2026-01-02", 400, 'from="yesterday" is not a day'),
        ("days", "scope=platform&quantity=sessions&from=2026-02-01&to=2026-01-02", 400, "is later than"),
        ("days", "scope=platform&quantity=sessions&from=2025-01-01&to=2026-10-02", 400, "more than 400 days"),
        ("days", "scope=platform&quantity=sessions&from=0001-01-01&to=0001-01-02", 400, "lies outside"),
        ("days", "scope=site:x&quantity=sessions&from=2026-01-01&to=2026-01-02", 404, "/api/series lists"),
        ("series", "%", 400, "cannot be read"),
    ],
)
def test_a_call_that_makes_no_sense_is_told_what_would(
    store: Store, path: str, query: str, status: int, says: str
) -> None:
    answer = Reader(store).get(f"/api/{path}?{query}")
    assert answer.status_code == status
    assert says in answer.json()["error"]


def test_a_database_that_fails_is_said(tmp_path: Path) -> None:
    broken = Store(f"sqlite:///{tmp_path / 'busyhour.db'}")
    broken.close()
    (tmp_path / "busyhour.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    answer = Reader(broken).get("/api/series")
    broken.close()
    assert answer.status_code == 503
    assert "cannot read" in answer.json()["error"]


def test_more_series_than_an_answer_holds_are_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_SERIES", 0)
    found = ask(store, "series")
    assert (found["series"], found["left_off"]) == ([], 1)


def test_every_address_says_in_its_description_what_it_takes(store: Store) -> None:
    paths = Reader(store).get("/api/openapi.json").json()["paths"]
    taken = {
        path: [(each["name"], each["required"]) for each in methods["get"].get("parameters", ())]
        for path, methods in paths.items()
    }
    assert taken == {
        "/api/series": [],
        "/api/days": [("scope", True), ("quantity", True), ("from", True), ("to", True)],
        "/api/forecast": [
            *[("scope", True), ("quantity", True)],
            *[(name, False) for name in ("growth", "add_node", "lose", "event")],
        ],
    }
    assert all({"200", "400", "404", "409", "503"} <= each["get"]["responses"].keys() for each in paths.values())


@contextmanager
def serving(store: Store) -> Iterator[str]:
    def nobody(_: httpx.Request) -> httpx.Response:
        raise AssertionError("Prometheus was asked")

    with httpx.Client(transport=httpx.MockTransport(nobody)) as prometheus:
        server = Server("http://p:9090", prometheus, lambda _: None)
        chosen = settings.Settings(listen=ListenAddress("127.0.0.1:0"))
        web = serve.web_of(serve.Service(chosen, store, server, lambda: 0.0))
        web.start()
        try:
            yield "http://{}:{}".format(*web.address)
        finally:
            web.stop()
        assert not web.is_serving()


def test_it_is_served_beside_the_metrics(tmp_path: Path) -> None:
    store = filled(3, tmp_path)
    with serving(store) as url, httpx.Client(base_url=url, timeout=60) as reader:
        answer = reader.get("/api/series")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["series"][0]["days"] == 3
        refused = reader.get("/api/days", params=PAIR)
        assert (refused.status_code, "error" in refused.json()) == (400, True)
        elsewhere = reader.get("/api")
        assert (elsewhere.status_code, "/readyz" in elsewhere.json()["error"]) == (404, True)
        assert reader.post("/api/series").status_code == 405
        scraped = reader.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        assert scraped.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        assert scraped.text.endswith("# EOF\n")
        assert "server" not in scraped.headers
        assert reader.get("/healthz").text == "alive\n"
        assert (reader.head("/healthz").status_code, reader.head("/healthz").content) == (200, b"")
    store.close()


def test_an_address_that_is_taken_is_refused_before_anything_begins(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        chosen = settings.Settings(listen=ListenAddress(f"127.0.0.1:{taken.getsockname()[1]}"))
        with httpx.Client() as prometheus, pytest.raises(OSError, match="in use"):
            serve.web_of(serve.Service(chosen, store, Server("http://p:9090", prometheus, lambda _: None), lambda: 0.0))
