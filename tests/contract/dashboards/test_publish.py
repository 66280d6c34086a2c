"""Publishing into a Grafana, in the situations that happen."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from dashboards import build
from dashboards.__main__ import main
from dashboards.context import Local
from dashboards.grafana import Grafana, GrafanaError, RefusedError
from dashboards.publish import Change, Order, Wanted, diff, publish
from tests.contract.dashboards import stand_in
from tests.contract.dashboards.stand_in import Document, GrafanaState, RefusalError, serve

BOARDS = tuple(Wanted(language, board) for _, language, board in build.everything(Local()))
ORDER = Order(BOARDS, Local())
UID = BOARDS[0].board["uid"]

Connect = Callable[..., Grafana]


@pytest.fixture(scope="module")
def document(shared: Path) -> Document:
    return Document(shared / "grafana" / "openapi-subset.json")


@pytest.fixture
def state() -> Iterator[GrafanaState]:
    state = GrafanaState()
    yield state
    assert state.faults == [], "the stand-in answered as no Grafana does"


@pytest.fixture
def address(state: GrafanaState, document: Document) -> Iterator[str]:
    with serve(state, document) as address:
        yield address


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened = []

    def connect(address: str, token: str = "admin-token", patience: float = 0.0, **more: object) -> Grafana:
        opened.append(Grafana(address, token, patience=patience, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield connect
    for grafana in opened:
        grafana.close()


def actions(changes: Iterator[Change]) -> dict[str, str]:
    return {f"{change.kind} {change.uid}": change.action for change in changes}


def folders(state: GrafanaState) -> set[str]:
    return {saved.folder for saved in state.boards.values()}


def test_a_first_publish_makes_everything_once(state: GrafanaState, address: str, connect: Connect) -> None:
    assert set(actions(publish(connect(address), ORDER)).values()) == {"create"}
    assert set(state.sources) == {"ottwatch"}
    assert set(state.folders) == {"ottwatch-en", "ottwatch-ru"}
    assert {uid: saved.folder for uid, saved in state.boards.items()} == {
        wanted.board["uid"]: f"ottwatch-{wanted.language}" for wanted in BOARDS
    }


@pytest.mark.parametrize("migrates", [False, True])
def test_a_second_publish_writes_nothing(state: GrafanaState, address: str, connect: Connect, migrates: bool) -> None:
    list(publish(connect(address), ORDER))
    state.requests.clear()
    state.migrates = migrates
    assert set(actions(publish(connect(address), ORDER)).values()) == {"unchanged"}
    assert state.writes() == []


def test_a_diff_writes_nothing_and_tells_what_publishing_does(
    state: GrafanaState, address: str, connect: Connect
) -> None:
    assert set(actions(diff(connect(address), ORDER)).values()) == {"create"}
    assert state.writes() == []
    list(publish(connect(address), ORDER))
    state.edit(UID, "aigerim", title="Mine")
    state.requests.clear()
    change = next(change for change in diff(connect(address), ORDER) if change.action == "update")
    assert change.uid == UID
    assert change.details == ('title: "Mine" becomes "Platform"',)
    assert "aigerim" in change.note
    assert state.writes() == []


def test_a_hand_edit_is_replaced_and_stays_in_the_history(state: GrafanaState, address: str, connect: Connect) -> None:
    list(publish(connect(address), ORDER))
    state.edit(UID, "aigerim", title="Mine")
    changes = [change for change in publish(connect(address), ORDER) if change.action == "update"]
    assert [(change.uid, change.note) for change in changes] == [
        (UID, "aigerim edited it; version 2 stays in Grafana's history")
    ]
    assert [version[0]["title"] for version in state.boards[UID].versions] == ["Platform", "Mine", "Platform"]


def test_a_hand_edit_is_kept_on_demand(state: GrafanaState, address: str, connect: Connect) -> None:
    list(publish(connect(address), ORDER))
    state.edit(UID, "aigerim", title="Mine")
    done = actions(publish(connect(address), Order(BOARDS, Local(), edits="keep")))
    assert done[f"board {UID}"] == "keep"
    assert state.boards[UID].versions[-1][0]["title"] == "Mine"


def test_a_save_that_comes_between_is_compared_anew(state: GrafanaState, address: str, connect: Connect) -> None:
    list(publish(connect(address), ORDER))
    state.edit(UID, "aigerim", title="Mine")
    once = iter([True])

    def between(method: str, path: str) -> None:
        if method == "POST" and path.endswith("/dashboards/db") and next(once, False):
            state.edit(UID, "berik", title="His")

    state.interfere = between
    change = next(change for change in publish(connect(address), ORDER) if change.uid == UID)
    assert change.note == "berik edited it; version 3 stays in Grafana's history"
    assert [version[0]["title"] for version in state.boards[UID].versions] == ["Platform", "Mine", "His", "Platform"]


def test_a_board_that_never_stands_still_ends_in_an_error(state: GrafanaState, address: str, connect: Connect) -> None:
    list(publish(connect(address), ORDER))
    state.edit(UID, "aigerim", title="Mine")

    def between(method: str, path: str) -> None:
        if method == "POST" and path.endswith("/dashboards/db"):
            state.edit(UID, "robot", title="Again")

    state.interfere = between
    with pytest.raises(RefusedError, match=f"412 when asked to save the board {UID}"):
        list(publish(connect(address), ORDER))


def test_a_renamed_folder_keeps_its_name_and_its_boards(state: GrafanaState, address: str, connect: Connect) -> None:
    list(publish(connect(address), ORDER))
    state.folders["ottwatch-ru"]["title"] = "Дежурная смена"
    changes = list(publish(connect(address), ORDER))
    assert {change.action for change in changes} == {"unchanged"}
    assert any("Дежурная смена" in change.note for change in changes)
    assert len(state.folders) == 2


def test_a_board_moved_away_comes_back(state: GrafanaState, address: str, connect: Connect) -> None:
    list(publish(connect(address), ORDER))
    state.boards[UID].folder = ""
    assert actions(publish(connect(address), ORDER))[f"board {UID}"] == "move"
    assert folders(state) == {"ottwatch-en", "ottwatch-ru"}


def test_without_folder_uid_this_grafana_moves_boards_to_the_root(
    state: GrafanaState, address: str, connect: Connect
) -> None:
    grafana = connect(address)
    list(publish(grafana, ORDER))
    grafana.save({"dashboard": {**BOARDS[0].board, "version": 1}, "overwrite": False})
    assert state.boards[UID].folder == ""


@pytest.mark.parametrize("done", [0, 1, 2, 3, 4])
def test_an_interrupted_publish_is_finished_by_the_next(
    state: GrafanaState, address: str, connect: Connect, done: int
) -> None:
    list(islice(publish(connect(address), ORDER), done))
    list(publish(connect(address), ORDER))
    assert len(state.boards) == len(BOARDS)
    assert len(state.folders) == 2
    assert {len(saved.versions) for saved in state.boards.values()} == {1}


def test_a_lost_answer_does_not_save_twice(state: GrafanaState, address: str, connect: Connect) -> None:
    once = iter([True])
    state.lose = lambda method, path: method == "POST" and path.endswith("/dashboards/db") and next(once, False)
    list(publish(connect(address, patience=5.0, pause=lambda _: None), ORDER))
    assert {len(saved.versions) for saved in state.boards.values()} == {1}


def test_a_folder_made_by_another_publish_at_the_same_moment(
    state: GrafanaState, address: str, connect: Connect
) -> None:
    def between(method: str, path: str) -> None:
        if method == "POST" and path == "/api/folders":
            for uid in ("ottwatch-en", "ottwatch-ru"):
                state.folders.setdefault(uid, {"id": 9, "uid": uid, "title": "theirs", "version": 1})

    state.interfere = between
    list(publish(connect(address), ORDER))
    assert {folder["title"] for folder in state.folders.values()} == {"theirs"}
    assert folders(state) == {"ottwatch-en", "ottwatch-ru"}


def test_a_changed_data_source_is_put_right_and_keeps_what_was_added(
    state: GrafanaState, address: str, connect: Connect
) -> None:
    list(publish(connect(address), ORDER))
    state.sources["ottwatch"]["url"] = "http://elsewhere:9090"
    state.sources["ottwatch"]["jsonData"]["tlsSkipVerify"] = True
    assert actions(publish(connect(address), ORDER))["data source ottwatch"] == "update"
    assert state.sources["ottwatch"]["url"] == Local().prometheus
    assert state.sources["ottwatch"]["jsonData"]["tlsSkipVerify"] is True


def test_what_is_provisioned_from_files_is_left_alone(state: GrafanaState, address: str, connect: Connect) -> None:
    list(publish(connect(address), ORDER))
    state.sources["ottwatch"].update(url="http://elsewhere:9090", readOnly=True)
    state.edit(UID, "file", title="Old")
    state.boards[UID].provisioned = True
    done = actions(publish(connect(address), ORDER))
    assert done["data source ottwatch"] == done[f"board {UID}"] == "keep"


def test_a_wrong_token(address: str, connect: Connect) -> None:
    with pytest.raises(RefusedError, match=r"refuses the token \(Invalid API key\); make a new one"):
        connect(address, token="stolen").version()


def test_an_editor_may_publish_boards_but_not_the_data_source(
    state: GrafanaState, address: str, connect: Connect
) -> None:
    state.tokens["editor"] = stand_in.EDITOR
    with pytest.raises(RefusedError, match=r"does not let this token make the data source.*--no-data-source"):
        list(publish(connect(address, token="editor"), ORDER))
    list(publish(connect(address, token="editor"), Order(BOARDS, Local(), source=False)))
    assert len(state.boards) == len(BOARDS)


def test_a_viewer_may_not_publish(state: GrafanaState, address: str, connect: Connect) -> None:
    state.tokens["viewer"] = stand_in.VIEWER
    with pytest.raises(RefusedError, match="does not let this token make the folder ottwatch-en"):
        list(publish(connect(address, token="viewer"), Order(BOARDS, Local(), source=False)))
    assert state.boards == {}


def test_a_grafana_that_is_starting_is_waited_for(state: GrafanaState, address: str, connect: Connect) -> None:
    answers = iter([503, 502, 503])

    def starting(method: str, path: str) -> None:
        if status := next(answers, None):
            raise RefusalError(status, "starting")

    state.interfere = starting
    pauses: list[float] = []
    assert connect(address, patience=30.0, pause=pauses.append).version() == "13.0.0"
    assert len(pauses) == 3


def test_a_grafana_that_restarts_meanwhile_is_waited_for(
    state: GrafanaState, document: Document, connect: Connect
) -> None:
    with serve(state, document) as address:
        port = int(address.rpartition(":")[2])
        steps = publish(grafana := connect(address, patience=30.0), ORDER)
        list(islice(steps, 4))
    again = threading.Event()
    stopped = threading.Event()

    def restart() -> None:
        again.wait()
        with serve(state, document, port):
            stopped.wait()

    thread = threading.Thread(target=restart)
    thread.start()
    grafana._pause = lambda _: again.set()  # it comes back while it is being waited for
    try:
        list(steps)
    finally:
        again.set()
        stopped.set()
        thread.join()
    assert {len(saved.versions) for saved in state.boards.values()} == {1}
    assert len(state.boards) == len(BOARDS)


def test_a_grafana_that_stays_down_is_given_up(connect: Connect) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(GrafanaError, match=f"{address} cannot be reached: .*[Rr]efused"):
            connect(address).version()


def test_a_page_where_grafana_should_be(state: GrafanaState, document: Document, connect: Connect) -> None:
    with serve(state, document) as address, pytest.raises(RefusedError, match="answers 404"):
        connect(f"{address}/grafana").version()


def test_the_command(
    state: GrafanaState, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAFANA_URL", address)
    monkeypatch.setenv("GRAFANA_TOKEN", "admin-token")
    assert main(["diff"]) == 1
    assert main(["publish"]) == 0
    assert main(["diff"]) == 0
    assert main(["publish", "--language", "ru"]) == 0
    assert capsys.readouterr().out.count("unchanged") >= len(BOARDS)
    monkeypatch.setenv("GRAFANA_TOKEN", "stolen-token")
    assert main(["publish"]) == 1
    told = capsys.readouterr()
    assert "refuses the token" in told.err
    assert "stolen-token" not in told.err + told.out


@pytest.fixture
def published(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command find the stand-in with everything published."""
    monkeypatch.setenv("GRAFANA_URL", address)
    monkeypatch.setenv("GRAFANA_TOKEN", "admin-token")
    assert main(["publish"]) == 0


def fails_at(number: int, failure: Callable[[], None]) -> Callable[[str, str], None]:
    """Return what lets the first saves through and fails from the given one on."""
    saves = 0

    def interfere(method: str, path: str) -> None:
        nonlocal saves
        saves += method == "POST"
        if saves >= number:
            failure()

    return interfere


def broken() -> None:
    raise RefusalError(500, "database is locked")


@pytest.mark.usefixtures("published")
def test_an_error_half_way_tells_what_where_and_how_far(
    state: GrafanaState, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.boards.clear()
    state.interfere = fails_at(3, broken)
    assert main(["publish"]) == 1
    said = capsys.readouterr().err.splitlines()[-2:]
    assert said == [
        f"{address} answers 500 when asked to save the board ott-node (database is locked); "
        "the reason is in Grafana's log",
        f"steps done: 5 of {3 + len(BOARDS)}; the same call does the rest",
    ]
    state.interfere = lambda method, path: None
    assert main(["publish"]) == 0
    assert {len(saved.versions) for saved in state.boards.values()} == {1}


@pytest.mark.usefixtures("published")
def test_an_interruption_tells_how_far_it_came(
    state: GrafanaState, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.boards.clear()
    saves = 0

    def interrupt(self: Grafana, body: dict[str, object]) -> dict[str, object]:
        nonlocal saves
        saves += 1
        if saves == 2:
            raise KeyboardInterrupt
        return save(self, body)

    save = Grafana.save
    monkeypatch.setattr(Grafana, "save", interrupt)
    assert main(["publish"]) == 130
    assert capsys.readouterr().err.endswith(f"steps done: 4 of {3 + len(BOARDS)}; the same call does the rest\n")
    assert len(state.boards) == 1


@pytest.mark.usefixtures("published")
def test_a_data_source_of_that_name_made_by_hand(state: GrafanaState, capsys: pytest.CaptureFixture[str]) -> None:
    state.sources = {"P1": {**state.sources["ottwatch"], "uid": "P1"}}
    assert main(["publish"]) == 1
    assert "is there under another uid: rename it, or give it this uid" in capsys.readouterr().err
    assert main(["publish", "--no-data-source"]) == 0


def test_a_grafana_that_is_not_there_names_the_option_that_waits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", "t")
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        assert main(["diff", "--url", address, "--wait", "0"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"gave up after 0 s (--wait SECONDS waits longer): {address} cannot be reached: ")
    assert said.endswith("is Grafana running there?\n")


@pytest.mark.usefixtures("published")
def test_whoever_reads_only_the_first_lines_gets_no_traceback() -> None:
    command = [sys.executable, "-m", "dashboards", "diff"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 1
        said = process.stderr.read()
    assert said.startswith("Grafana 13.0.0 at http://127.0.0.1:")
    assert len(said.splitlines()) == 1
