"""The daily run: what it records, what it retries, what it mails."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from dashboards.busy_hour.app import settings
from dashboards.busy_hour.app.serve import Service, schedule
from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.measures.series import Calendar, DaySeries
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records.query import Server
from dashboards.busy_hour.records.record import make_record
from dashboards.busy_hour.records.store import Store
from service.mail import Refusal, Smtp
from service.metric import Sample
from tests.unit.busy_hour.example import ALMATY

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

SETTINGS = """
prometheus = "http://prometheus:9090"
catch_up = "3d"
[smtp]
host = "mail.example"
sender = "ottwatch@example.kz"
[mail]
to = ["planner@example.kz", "chief@example.kz"]
"""


class Prometheus:
    """Minute samples of one series at every time that is asked for; 503 while it is down."""

    def __init__(self) -> None:
        self.down = False
        self.asked = 0
        self.partial_at = 0  # this one of the requests gets an answer that says it is not whole

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            return httpx.Response(503)
        self.asked += 1
        if self.asked == self.partial_at:
            return httpx.Response(200, json={"status": "success", "isPartial": True, "data": {}})
        query = httpx.QueryParams(request.content.decode())
        if query["query"].startswith("sum("):
            return httpx.Response(400, json={"status": "error", "errorType": "bad_data", "error": "parse error"})
        result = []
        if query["query"].startswith("platform:ott_edge_sessions:sum["):
            end = int(query["time"])
            start = end - int(query["query"].partition("[")[2].removesuffix("ms]")) // 1000
            pairs = [
                [at, "900" if (at + 18000) % 86400 // 3600 == 21 else "100"]
                for at in range(start - start % 60, end, 60)
            ]
            result = [{"metric": {"service": "ott"}, "values": pairs}]
        return httpx.Response(
            200, content=json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})
        )


class Clock:
    def __init__(self, text: str) -> None:
        self.set(text)

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=ALMATY).timestamp()

    def __call__(self) -> float:
        return self.now


class Post:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.taken: list[tuple[EmailMessage, list[str]]] = []
        self.refused: dict[str, Refusal] = {}
        self.down = False

    def __call__(self, smtp: Smtp, message: EmailMessage, to: Sequence[str]) -> dict[str, Refusal]:
        assert smtp.host == "mail.example"
        if self.down:
            raise OSError("mail to mail.example:587: no answer")
        self.taken.append((message, [each for each in to if each not in self.refused]))
        return {name: answer for name, answer in self.refused.items() if name in to}


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    (tmp_path / "busyhour.toml").write_text(SETTINGS)
    return settings.read(tmp_path / "busyhour.toml")


@pytest.fixture
def prometheus() -> Prometheus:
    return Prometheus()


def service(chosen: Settings, prometheus: Prometheus, clock: Clock, post: Post) -> Service:
    client = httpx.Client(transport=httpx.MockTransport(prometheus.answer))
    return Service(chosen, Store("sqlite://"), Server("http://prometheus:9090", client, lambda _: None), clock, post)


def figures(made: Service) -> dict[tuple[str, ...], float | object]:
    return {
        (sample.metric.name, *sample.labels): sample.value for sample in made.samples() if isinstance(sample, Sample)
    }


def test_yesterday_is_recorded_after_midnight_and_only_once(chosen: Settings, prometheus: Prometheus) -> None:
    clock, post = Clock("2026-10-08T00:10"), Post()
    made = service(chosen, prometheus, clock, post)
    assert made.run()
    days = [str(record.day) for record in made.store.load("platform", "sessions")]
    assert days == ["2026-10-05", "2026-10-06"]  # the 7th has ended, but not for the twenty minutes it may take
    clock.set("2026-10-08T00:20")
    assert made.run()
    assert [str(record.day) for record in made.store.load("platform", "sessions")] == [*days, "2026-10-07"]
    found = figures(made)
    assert found["ott_busy_hour_value", "platform", "sessions", "last_day"] == 900
    start = datetime(2026, 10, 7, 21, tzinfo=ALMATY).timestamp()
    assert found["ott_busy_hour_start_timestamp_seconds", "platform", "sessions"] == start
    assert found["ott_busy_hour_last_success_timestamp_seconds",] == clock.now
    assert ("ott_capacity_exhaustion_timestamp_seconds", "platform", "sessions", "likely") not in found


def test_a_server_that_is_down_costs_no_day(
    chosen: Settings, prometheus: Prometheus, caplog: pytest.LogCaptureFixture
) -> None:
    clock, post = Clock("2026-10-08T09:00"), Post()
    made = service(chosen, prometheus, clock, post)
    prometheus.down = True
    assert made.problem() is not None
    assert not made.run()
    assert not made.run()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["failed"]  # once, not twice
    assert figures(made)["ott_busy_hour_failures_total",] == 2
    prometheus.down = False
    assert made.problem() is None
    assert made.run()
    assert len(made.store.load("platform", "sessions")) == 3


def test_a_partial_answer_leaves_nothing_of_its_day(
    chosen: Settings, prometheus: Prometheus, caplog: pytest.LogCaptureFixture
) -> None:
    made = service(chosen, prometheus, Clock("2026-10-08T09:00"), Post())
    assert made.run()
    requests = prometheus.asked
    other = service(chosen, prometheus, Clock("2026-10-08T09:00"), Post())
    # Three days, newest first: this is the last request about the second of them.
    prometheus.partial_at = requests + requests * 2 // 3
    assert not other.run()
    assert [str(record.day) for record in other.store.load("platform", "sessions")] == ["2026-10-07"]
    [problem] = [vars(record)["problem"] for record in caplog.records if record.levelname == "ERROR"]
    assert "the answer is partial" in problem
    assert "to 2026-10-06T19:00Z" in problem  # the end of the 6th in Almaty, and of that chunk
    assert other.run()
    assert len(other.store.load("platform", "sessions")) == 3


def test_the_month_is_mailed_once_and_again_after_a_failure(chosen: Settings, prometheus: Prometheus) -> None:
    clock, post = Clock("2026-09-30T12:00"), Post()
    made = service(chosen, prometheus, clock, post)
    assert made.run()
    assert post.taken == []  # August has no records
    clock.set("2026-10-01T00:25")
    post.down = True
    assert not made.run()
    post.down = False
    assert made.run()
    assert made.run()
    [(message, to)] = post.taken
    assert to == ["planner@example.kz", "chief@example.kz"]
    assert message["Subject"] == "ЧНН и ёмкость, сентябрь 2026"
    assert message["To"] == "planner@example.kz, chief@example.kz"
    body = message.get_body(("plain",))
    assert body is not None
    assert "platform · сессии" in body.get_content()
    page, book = message.iter_attachments()
    assert book.get_filename() == "busy-hour-2026-09.xlsx"
    assert page.get_filename() == "busy-hour-2026-09.html"
    assert page.get_content().startswith("<!doctype html>")


def test_a_source_that_is_refused_takes_nobody_elses_days_away(
    tmp_path: Path, prometheus: Prometheus, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "busyhour.toml"
    own = '[[source]]\nquantity = "errors"\nlevel = "platform"\nselector = "sum(rate(x[5m]))"\n'
    file.write_text(SETTINGS.replace("[smtp]", f"{own}[smtp]"))
    made = service(settings.read(file), prometheus, Clock("2026-10-08T09:00"), Post())
    for _ in range(2):
        assert not made.run()
        assert [str(record.day) for record in made.store.load("platform", "sessions")] == [
            "2026-10-05",
            "2026-10-06",
            "2026-10-07",
        ]
    assert figures(made)["ott_busy_hour_value", "platform", "sessions", "last_day"] == 900
    [problem] = [vars(record)["problem"] for record in caplog.records if record.levelname == "ERROR"]
    assert "2026-10-07: http://prometheus:9090: sum(rate(x[5m])) from" in problem
    assert "parse error" in problem


def test_the_month_waits_for_its_last_days(chosen: Settings, prometheus: Prometheus) -> None:
    clock, post = Clock("2026-09-30T12:00"), Post()
    made = service(chosen, prometheus, clock, post)
    assert made.run()
    prometheus.down = True
    for at in ("2026-10-01T00:25", "2026-10-03T23:50"):
        clock.set(at)
        assert not made.run()
    assert post.taken == []
    prometheus.down = False
    assert made.run()
    [(message, _)] = post.taken
    body = message.get_body(("plain",))
    assert body is not None
    assert "учтено дней: 4 из 30; дней без записей: 26" in body.get_content()


def test_the_month_does_not_wait_for_ever(chosen: Settings, prometheus: Prometheus) -> None:
    clock, post = Clock("2026-09-30T12:00"), Post()
    made = service(chosen, prometheus, clock, post)
    assert made.run()
    prometheus.down = True
    clock.set("2026-10-04T00:00")
    assert not made.run()
    assert len(post.taken) == 1


def test_the_month_goes_again_to_those_alone_who_have_not_got_it(
    chosen: Settings, prometheus: Prometheus, caplog: pytest.LogCaptureFixture
) -> None:
    clock, post = Clock("2026-09-30T12:00"), Post()
    made = service(chosen, prometheus, clock, post)
    assert made.run()
    clock.set("2026-10-01T00:25")
    post.refused = {"chief@example.kz": Refusal(450, "4.2.0 greylisted, try again")}
    assert not made.run()
    assert "chief@example.kz: 450 4.2.0 greylisted" in vars(caplog.records[-1])["problem"]
    post.refused = {"chief@example.kz": Refusal(550, "5.1.1 no such user")}
    assert not made.run()
    assert "chief@example.kz: 550 5.1.1 no such user" in vars(caplog.records[-1])["problem"]
    post.refused = {}
    assert made.run()
    assert [to for _, to in post.taken] == [["planner@example.kz"], []]
    assert len({message["Message-ID"] for message, _ in post.taken}) == 1


def test_an_edge_that_carries_nothing_takes_nobody_elses_figures_away(chosen: Settings, prometheus: Prometheus) -> None:
    made = service(chosen, prometheus, Clock("2026-10-08T01:00"), Post())
    calendar = chosen.calendar
    idle = [
        make_record(
            "node:reserve",
            "sessions",
            Day(DaySeries(span, 900, np.zeros(96), 900, np.zeros(96)), ALMATY),
            "prometheus",
            0,
        )
        for span in calendar.days(date(2026, 9, 1), date(2026, 10, 6))
    ]
    made.store.save(idle)
    assert made.run()
    assert figures(made)["ott_busy_hour_value", "node:reserve", "sessions", "last_day"] == 0.0
    assert figures(made)["ott_busy_hour_value", "platform", "sessions", "last_day"] == 900.0


def test_a_series_that_cannot_be_reported_takes_nobody_elses_figures_away(
    chosen: Settings, prometheus: Prometheus
) -> None:
    made = service(chosen, prometheus, Clock("2026-10-08T01:00"), Post())
    # Hours imported in one zone, quarters recorded in it, and days that are now cut in another.
    berlin = ZoneInfo("Europe/Berlin")
    for step, day in ((3600, date(2026, 10, 5)), (900, date(2026, 10, 6))):
        values = np.ones(24 * 3600 // step)
        series = DaySeries(Calendar(berlin).day(day), step, values, step, values)
        made.store.save([make_record("node:odd", "sessions", Day(series, berlin), "import:old.csv", 0)])
    made.run()
    shown = figures(made)
    assert shown["ott_busy_hour_value", "platform", "sessions", "last_day"] == 900.0
    assert not [key for key in shown if "node:odd" in key]
    assert shown["ott_busy_hour_failures_total",] != 0
    days = [str(record.day) for record in made.store.load("platform", "sessions")]
    assert days == ["2026-10-05", "2026-10-06", "2026-10-07"]


class Scheduler:
    """Keeps by its name what is to be run once, and when; runs it when it is told to."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.once: dict[str, tuple[Callable[[], None], float]] = {}

    def add_job(
        self,
        action: Callable[[], None],
        trigger: object = None,
        *,
        id: str,  # noqa: A002 - apscheduler calls it so
        run_date: datetime | None = None,
        **_: object,
    ) -> None:
        if trigger in (None, "date"):
            self.once[id] = (action, run_date.timestamp() if run_date else self.clock())

    def run(self, name: str) -> None:
        action, self.clock.now = self.once.pop(name)
        action()


def started_without(prometheus: Prometheus, chosen: Settings) -> tuple[Service, Scheduler]:
    clock = Clock("2026-10-08T00:20")
    made, scheduler = service(chosen, prometheus, clock, Post()), Scheduler(clock)
    prometheus.down = True
    schedule(made, cast("BackgroundScheduler", scheduler))
    return made, scheduler


def test_a_server_that_starts_with_the_machine_is_waited_for(chosen: Settings, prometheus: Prometheus) -> None:
    made, scheduler = started_without(prometheus, chosen)
    clock, began = scheduler.clock, scheduler.clock.now
    for seconds in range(0, 60, 15):
        scheduler.run("start")
        assert clock.now == began + seconds
    prometheus.down = False
    scheduler.run("start")
    assert scheduler.once == {}
    found = figures(made)
    assert found["ott_busy_hour_failures_total",] == 0
    assert found["ott_busy_hour_last_success_timestamp_seconds",] == began + 60


def test_a_server_that_stays_away_is_a_failure_after_three_minutes(chosen: Settings, prometheus: Prometheus) -> None:
    made, scheduler = started_without(prometheus, chosen)
    clock, began = scheduler.clock, scheduler.clock.now
    while "start" in scheduler.once:
        assert figures(made)["ott_busy_hour_failures_total",] == 0
        scheduler.run("start")
    assert clock.now == began + 180
    assert figures(made)["ott_busy_hour_failures_total",] == 1
    assert scheduler.once["retry"][1] == clock.now + 600
