"""Appeals about a fee while its billing case is open: linked, answered together, shown by TMF621 from both sides."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from alerts.desk.appeals import linking, mass_answer
from alerts.desk.appeals.states import Status
from alerts.desk.billing import rounds
from alerts.desk.billing import store as cases
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.tickets.runtime import Runtime
from tests.contract.desk.alarms.test_ingest import send
from tests.contract.desk.api.test_tmf621 import TICKETS, conforms, document, runtime
from tests.contract.desk.api.test_tmf621_appeals import by, marked
from tests.contract.desk.api.test_tmf683 import INTERACTIONS, api, bureau, called, url
from tests.contract.desk.appeals.appeals_desk import Bureau
from tests.contract.desk.payloads import alert, notification
from tests.unit.desk.billing.counted import Agent

__all__ = ["api", "bureau", "conforms", "document", "runtime", "url"]

APPEALS = "/api/v1/appeals"
FEE, PICTURE = "16", "01"
ALERT: dict[str, Any] = {
    "alertname": "BillingIncomplete",
    "service": "ott",
    "component": "billing",
    "site": "",
    "node": "",
}


@pytest.fixture
def case(runtime: Runtime, bureau: Bureau) -> int:
    """Open a billing case of the service ott; return the number of its ticket."""
    fault = notification(alert(**ALERT), alertname="BillingIncomplete", service="ott")
    send(runtime.database, fault, runtime.now(), runtime.policy)
    assert rounds.open_cases(runtime.desk) == 1
    with runtime.database.read() as connection:
        (found,) = cases.current(connection)
    return found.ticket_id


def count(runtime: Runtime) -> None:
    """Let the agent count whom the case concerns: the tariffs alga and prestige."""
    agent = Agent(runtime.now(), runtime.now() - timedelta(minutes=30))
    rounds.take_over(runtime.desk, BillingCaseSettings(), lambda: agent)  # type: ignore[arg-type, return-value]


def cabinet(place: int = 0, **changes: Any) -> dict[str, Any]:
    said = {"number": f"+7701234567{place}", "service": "ott", "code": FEE, "region": "Astana", "answerBy": "mobile"}
    return said | changes


def test_an_appeal_about_a_fee_is_linked_to_the_open_case(
    api: httpx.Client, bureau: Bureau, case: int, conforms: Any
) -> None:
    made = api.post(APPEALS, json=cabinet())
    assert made.status_code == 201, made.text
    assert made.json()["routes"] == ["RT19", "RT7"]
    assert bureau.appeal(1).request_due is False  # the supplier cannot mend the billing
    shown = api.get(f"{TICKETS}/A-2026-000001").json()
    conforms(shown, "TroubleTicket")
    (proposed,) = shown["troubleTicketRelationship"]
    assert (proposed["id"], proposed["relationshipType"]) == (str(case), "mayBeCausedBy")
    linking.confirm(bureau.hand(1), case)
    (cause,) = api.get(f"{TICKETS}/A-2026-000001").json()["troubleTicketRelationship"]
    assert (cause["id"], cause["relationshipType"]) == (str(case), "isCausedBy")
    ticket = api.get(f"{TICKETS}/{case}").json()
    conforms(ticket, "TroubleTicket")
    assert ticket["ticketType"] == "billingIncident"
    assert [(each["id"], each["relationshipType"]) for each in ticket["troubleTicketRelationship"]] == [
        ("A-2026-000001", "isCauseOf")
    ]
    assert [each["id"] for each in api.get(TICKETS, params={"ticketType": "billingIncident"}).json()] == [str(case)]
    linking.undo(bureau.hand(1), case)
    assert "troubleTicketRelationship" not in api.get(f"{TICKETS}/{case}").json()
    assert api.get(f"{TICKETS}/A-2026-000001").json().get("troubleTicketRelationship", []) == []


def test_every_document_follows_the_route_of_billing(api: httpx.Client, bureau: Bureau, case: int) -> None:
    marks = marked(code=FEE, broadband="works", tariff="alga")
    assert api.post(
        TICKETS, json=by("+77012345671", ticketType="billDispute", troubleTicketCharacteristic=marks)
    ).is_success
    assert api.post(INTERACTIONS, json=called(reason=FEE)).is_success
    assert [bureau.appeal(number).route for number in (1, 2)] == ["RT19 RT3"] * 2


def test_the_answer_of_the_case_reaches_everybody_who_waits_for_it(
    api: httpx.Client, bureau: Bureau, case: int
) -> None:
    for place in range(3):
        api.post(APPEALS, json=cabinet(place))
        linking.confirm(bureau.hand(place + 1), case)
    bureau.ticket_status(case, "resolved")
    text = "The fee of March is charged again correctly"
    assert mass_answer.begin(bureau.database, bureau.rules, case, text, "Dana", bureau.now)
    assert mass_answer.give(bureau.database, bureau.rules, bureau.now) == 3
    assert {bureau.appeal(number).status for number in (1, 2, 3)} == {Status.RESOLVED}
    # Corrected: who appeals now has another problem.
    assert api.post(APPEALS, json=cabinet(4)).json()["routes"] == ["RT7"]


def test_a_case_of_other_tariffs_is_not_the_cause(
    api: httpx.Client, runtime: Runtime, bureau: Bureau, case: int
) -> None:
    def routes(place: int, **changes: Any) -> list[str]:
        found: list[str] = api.post(APPEALS, json=cabinet(place, **changes)).json()["routes"]
        return found

    assert routes(0, tariff="silver") == ["RT19", "RT7"]  # not counted yet: nobody knows
    count(runtime)
    assert routes(1, tariff="silver") == ["RT7"]
    assert routes(2, tariff="alga") == ["RT19", "RT7"]
    assert routes(3) == ["RT19", "RT7"]
    long = api.post(APPEALS, json=cabinet(4, tariff="x" * 201))
    assert (long.status_code, long.json()["message"]) == (400, "tariff: is too long")


def test_billing_and_outages_are_no_causes_of_each_other(api: httpx.Client, bureau: Bureau, case: int) -> None:
    def links(**changes: Any) -> list[str]:
        made = api.post(APPEALS, json=cabinet(bureau.count(), **changes)).json()
        shown = api.get(f"{TICKETS}/A-2026-{made['id']:06}").json()
        return [each["id"] for each in shown.get("troubleTicketRelationship", [])]

    assert links(code=PICTURE) == []
    assert links(service="iptv") == []  # nothing across services
    incident = bureau.incident()
    assert links(code=PICTURE) == [str(incident)]
    assert links() == [str(case)]
    assert links(code="18") == []  # a question has no cause
