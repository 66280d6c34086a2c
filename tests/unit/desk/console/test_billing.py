"""The pages of billing: what is unknown never looks fine, and the page of a case tells what keeps its ticket open."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.desk.billing import rounds
from alerts.desk.console.billing import words as said
from alerts.desk.console.billing.today import Billings, Today
from alerts.desk.console.shared import Shared
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.core.words import Words, catalogue
from alerts.desk.kinds import billing as billing_kind
from tests.unit.desk.billing.counted import Agent
from tests.unit.desk.console_desk import NOON, Caller, Hall, csrf, hall

SETTINGS = BillingCaseSettings()
FIGURES = {"due": 412310.0, "charged": 412000.0, "reasons": 228.0, "unexplained": 82.0, "lag": 3.0}
DAYS = {date(2026, 2, 27): 1.0, date(2026, 2, 28): 0.99984}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path, billing=SETTINGS) as result:
        known = Billings([Today("mobile", FIGURES)], {"mobile": DAYS}, [("mobile", "twins", "view_missing")])
        result.machine.app.state.billings = Shared(lambda: known, 15.0, 120.0)
        result.alarm(alertname="BillingIncomplete", service="mobile")
        rounds.open_cases(result.runtime.desk)
        yield result


def count(of: Hall, **figures: Any) -> None:
    counted = Agent(of.now, NOON - timedelta(minutes=30), **figures)
    rounds.take_over(of.runtime.desk, SETTINGS, lambda: counted)  # type: ignore[arg-type, return-value]


def post(who: Caller, do: str, **form: str) -> str:
    page = who.get("/billing/case/1").text
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    answer = who.post(f"/billing/case/1/{do}", data={"csrf": csrf(page), "version": version, **form})
    return answer.text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_shows_today_the_days_the_coverage_and_the_cases(desk: Hall, language: str) -> None:
    page = desk.person(language=language).get("/billing").text
    assert re.search(r"<strong>99[.,]98\s%</strong>", page)
    assert page.count('<td class="nearly"') == 1
    assert page.count('<td class="whole"') == 1
    assert page.count('<td class="unknown"') == (date(2026, 3, 1) - date(2025, 3, 1)).days - 2
    assert catalogue(language)["billingcheckstate.view_missing"] in page
    assert 'href="/billing/case/1"' in page


def test_without_an_answer_the_page_says_so_and_shows_no_figure(desk: Hall) -> None:
    def silent() -> Billings:
        raise OSError("no answer")

    desk.machine.app.state.billings = Shared(silent, 15.0, 120.0)
    page = desk.person().get("/billing").text
    assert catalogue("en")["billing.no_answer"] in page
    assert "%</strong>" not in page


def test_a_desk_without_the_table_has_no_such_page(control_room: Hall) -> None:
    who = control_room.person()
    assert who.get("/billing").status_code == 404
    assert 'href="/billing"' not in who.get("/").text


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        (FIGURES, "Billing mobile: 99.98 % of 412,310 charged; unexplained: 82"),
        (FIGURES | {"lag": 840.0}, "Billing mobile: unknown, its data is 14 min 0 s away from now"),
        ({"charged": 5.0}, "Billing mobile: unknown"),
        ({"due": 0.0, "unexplained": 0.0}, "Billing mobile: unknown"),
        (FIGURES | {"unexplained": 0.0}, "Billing mobile: 100.00 % of 412,310 charged; unexplained: 0"),
    ],
)
def test_the_line_of_the_wall(desk: Hall, figures: dict[str, float], line: str) -> None:
    words = Words("en", desk.runtime.settings.zone)
    assert said.sentence(words, Today("mobile", figures)).replace("\xa0", " ") == line


def test_the_wall_has_the_line(desk: Hall) -> None:
    assert "412,310" in desk.person().get("/wall").text


def test_with_the_pages_alone_no_case_is_opened(tmp_path: Path) -> None:
    with hall(tmp_path, billing=BillingCaseSettings(cases=False)) as found:
        found.machine.app.state.billings = Shared(lambda: Billings([Today("mobile", FIGURES)], {}, []), 15.0, 120.0)
        found.alarm(alertname="BillingIncomplete", service="mobile")
        with httpx.Client() as client:
            billing_kind.follow(found.runtime, client)
        page = found.person().get("/billing").text
        assert "412,310" in page
        assert 'href="/billing/case/1"' not in page
        assert found.person().get("/billing/case/1").status_code == 404


def test_nearly_all_is_never_all(desk: Hall) -> None:
    words = Words("en", desk.runtime.settings.zone)
    assert said.percent(words, 0.9999999).replace("\xa0", " ") == "99.99 %"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_case_tells_what_is_open_and_what_was_frozen(desk: Hall, language: str) -> None:
    done = {"required": 1200, "done": 1162, "twice": 37, "unreachable": 1}
    count(desk, stages={"refunded": done})
    desk.now += timedelta(minutes=1)
    count(desk, stages={"refunded": done | {"done": 1163}})
    page = desk.person("administrator", language=language).get("/billing/case/1").text
    words = catalogue(language)
    assert words["billingblocker.twice"] in page
    assert words["billingblocker.not_contained"] in page
    assert words["billing.undecided"] in page
    assert "1200:ffffffffffff" in page
    assert "<svg" in page
    assert words["billing.override"] in page
    assert words["billing.override"] not in desk.person(language=language).get("/billing/case/1").text


def test_the_ticket_leads_to_its_case_and_tells_why_it_stays_open(desk: Hall) -> None:
    who = desk.person()
    page = who.get("/ticket/1").text
    assert 'href="/billing/case/1"' in page
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    form = {"csrf": csrf(page), "version": version, "text": "the run was repeated", "reason": "the run was repeated"}
    answer = who.post("/ticket/1/resolve", data=form)
    assert answer.status_code == 409
    assert catalogue("en")["error.kept_open"] in answer.text


def test_people_decide_on_the_page(desk: Hall) -> None:
    count(desk)
    who = desk.person()
    post(who, "contain")
    assert catalogue("en")["billingunfit.contained"] in post(who, "contain")
    assert "nothing was spent" in post(who, "waive", stage="refunded", reason="nothing was spent")
    post(who, "require", stage="refunded")
    post(who, "compensate", tariffs="alga, prestige", bucket="gift", amount="5")
    assert catalogue("en")["billingunfit.compensation"] in post(who, "compensate", tariffs="", bucket="b", amount="5")
    (sent,) = desk.machine.get("/billing/cases").json()["cases"]
    assert sent["until"] == NOON.isoformat()
    assert sent["compensation"] == {"tariffs": ["alga", "prestige"], "bucket": "gift", "amountMinor": 5}
    assert sent["stages"] == ["charged", "refunded", "told", "compensated"]
    stale = who.get("/billing/case/1").text
    post(who, "waive", stage="told", reason="why")
    answer = who.post("/billing/case/1/contain", data={"csrf": csrf(stale), "version": "0"})
    assert answer.status_code == 409
    assert who.post("/billing/case/1/override", data={"csrf": csrf(stale), "version": "9"}).status_code == 403
    viewer = desk.person("viewer")
    assert viewer.post("/billing/case/1/contain", data={"csrf": csrf(stale), "version": "0"}).status_code == 403


def test_the_settings_name_the_table(desk: Hall) -> None:
    page = desk.person("viewer").get("/settings/policies")
    assert page.status_code == 200
    assert "[billing]" in page.text
