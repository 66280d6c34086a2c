"""Appeals on the console: what each role sees and may do, and that a supplier sees no customer."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from alerts.desk.access import tokens
from alerts.desk.access.roles import Principal
from alerts.desk.access.trail import By
from alerts.desk.appeals import actions, linking, mass_answer, store, timers
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.mail import receiving
from alerts.desk.appeals.states import AnswerBy, Queue, Status
from alerts.desk.console.appeals import routes as appeal_routes
from alerts.desk.console.appeals.steps import steps
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.mass_notice import MassNotice
from alerts.desk.core.words import catalogue, languages
from tests.contract.desk.appeals.appeals_desk import TEXT, Bureau, rules
from tests.unit.desk.console_desk import Caller, Hall, csrf, hall

NUMBER = "8 701 234 56 78"


@pytest.fixture
def control_room(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as found:
        known = rules()
        known.settings.units["Dana"] = "Astana"
        found.machine.app.state.appeals = known
        yield found


@pytest.fixture
def bureau(control_room: Hall) -> Bureau:
    return Bureau(control_room.runtime.database, control_room.machine.app.state.appeals, control_room.now)


def post(caller: Caller, path: str, **fields: object) -> str:
    page = caller.get("/appeals").text
    answer = caller.post(path, data={"csrf": csrf(page), **fields})
    return unescape(answer.text)


def version(bureau: Bureau, number: int) -> object:
    return bureau.appeal(number).version


def test_call_is_registered_in_three_steps(control_room: Hall, bureau: Bureau) -> None:
    operator = control_room.person("operator160")
    assert 'name="number"' in operator.get("/appeals/new").text
    asked = post(operator, "/appeals/new", number=NUMBER)
    assert "Does broadband work?" in asked
    assert "This customer has not appealed before." in asked
    asked = post(operator, "/appeals/new", number=NUMBER, broadband="works")
    assert "No channel plays" in asked
    assert '<option value="mobile" selected>' in asked
    done = post(
        operator,
        "/appeals/new",
        number=NUMBER,
        broadband="works",
        ready="1",
        code="no CHANNEL",
        region="Astana",
    )
    assert "The appeal is registered; the supplier has to be asked." in done
    assert bureau.appeal(1).code == "01"
    again = post(operator, "/appeals/new", number=NUMBER)
    assert re.search(r'<a href="/appeals/1">1</a> No channel plays, Astana', again)


def test_open_incident_is_linked_by_one_step(control_room: Hall, bureau: Bureau) -> None:
    incident = bureau.incident("edge-2")
    operator = control_room.person("operator160")
    asked = post(operator, "/appeals/new", number=NUMBER)
    assert "edge-2 is down" in asked
    done = post(operator, "/appeals/new", number=NUMBER, broadband="works", ready="1", code="01", region="Astana")
    assert "seems to be the cause: edge-2 is down" in done
    shown = post(operator, "/appeals/1/confirm", version=version(bureau, 1), ticket=incident)
    assert "waiting (emergency ticket)" in shown
    shown = post(operator, "/appeals/1/undo", version=version(bureau, 1), ticket=incident)
    assert bureau.appeal(1).request_due is True


def test_broken_broadband_is_transferred(control_room: Hall, bureau: Bureau) -> None:
    operator = control_room.person("operator160")
    done = post(operator, "/appeals/new", number=NUMBER, broadband="broken")
    assert "there is no such code" in done
    done = post(operator, "/appeals/new", number=NUMBER, broadband="broken", code="01")
    assert "Transfer the customer to 165" in done
    bureau_of_repair = control_room.person("operator165")
    assert "Transfer the customer to 160" in post(bureau_of_repair, "/appeals/new", number=NUMBER, broadband="works")
    assert bureau.count() == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"number": "12"}, "Customer's number: this is no telephone number"),
        ({"number": NUMBER, "broadband": "works", "ready": "1", "code": "99"}, "Code: there is no such code"),
        (
            {"number": NUMBER, "broadband": "works", "ready": "1", "code": "01", "answer_by": "email"},
            "E-mail address for the answer: this is no e-mail address",
        ),
    ],
)
def test_what_is_missing_is_named(control_room: Hall, fields: dict[str, object], sentence: str) -> None:
    assert sentence in post(control_room.person("operator160"), "/appeals/new", **fields)


def test_supplier_sees_its_own_and_no_customer(control_room: Hall, bureau: Bureau) -> None:
    ours = bureau.registered()
    theirs = bureau.registered(number="87012345679", text="Planted of another")

    actions.request_sent(bureau.hand(ours), received=True)
    supplier = control_room.person("supplier")
    listed = supplier.get("/").text
    assert f'href="/appeals/{ours}"' in listed
    assert f'href="/appeals/{theirs}"' not in listed
    page = supplier.get(f"/appeals/{ours}").text
    for planted in (TEXT.partition("'")[0], "Saule", "701234", "2345678"):
        assert planted not in page
    assert supplier.get(f"/appeals/{theirs}").status_code == 404
    for path in ("/overview", "/ticket/1", "/reports", "/appeals/new", "/appeals/free-months", "/api/v1/appeals"):
        assert supplier.get(path).status_code in (401, 403), path
    post(supplier, f"/appeals/{ours}/answer", version=version(bureau, ours), text="A certificate had expired")
    row = bureau.appeal(ours)
    assert (row.status, row.queue) == (Status.RESOLVED, Queue.CALLS_160)
    assert ev.SupplierReplied() in bureau.bodies(ours, ev.SupplierReplied)
    assert supplier.get(f"/appeals/{ours}").status_code == 404


def test_branch_sees_its_region_and_an_account_without_one_nothing(control_room: Hall, bureau: Bureau) -> None:
    astana = bureau.registered()
    almaty = bureau.registered(number="87012345679", region="Almaty")
    dana, timur = control_room.person("branch", name="Dana"), control_room.person("branch", name="Timur")
    assert [dana.get(f"/appeals/{number}").status_code for number in (astana, almaty)] == [200, 404]
    assert [timur.get(f"/appeals/{number}").status_code for number in (astana, almaty)] == [404, 404]
    assert "No appeal is open." in timur.get("/appeals").text
    assert "Saule A." in dana.get(f"/appeals/{astana}").text


def test_way_of_an_appeal_on_the_console(control_room: Hall, bureau: Bureau) -> None:
    number = bureau.registered()
    operator = control_room.person("operator160")
    for do, fields, status in (
        ("take", {}, "in progress"),
        ("ask", {"text": "Which device?"}, "waiting for the customer"),
        ("resume", {"text": "A television"}, "in progress"),
        ("answer", {"text": "Reinstall the application"}, "answer ready"),
        ("reached", {}, "closed"),
    ):
        shown = post(operator, f"/appeals/{number}/{do}", version=version(bureau, number), **fields)
        assert f'<strong id="status">{status}</strong>' in shown, do
    assert "Reinstall the application" in shown
    stale = post(operator, f"/appeals/{number}/take", version=version(bureau, number))
    assert "This is not possible in the present state." in stale


def test_stale_page_changes_nothing(control_room: Hall, bureau: Bureau) -> None:
    number = bureau.registered()
    operator = control_room.person("operator160")
    seen = version(bureau, number)
    bureau.say()
    assert "The appeal has changed" in post(operator, f"/appeals/{number}/take", version=seen)
    assert "Fill in the field" in post(operator, f"/appeals/{number}/answer", version=version(bureau, number), text=" ")
    assert bureau.appeal(number).status == Status.ACKNOWLEDGED


def test_free_months_are_decided_by_who_may(control_room: Hall, bureau: Bureau) -> None:

    numbers = [bureau.registered(number=f"8701234567{place}") for place in range(3)]
    bureau.pass_(hours=25)
    control_room.now = bureau.now
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    dana = control_room.person("branch", name="Dana")
    assert dana.get("/appeals/free-months").text.count('name="pick"') == 3
    assert "Only an administrator" in post(dana, "/appeals/free-months", do="approved", pick=["1", "2"])
    post(dana, "/appeals/free-months", do="approved", pick="1")
    assert "Give the reason" in post(dana, "/appeals/free-months", do="refused", pick="2")
    administrator = control_room.person("administrator")
    post(administrator, "/appeals/free-months", do="approved", pick=["2", "3"])
    bureau.export()
    for do in ("credited", "told"):
        post(administrator, "/appeals/free-months", do=do, pick=["1", "2", "3"])
    assert bureau.free_months() == [(number, "told") for number in numbers]
    assert control_room.person("operator160").post("/appeals/free-months", data={"csrf": "x"}).status_code == 403


def test_all_free_months_are_approved_by_the_number_that_was_shown(
    control_room: Hall, bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appeal_routes, "SHOWN", 2)
    path = "/appeals/free-months"

    def late(first: int, last: int) -> None:
        for place in range(first, last):
            bureau.registered(number=f"8701234567{place}")
        bureau.pass_(hours=25)
        control_room.now = bureau.now
        timers.run_due(bureau.database, bureau.rules, bureau.now)

    late(0, 4)
    administrator = control_room.person("administrator")
    shown = administrator.get(path).text
    assert shown.count('name="pick"') == 2
    assert "The oldest 2 of 4 are shown." in shown
    assert "Approve all: 4" in shown
    assert "Approve all" not in control_room.person("branch", name="Dana").get(path).text
    late(4, 5)
    administrator = control_room.person("administrator", name="Gulnara")  # the first one was logged out
    assert "more or fewer free months now" in post(administrator, path, all="approved 4")
    assert {state for _, state in bureau.free_months()} == {"proposed"}
    post(administrator, path, all="approved 5")
    assert {state for _, state in bureau.free_months()} == {"approved"}
    bureau.export()
    for step in ("credited", "told"):
        post(administrator, path, all=f"{step} 5")
    assert [state for _, state in bureau.free_months()] == ["told"] * 5
    for who, every in (("branch", "approved 0"), ("administrator", "refused 0"), ("administrator", "approved x")):
        caller = control_room.person(who, name="Erlan") if who == "branch" else administrator
        answer = caller.post(path, data={"csrf": csrf(caller.get("/appeals").text), "all": every})
        assert answer.status_code == 403


def test_others_have_no_appeals(control_room: Hall, bureau: Bureau) -> None:
    number = bureau.registered()
    for role in ("viewer", "engineer"):
        person = control_room.person(role)
        for path in ("/appeals", "/appeals/new", f"/appeals/{number}", "/appeals/free-months"):
            assert person.get(path).status_code == 403, (role, path)
        assert 'href="/appeals"' not in person.get("/").text
    assert control_room.machine.get("/appeals", follow=False).status_code == 303


def test_desk_without_the_table_has_no_such_pages(tmp_path: Path) -> None:
    with hall(tmp_path) as found:
        administrator = found.person("administrator")
        assert administrator.get("/appeals").status_code == 404
        assert 'href="/appeals"' not in administrator.get("/").text


def test_a_form_from_elsewhere_is_refused(control_room: Hall, bureau: Bureau) -> None:
    number = bureau.registered()
    operator = control_room.person("operator160")
    for path in ("/appeals/new", f"/appeals/{number}/take", "/appeals/free-months"):
        answer = operator.post(path, data={"csrf": "forged", "version": "1", "number": NUMBER})
        assert answer.status_code == 403, path
    assert bureau.appeal(number).owner == ""


@pytest.mark.parametrize("language", languages())
def test_every_word_of_appeals_has_its_text(language: str) -> None:
    texts = catalogue(language)
    fixed = {"owner": "", "claim": True, "answer_by": AnswerBy.EMAIL}
    rows = [
        Appeal(fixed | {"status": status, "queue": queue, "request_due": due})
        for status in Status
        for queue in Queue
        for due in (True, False)
    ]

    named = {
        step.name for row in rows for role in ("operator160", "supplier") for step in steps(row, Principal("x", role))
    }
    assert {f"appealstep.{name}" for name in named} <= set(texts)
    for row in rows:
        keys = [step.key for step in steps(row, Principal("x", "operator160"))]
        assert len(keys) == len(set(keys)), "two steps share a key"
    assert {f"appealstatus.{status}" for status in Status} <= set(texts)
    assert {f"appealqueue.{queue}" for queue in Queue} <= set(texts)
    assert {f"answerby.{each}" for each in AnswerBy} <= set(texts)
    assert {f"appealevent.{kind.__name__}" for kind in ev.Body.__args__} <= set(texts)


def test_cabinet_registers_over_the_api(control_room: Hall, bureau: Bureau) -> None:

    token = tokens.create(control_room.runtime.database, By("test"), "portal", "cabinet", control_room.now)
    cabinet = Caller(control_room.machine.app, {"Authorization": f"Bearer {token}"})
    body = {
        "number": NUMBER,
        "service": "ott",
        "code": "01",
        "region": "Astana",
        "text": TEXT,
        "email": "saule@example.kz",
        "cabinetRef": "LK-7",
    }
    done = cabinet.post("/api/v1/appeals", json=body)
    assert (done.status_code, done.json()["routes"], done.json()["queue"]) == (201, ["RT7"], "branch")
    again = cabinet.post("/api/v1/appeals", json=body)
    assert (again.status_code, again.json()["id"], again.json()["repeats"]) == (200, done.json()["id"], 1)
    for changes, sentence in (
        ({"number": "1"}, "number: is no telephone number"),
        ({"email": "x", "code": "02"}, "email: is no e-mail address"),
        ({"colour": "red"}, 'unknown attribute "colour"'),
        ({"appealedAt": "2099-01-01T00:00:00Z"}, "appealedAt: lies in the future"),
    ):
        refused = cabinet.post("/api/v1/appeals", json=body | changes)
        assert (refused.status_code, sentence in refused.json()["message"]) == (400, True), refused.text
    # The cabinet only registers; who reads gets no contact.
    assert cabinet.get("/api/v1/appeals").status_code == 403
    reader = control_room.person("chief")
    for path in ("/api/v1/appeals", f"/api/v1/appeals/{done.json()['id']}"):
        read = reader.get(path)
        assert read.status_code == 200
        for planted in ("701234", "saule", "Saule", "froze"):
            assert planted not in read.text
    assert reader.get("/api/v1/appeals/99").status_code == 404


def test_mass_is_linked_and_undone_from_the_list(control_room: Hall, bureau: Bureau) -> None:
    for place in range(10):
        bureau.registered(number=f"8701234567{place}")
    bureau.pass_(minutes=1)
    control_room.now = bureau.now
    incident = bureau.incident("edge-2")
    operator = control_room.person("operator160")
    shown = unescape(operator.get("/appeals").text)
    assert "10 customers have appealed within 15 minutes" in shown
    assert f"Link 10 appeals to ticket {incident}" in shown
    cell = {"group": "playback", "region": "Astana", "service": "ott", "ticket": incident}
    after = post(operator, "/appeals/mass", **cell)
    assert "10 appeals are linked" in after
    assert "have appealed within" not in after
    assert "have appealed within" in post(operator, "/appeals/mass/undo", ticket=incident)
    for role in ("branch", "chief"):
        reader = control_room.person(role)
        assert "have appealed within" not in reader.get("/appeals").text
        key = csrf(reader.get("/appeals").text)
        for path in ("/appeals/mass", "/appeals/mass/undo"):
            assert reader.post(path, data={"csrf": key, **cell}).status_code == 403


def test_mass_over_all_regions_is_shown_and_linked_without_those_apart(control_room: Hall, bureau: Bureau) -> None:
    for place in range(19):
        bureau.registered(number=f"870123456{place:02}", region="Astana" if place < 10 else "Almaty")
    bureau.pass_(minutes=1)
    control_room.now = bureau.now
    incident = bureau.incident("origin", site="")
    operator = control_room.person("operator160")
    shown = unescape(operator.get("/appeals").text)
    assert "19 customers have appealed within 15 minutes</strong>: playback, all regions, ott." in shown
    assert "<p>Astana: <strong>10</strong>, Almaty: <strong>9</strong></p>" in shown
    assert f"Link 19 appeals to ticket {incident}" in shown
    assert shown.count('action="/appeals/mass"') == 1
    assert "Not counting" not in shown
    cell = {"group": "playback", "region": "*", "service": "ott", "ticket": incident}
    assert "10 appeals are linked" in post(operator, "/appeals/mass", **cell, apart="Almaty")
    assert "19 appeals are linked" in post(operator, "/appeals/mass", **cell)


def test_regions_of_a_mass_that_are_proposed_separately_are_named(control_room: Hall, bureau: Bureau) -> None:
    settings = replace(bureau.rules.settings, regions=("Astana", "Almaty", "Shymkent"))
    control_room.machine.app.state.appeals = bureau.rules = replace(bureau.rules, settings=settings)
    for place in range(30):
        bureau.registered(number=f"870123456{place:02}", region=settings.regions[place % 3])
    bureau.pass_(minutes=1)
    control_room.now = bureau.now
    incident = bureau.incident("edge-2")  # of Astana
    shown = unescape(control_room.person("operator160").get("/appeals").text)
    assert "20 customers have appealed within 15 minutes</strong>: playback, all regions, ott." in shown
    assert "Not counting Astana: proposed separately." in shown
    assert "10 customers have appealed within 15 minutes</strong>: playback, Astana, ott." in shown
    assert f"Link 10 appeals to ticket {incident}" in shown
    bureau.incident("origin", site="")
    shown = unescape(control_room.person("operator160").get("/appeals").text)
    assert "30 customers have appealed within 15 minutes</strong>: playback, all regions, ott." in shown


def test_a_ticket_shows_who_called_and_answers_everybody(control_room: Hall, bureau: Bureau) -> None:
    operator, engineer = control_room.person("operator160"), control_room.person("engineer", name="Timur")
    ticket = bureau.incident()
    assert 'id="appeals"' not in operator.get(f"/ticket/{ticket}").text
    number = bureau.registered()
    other = bureau.registered(number="87012345679", region="Almaty")
    with bureau.database.write() as connection:
        store.put_link(connection, other, ticket, "proposed", actor="desk", at=bureau.now)
    for each in (number, other):
        linking.confirm(bureau.hand(each), ticket)
    page = operator.get(f"/ticket/{ticket}").text
    assert "2 customers have called" in page
    assert "Almaty: <strong>1</strong>, Astana: <strong>1</strong>" in page
    assert "do-tell" not in page  # not before it is over
    listed = operator.get(f"/appeals?ticket={ticket}").text
    assert f'href="/appeals/{number}"' in listed
    assert f'href="/appeals/{number}"' not in operator.get(f"/appeals?ticket={ticket + 1}").text
    bureau.ticket_status(ticket, "resolved")
    page = operator.get(f"/ticket/{ticket}").text
    assert "Answer 2 appeals" in page
    seen = engineer.get(f"/ticket/{ticket}").text
    assert "2 customers have called" in seen
    assert "do-tell" not in seen
    assert engineer.post(f"/ticket/{ticket}/appeals", data={"csrf": csrf(seen), "text": "Done"}).status_code == 403
    done = operator.post(f"/ticket/{ticket}/appeals", data={"csrf": csrf(page), "text": "It works again"})
    assert "going on" in done.text
    assert mass_answer.give(bureau.database, bureau.rules, bureau.now) == 2
    assert "2 appeals answered" in operator.get(f"/ticket/{ticket}").text
    assert bureau.appeal(number).status == Status.RESOLVED


def test_a_mass_is_told_on_overview_and_wall(control_room: Hall) -> None:
    control_room.runtime.masses = [MassNotice("playback", "Astana", "ott", 12), MassNotice("app", "*", "ott", 19)]
    reader = control_room.person("viewer")
    for path in ("/overview/part", "/wall/part"):
        shown = reader.get(path).text
        assert "12 customers have appealed within 15 minutes: playback, Astana, ott" in shown, path
        assert "19 customers have appealed within 15 minutes: application, all regions, ott" in shown, path


def test_mail_to_look_at_is_given_to_an_appeal(control_room: Hall, bureau: Bureau) -> None:
    mail = AppealMail("support@supplier.example")
    known = replace(bureau.rules, settings=replace(bureau.rules.settings, mail=mail))
    control_room.machine.app.state.appeals = known
    number = bureau.registered()
    raw = b"From: <b>Eve</b> <eve@evil.example>\r\nSubject: <script>\r\n\r\n<img src=x> It works"
    receiving.receive(bureau.database, known, mail, raw, bureau.now)
    operator = control_room.person("operator160")
    assert "1 message to look at" in operator.get("/appeals").text
    page = operator.get("/appeals/mail").text
    assert "&lt;img src=x&gt; It works" in page
    assert "<script>" not in page.split("<main")[1]
    assert control_room.person("supplier").get("/appeals/mail").status_code == 403
    (form,) = re.findall(r'action="(/appeals/mail/\d+/attach)"', page)
    assert "There is no such appeal" in post(operator, form, number=999)
    assert "It works" in post(operator, form, number=number)
    assert "No mail waits for anybody." in operator.get("/appeals/mail").text
