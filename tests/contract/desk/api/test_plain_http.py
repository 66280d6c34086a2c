"""What clients and balancers do that no route names: HEAD, a slash too many, encoded bodies, types, preconditions."""

import gzip
import json

import httpx
import pytest

from alerts.desk.core.database import Database
from alerts.desk.tickets.runtime import Runtime
from tests.contract.desk.api.test_tmf621 import API, FRESH, TICKETS, api, fire, runtime
from tests.contract.desk.payloads import alert, notification
from tests.contract.desk.works.test_planned import WORKS

__all__ = ["api", "runtime"]
WEBHOOK = "/webhook/alertmanager"


@pytest.fixture(params=["sqlite"])
def database(database: Database) -> Database:
    """What HTTP allows has nothing to do with the database: one is enough."""
    return database


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", TICKETS, "/login", "/static/desk.css"])
def test_head_is_get_without_its_body(api: httpx.Client, path: str) -> None:
    got, head = api.get(path), api.head(path)
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


def test_head_of_a_stream_ends(api: httpx.Client) -> None:
    assert api.head("/events", timeout=20).status_code in (200, 303, 401)


def test_head_changes_nothing(api: httpx.Client) -> None:
    assert api.head(WEBHOOK).status_code == 405


def test_a_slash_at_the_end_of_a_machines_address_is_passed_over(api: httpx.Client, runtime: Runtime) -> None:
    assert api.post(f"{WEBHOOK}/", json=notification(alert())).json()["opened"] == 1
    assert api.get(f"{TICKETS}/").json()[0]["id"] == api.get(f"{TICKETS}/1/").json()["id"] == "1"
    assert api.post(f"{TICKETS}//", json=FRESH).status_code == 201
    assert api.get("/readyz/").text == "ready\n"


def test_an_encoded_body_is_refused_by_the_name_of_its_header(api: httpx.Client) -> None:
    body = gzip.compress(json.dumps(notification(alert())).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = api.post(WEBHOOK, content=body, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        'the body came with "Content-Encoding: gzip"; send it as it is, without that header',
    )


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json-patch+json", [{"op": "replace", "path": "/name", "value": "x"}], "send a merge patch"),
        ("application/json-patch-query+json", [{"op": "replace", "path": "/name", "value": "x"}], "send a merge patch"),
        ("text/plain", {"name": "x"}, 'its Content-Type is "text/plain"; send application/json'),
        ("", {"name": "x"}, "its Content-Type is missing; send application/json"),
        ("application/json", ["x"], "body: Input should be"),
    ],
)
def test_a_patch_of_another_type(api: httpx.Client, runtime: Runtime, kind: str, body: object, words: str) -> None:
    fire(runtime, "edge-1")
    headers = {"Content-Type": kind} if kind else {}
    answer = api.patch(f"{TICKETS}/1", content=json.dumps(body).encode(), headers=headers)
    assert answer.status_code == 400
    assert words in answer.json()["message"]


def test_a_change_that_depends_on_what_was_read(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    read = api.get(f"{TICKETS}/1")
    tag, later = {"If-Match": read.headers["etag"]}, {"If-Unmodified-Since": "Sun, 01 Mar 2026 12:00:10 GMT"}
    assert api.patch(f"{TICKETS}/1", json={"name": "a"}, headers=later).status_code == 200
    stale = api.patch(f"{TICKETS}/1", json={"name": "b"}, headers=tag)
    assert stale.status_code == 412
    assert "read it again" in stale.json()["message"]
    assert api.get(f"{TICKETS}/1").json()["name"] == "a"
    tags = f'"0", {api.get(f"{TICKETS}/1").headers["etag"]}'
    done = api.patch(f"{TICKETS}/1", json={"name": "c"}, headers={"If-Match": tags})
    assert (done.status_code, done.headers["etag"]) == (200, api.get(f"{TICKETS}/1").headers["etag"])
    assert api.patch(f"{TICKETS}/1", json={"name": "d"}, headers={"If-Match": "*"}).status_code == 200
    earlier = {"If-Unmodified-Since": "Sun, 01 Mar 2026 12:00:09 GMT"}
    assert api.patch(f"{TICKETS}/1", json={"name": "e"}, headers=earlier).status_code == 412
    wrong = api.patch(f"{TICKETS}/1", json={"name": "e"}, headers={"If-Unmodified-Since": "yesterday"})
    assert (wrong.status_code, "not a date of HTTP" in wrong.json()["message"]) == (400, True)
    assert api.get(f"{TICKETS}/1").json()["name"] == "d"


@pytest.mark.parametrize("shown", ['W/"{}"', '"{}-gzip"', '"{};gzip"', '"x", W/"{}-br"'], ids=str)
def test_a_tag_as_a_compressing_proxy_made_it(api: httpx.Client, runtime: Runtime, shown: str) -> None:
    fire(runtime, "edge-1")
    version = api.get(f"{TICKETS}/1").headers["etag"].strip('"')
    tag = {"If-Match": shown.format(version)}
    assert api.patch(f"{TICKETS}/1", json={"name": "a"}, headers=tag).status_code == 200
    assert api.patch(f"{TICKETS}/1", json={"name": "b"}, headers=tag).status_code == 412


def test_a_precondition_that_is_not_evaluated_is_refused(api: httpx.Client) -> None:
    for answer in (
        api.post(TICKETS, json=FRESH, headers={"If-Unmodified-Since": "Sun, 01 Mar 2026 12:00:10 GMT"}),
        api.put(f"{WORKS}/1", json={}, headers={"If-Match": '"1"'}),
        api.post(f"{API}/hub", json={"callback": "http://127.0.0.1:9/x"}, headers={"If-Match": '"1"'}),
    ):
        assert answer.status_code == 400
        assert "is not evaluated here; leave the header out" in answer.json()["message"]
    assert api.get(TICKETS, headers={"If-Match": '"1"'}).json() == []
