"""A stand-in for Grafana's HTTP API: state, uids, versions, conflicts, permissions, as Grafana documents them.

It refuses every body that the API document refuses, and stricter: a property the document does not name is an error,
because Grafana would drop it without a word. Its own answers are held to the same document.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from tests.contract.web import web

Json = Any

ADMIN = frozenset(
    {"datasources:read", "datasources:create", "datasources:write", "folders:create", "dashboards:write", "read"}
)
EDITOR = frozenset({"datasources:read", "folders:create", "dashboards:write", "read"})
VIEWER = frozenset({"read"})


class RefusalError(Exception):
    """An HTTP answer that is no success."""

    def __init__(self, status: int, message: str, /, **more: Json) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, **more}


class Document:
    """The API document: which bodies a path takes and gives."""

    def __init__(self, file: Path) -> None:
        self.root = json.loads(file.read_text("utf-8"))
        # What is inside a dashboard the document describes as it was long ago: links and panels as single objects.
        self.root["components"]["schemas"]["Dashboard"] = {"type": "object"}
        self.components = _closed(self.root["components"])
        self.paths = [(re.compile("/".join(map(_part, path.split("/")))), path) for path in self.root["paths"]]

    def operation(self, method: str, path: str) -> Json:
        for pattern, template in self.paths:
            if pattern.fullmatch(path) and method.lower() in self.root["paths"][template]:
                return self.root["paths"][template][method.lower()]
        raise RefusalError(404, f"the API document has no {method} {path}")

    def check_request(self, operation: Json, body: Json) -> None:
        wanted = operation.get("requestBody")
        if wanted is None:
            if body is not None:
                raise RefusalError(400, f"{operation['operationId']} takes no body")
            return
        schema = self._resolved(wanted)["content"]["application/json"]["schema"]
        if faults := self._faults(schema, body):
            raise RefusalError(400, "bad request data: " + "; ".join(faults))

    def check_response(self, operation: Json, status: int, body: Json) -> list[str]:
        answers = operation["responses"]
        if str(status) not in answers:
            return [f"{operation['operationId']} never answers {status}"]
        content = self._resolved(answers[str(status)]).get("content")
        return self._faults(content["application/json"]["schema"], body) if content else []

    def _faults(self, schema: Json, body: Json) -> list[str]:
        whole = {**_closed(schema), "components": self.components}
        return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(body)]

    def _resolved(self, value: Json) -> Json:
        if "$ref" in value:
            _, _, kind, name = value["$ref"].split("/")
            return self.root["components"][kind][name]
        return value


def _part(part: str) -> str:
    return "[^/]+" if part.startswith("{") else re.escape(part)


def _closed(value: Json) -> Json:
    """Close every object that names its properties; Grafana's dashboards keep theirs open."""
    if isinstance(value, dict):
        result = {key: _closed(inner) for key, inner in value.items()}
        if "properties" in result and result.get("type") == "object":
            result.setdefault("additionalProperties", False)
        return result
    return [_closed(inner) for inner in value] if isinstance(value, list) else value


@dataclass
class Saved:
    """A dashboard as Grafana keeps it."""

    id: int
    folder: str
    versions: list[tuple[Json, str, str]] = field(default_factory=list)  # (dashboard, message, by)
    provisioned: bool = False


@dataclass
class GrafanaState:
    """What survives a restart."""

    sources: dict[str, Json] = field(default_factory=dict)
    folders: dict[str, Json] = field(default_factory=dict)
    boards: dict[str, Saved] = field(default_factory=dict)
    tokens: dict[str, frozenset[str]] = field(default_factory=lambda: {"admin-token": ADMIN})
    version: str = "13.0.0"
    migrates: bool = False  # answer with dashboards brought to a newer schema, as Grafana 12 and 13 may
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # where an answer of the stand-in is not Grafana's
    # Called before each request is handled; it may raise RefusalError or change the state as another person would.
    interfere: Callable[[str, str], None] = lambda method, path: None
    # Called after a request was handled and before it is answered; True loses the answer.
    lose: Callable[[str, str], bool] = lambda method, path: False

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]

    def edit(self, uid: str, by: str, **changes: Json) -> None:
        """Change a board as a person does in the browser."""
        saved = self.boards[uid]
        board = {**saved.versions[-1][0], **changes, "version": len(saved.versions) + 1}
        saved.versions.append((board, "", by))


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one segment an answer; two would wait for each other's acknowledgement
    state: GrafanaState
    document: Document
    lock: threading.Lock

    def handle_one(self) -> None:
        method, path = self.command, urlsplit(self.path).path
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        with self.lock:
            self.state.requests.append((method, path))
            try:
                status, body = self._answer(method, path, raw)
            except RefusalError as refusal:
                status, body = refusal.status, refusal.body
            lost = self.state.lose(method, path)
        if lost:
            self.close_connection = True
            return
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing: tests look at the state."""

    def _answer(self, method: str, path: str, raw: bytes) -> tuple[int, Json]:
        self.state.interfere(method, path)
        operation = self.document.operation(method, path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if path != "/api/health" and token not in self.state.tokens:
            raise RefusalError(401, "Invalid API key")
        body = json.loads(raw) if raw else None
        self.document.check_request(operation, body)
        permissions = self.state.tokens.get(token, frozenset())
        for (verb, pattern), (permission, act) in ROUTES.items():
            if verb == method and (match := re.fullmatch(pattern, path)):
                if permission and permission not in permissions:
                    text = (
                        f"You'll need additional permissions to perform this action. Permissions needed: {permission}"
                    )
                    raise RefusalError(403, text)
                answer = act(self.state, *match.groups(), *([body] if body is not None else []))
                self.state.faults += self.document.check_response(operation, 200, answer)
                return 200, answer
        raise RefusalError(404, f"the stand-in has no {method} {path}")


def _health(state: GrafanaState) -> Json:
    return {"database": "ok", "version": state.version, "commit": "0"}


def _org(state: GrafanaState) -> Json:
    return {"id": 1, "name": "Main Org."}


def _source(state: GrafanaState, uid: str) -> Json:
    try:
        return state.sources[uid]
    except KeyError:
        raise RefusalError(404, "Data source not found") from None


def _add_source(state: GrafanaState, body: Json) -> Json:
    if body["uid"] in state.sources or any(one["name"] == body["name"] for one in state.sources.values()):
        raise RefusalError(409, "data source with the same name already exists")
    state.sources[body["uid"]] = {"id": len(state.sources) + 1, "orgId": 1, "version": 1, "readOnly": False, **body}
    return {"id": 1, "name": body["name"], "message": "Datasource added", "datasource": state.sources[body["uid"]]}


def _change_source(state: GrafanaState, uid: str, body: Json) -> Json:
    there = _source(state, uid)
    if there["readOnly"]:
        raise RefusalError(403, "Cannot update read-only data source")
    there.update(body, version=there["version"] + 1)
    return {"id": there["id"], "name": there["name"], "message": "Datasource updated", "datasource": there}


def _folder(state: GrafanaState, uid: str) -> Json:
    try:
        return state.folders[uid]
    except KeyError:
        raise RefusalError(404, "folder not found", status="not-found") from None


def _add_folder(state: GrafanaState, body: Json) -> Json:
    if body["uid"] in state.folders:
        raise RefusalError(409, "a folder with that uid already exists")
    if not body.get("title"):
        raise RefusalError(400, "folder title cannot be empty")
    number = len(state.folders) + 1
    state.folders[body["uid"]] = {"id": number, "orgId": 1, "uid": body["uid"], "title": body["title"], "version": 1}
    return state.folders[body["uid"]]


def _board(state: GrafanaState, uid: str) -> Json:
    saved = state.boards.get(uid)
    if saved is None:
        raise RefusalError(404, "Dashboard not found")
    dashboard, _, by = saved.versions[-1]
    if state.migrates:
        dashboard = {**dashboard, "schemaVersion": 42, "preload": False, "fiscalYearStartMonth": 0}
    title = state.folders[saved.folder]["title"] if saved.folder else "Dashboards"
    meta = {
        "folderUid": saved.folder,
        "folderTitle": title,
        "version": len(saved.versions),
        "updatedBy": by,
        "provisioned": saved.provisioned,
        "type": "db",
        "slug": uid,
    }
    return {"dashboard": dashboard, "meta": meta}


def _save(state: GrafanaState, body: Json) -> Json:
    board, folder = dict(body["dashboard"]), body.get("folderUid", "")
    uid = board.get("uid", "")
    if not board.get("title"):
        raise RefusalError(400, "Dashboard title cannot be empty", status="empty-name")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid):
        raise RefusalError(400, "uid contains illegal characters or is too long")
    if folder and folder not in state.folders:
        raise RefusalError(404, "folder not found", status="not-found")
    saved = state.boards.get(uid)
    if saved is None:
        if board.get("id"):
            raise RefusalError(404, "Dashboard not found", status="not-found")
        saved = state.boards[uid] = Saved(len(state.boards) + 1, folder)
    elif saved.provisioned:
        raise RefusalError(400, "Cannot save provisioned dashboard")
    elif not body.get("overwrite") and board.get("version") != len(saved.versions):
        raise RefusalError(412, "The dashboard has been changed by someone else", status="version-mismatch")
    saved.folder = folder  # without folderUid, Grafana moves the dashboard to the root
    number = len(saved.versions) + 1
    saved.versions.append(({**board, "id": saved.id, "version": number}, body.get("message", ""), "sa-ottwatch"))
    return {
        "id": saved.id,
        "uid": uid,
        "title": uid,
        "url": f"/d/{uid}/{uid}",
        "status": "success",
        "version": number,
        **({"folderUid": folder} if folder else {}),
    }


def _versions(state: GrafanaState, uid: str) -> Json:
    if uid not in state.boards:
        raise RefusalError(404, "Dashboard not found")
    entries = [
        {"id": number, "uid": uid, "version": number, "message": message, "createdBy": by}
        for number, (_, message, by) in enumerate(state.boards[uid].versions, 1)
    ]
    return entries[::-1]


ROUTES: Mapping[tuple[str, str], tuple[str, Callable[..., Json]]] = {
    ("GET", "/api/health"): ("", _health),
    ("GET", "/api/org"): ("read", _org),
    ("GET", "/api/datasources/uid/([^/]+)"): ("datasources:read", _source),
    ("POST", "/api/datasources"): ("datasources:create", _add_source),
    ("PUT", "/api/datasources/uid/([^/]+)"): ("datasources:write", _change_source),
    ("GET", "/api/folders/([^/]+)"): ("read", _folder),
    ("POST", "/api/folders"): ("folders:create", _add_folder),
    ("GET", "/api/dashboards/uid/([^/]+)"): ("read", _board),
    ("GET", "/api/dashboards/uid/([^/]+)/versions"): ("read", _versions),
    ("POST", "/api/dashboards/db"): ("dashboards:write", _save),
}


@contextmanager
def serve(state: GrafanaState, document: Document, port: int = 0) -> Iterator[str]:
    """Run the stand-in on loopback; yield its address."""
    bound = type("Bound", (Handler,), {"state": state, "document": document, "lock": threading.Lock()})
    with web(bound, port=port) as address:
        yield f"http://{address}"
