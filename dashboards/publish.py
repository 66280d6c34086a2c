"""Bringing the boards into a Grafana, and telling beforehand what that would change.

Every step looks before it acts and names things by uid, so a second run changes nothing and a run after an
interruption does what is left. A board's saved version carries a digest of what was published: that tells an
unchanged board from one that someone edited, whatever Grafana's own migrations made of its JSON meanwhile.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from dashboards.context import Local
from dashboards.grafana import Grafana, RefusedError
from dashboards.links import folder_uid
from dashboards.words import LANGUAGES, Language

Json = dict[str, Any]
Action = Literal["create", "update", "move", "unchanged", "keep"]

SOURCE_UID = "ottwatch"
FOLDER_TITLES: dict[Language, str] = {"en": "ottwatch", "ru": "ottwatch (русский)"}

_ATTEMPTS = 3  # to save a board that somebody else saves at the same moment
_VERSION_MISMATCH = 412
_MARK = "ottwatch sha256:"


class Wanted(NamedTuple):
    """A board as it should stand in Grafana."""

    language: Language
    board: Json


@dataclass(frozen=True, slots=True)
class Change:
    """What publishing does, or would do, to one thing."""

    kind: Literal["data source", "folder", "board"]
    uid: str
    action: Action
    note: str = ""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.action:9} {self.kind} {self.uid}" + (f": {self.note}" if self.note else "")]
        return "\n".join([*lines, *(f"          {detail}" for detail in self.details)])


@dataclass(frozen=True, slots=True)
class Order:
    """What is published, and how far it may go."""

    boards: tuple[Wanted, ...]
    local: Local
    source: bool = True  # make the data source too
    edits: Literal["replace", "keep"] = "replace"

    @property
    def steps(self) -> int:
        """How many changes are yielded when nothing interrupts."""
        return int(self.source) + len(_languages(self.boards)) + len(self.boards)


def publish(grafana: Grafana, order: Order) -> Iterator[Change]:
    """Make and change what is missing and different, yielding each step when it is done."""
    if order.source:
        yield _source(grafana, order.local, act=True)
    for language in _languages(order.boards):
        yield _folder(grafana, language, act=True)
    for wanted in order.boards:
        yield _save(grafana, wanted, order.edits)


def diff(grafana: Grafana, order: Order) -> Iterator[Change]:
    """Yield what `publish` would do, changing nothing."""
    if order.source:
        yield _source(grafana, order.local, act=False)
    for language in _languages(order.boards):
        yield _folder(grafana, language, act=False)
    for wanted in order.boards:
        yield _compare(grafana, wanted, order.edits).change


def source(local: Local) -> Json:
    """Return the data source of the boards."""
    return {
        "uid": SOURCE_UID,
        "name": "ottwatch",
        "type": "prometheus",
        "access": "proxy",
        "url": local.prometheus,
        # Grafana takes four times this interval for $__rate_interval at least.
        "jsonData": {"timeInterval": "5s", "httpMethod": "POST"},
    }


def digest(board: Json) -> str:
    """Return the mark that a saved version carries."""
    text = json.dumps(board, ensure_ascii=False, sort_keys=True)
    return _MARK + hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(there: Any, here: Any, at: str = "") -> Iterator[str]:
    """Yield where `here` differs from `there`; what Grafana added by itself to a table is no difference."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key, value in here.items():
            where = f"{at}.{key}" if at else key
            if key in there:
                yield from differences(there[key], value, where)
            elif value not in (None, [], {}, "", False):
                yield f"{where}: {_brief(value)} is new"
    elif isinstance(here, list) and isinstance(there, list):
        for number, (one, two) in enumerate(zip(there, here, strict=False)):
            yield from differences(one, two, f"{at}[{number}]")
        if len(there) != len(here):
            yield f"{at}: the number of entries {len(there)} becomes {len(here)}"
    elif here != there:
        yield f"{at}: {_brief(there)} becomes {_brief(here)}"


class _Comparison(NamedTuple):
    change: Change
    version: int | None  # of the board that stands in Grafana


def _languages(boards: Iterable[Wanted]) -> list[Language]:
    present = {wanted.language for wanted in boards}
    return [language for language in LANGUAGES if language in present]


def _source(grafana: Grafana, local: Local, *, act: bool) -> Change:
    wanted = source(local)
    there = grafana.source(SOURCE_UID)
    if there is None:
        if act:
            grafana.make_source(wanted)
        return Change("data source", SOURCE_UID, "create", wanted["url"])
    details = tuple(differences(there, wanted))
    if not details:
        return Change("data source", SOURCE_UID, "unchanged")
    if there.get("readOnly"):
        return Change("data source", SOURCE_UID, "keep", "it is provisioned from a file; change it there", details)
    if act:
        # What a person added to it (a password, a certificate) stays.
        merged = {**wanted, "jsonData": {**there.get("jsonData", {}), **wanted["jsonData"]}}
        grafana.change_source(SOURCE_UID, merged)
    return Change("data source", SOURCE_UID, "update", details=details)


def _folder(grafana: Grafana, language: Language, *, act: bool) -> Change:
    uid = folder_uid(language)
    there = grafana.folder(uid)
    if there is not None:
        renamed = there.get("title") != FOLDER_TITLES[language]
        return Change("folder", uid, "unchanged", f"it is called {there.get('title')!r} here" if renamed else "")
    if act:
        try:
            grafana.make_folder(uid, FOLDER_TITLES[language])
        except RefusedError:
            # Someone else published at the same moment: their folder is ours.
            if grafana.folder(uid) is None:
                raise
    return Change("folder", uid, "create", FOLDER_TITLES[language])


def _compare(grafana: Grafana, wanted: Wanted, edits: Literal["replace", "keep"]) -> _Comparison:
    uid = wanted.board["uid"]
    there = grafana.board(uid)
    if there is None:
        return _Comparison(Change("board", uid, "create", wanted.board["title"]), None)
    meta, board = there.get("meta", {}), there.get("dashboard", {})
    version = int(board.get("version") or meta.get("version") or 0)
    if meta.get("provisioned"):
        return _Comparison(Change("board", uid, "keep", "it is provisioned from a file; change it there"), version)
    message = grafana.last_message(uid)
    ours = message.startswith(_MARK)
    moved = meta.get("folderUid", "") != folder_uid(wanted.language)
    same = message == digest(wanted.board) or (not ours and not list(differences(board, wanted.board)))
    if same:
        folder = folder_uid(wanted.language)
        change = (
            Change("board", uid, "move", f"back to the folder {folder}") if moved else Change("board", uid, "unchanged")
        )
        return _Comparison(change, version)
    details = tuple(differences(board, wanted.board))
    if ours:
        return _Comparison(Change("board", uid, "update", details=details), version)
    editor = meta.get("updatedBy") or "somebody"
    if edits == "keep":
        return _Comparison(Change("board", uid, "keep", f"{editor} edited it (version {version})", details), version)
    note = f"{editor} edited it; version {version} stays in Grafana's history"
    return _Comparison(Change("board", uid, "update", note, details), version)


def _save(grafana: Grafana, wanted: Wanted, edits: Literal["replace", "keep"]) -> Change:
    """Save a board over the version that was compared; when another save came between, compare again."""
    for attempt in range(1, _ATTEMPTS + 1):
        change, version = _compare(grafana, wanted, edits)
        if change.action in {"unchanged", "keep"}:
            return change
        board = wanted.board if version is None else {**wanted.board, "version": version}
        body = {
            "dashboard": board,
            "folderUid": folder_uid(wanted.language),
            "overwrite": False,
            "message": digest(wanted.board),
        }
        try:
            grafana.save(body)
        except RefusedError as error:
            if error.status != _VERSION_MISMATCH or attempt == _ATTEMPTS:
                raise
        else:
            return change
    raise AssertionError("the loop returns or raises")


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
