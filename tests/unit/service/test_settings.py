import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from service.settings import Seconds, Secret, SettingsError, load


@dataclass(frozen=True)
class Log:
    service: str
    idle_timeout: Seconds = field(default=Seconds(30.0))
    top: int = 20
    paths: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Whole:
    listen: str = "127.0.0.1:9780"
    verbose: bool = False
    language: Literal["ru", "en"] = "ru"
    edge_log: list[Log] = field(default_factory=list)
    token: Secret | None = None


def write(folder: Path, text: str) -> Path:
    file = folder / "agent.toml"
    file.write_text(text)
    return file


def faults(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(write(folder, text), Whole)
    return {fault.key: fault.problem for fault in caught.value.faults}


def test_a_complete_file(tmp_path: Path) -> None:
    text = 'listen = "[::1]:9780"\n[[edge_log]]\nservice = "ott"\nidle_timeout = "1m30s"\npaths = ["/a", "/b"]\n'
    assert load(write(tmp_path, text), Whole) == Whole(
        "[::1]:9780", edge_log=[Log("ott", Seconds(90.0), paths=[Path("/a"), Path("/b")])]
    )


def test_all_mistakes_are_told_at_once_with_their_keys_and_remedies(tmp_path: Path) -> None:
    found = faults(tmp_path, 'listn = "x"\nverbose = "yes"\n[[edge_log]]\nidle_timeout = 30\ntop = "5"\n')
    assert found == {
        "listn": 'unknown key; did you mean "listen"?',
        "verbose": "expected true or false, without quotes, found 'yes'",
        "edge_log[1].service": "is missing; add it",
        "edge_log[1].idle_timeout": 'expected a duration in quotes such as "30s", found 30',
        "edge_log[1].top": "expected a whole number without quotes, found '5'",
    }


def test_each_message_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, "verbose = 1"), Whole)
    assert str(caught.value).startswith(f"{tmp_path}/agent.toml: verbose: expected true or false")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = [1", "is not TOML"),
        ('edge_log = "x"', "expected a list"),
        ("listen = true", "expected text in quotes"),
        ('language = "kk"', '\'kk\' is not known here; write one of "ru", "en"'),
        ("language = ['ru']", 'a list is not known here; write one of "ru", "en"'),
        ("edge_log = [1]", "expected a table"),
        ("[edge_log]", "write its name in double square brackets"),
        ("[[token]]", "must not stand here itself"),
        ('token = "abc"', 'must not stand here itself; write { file = "/path" } or { env = "NAME" }'),
        ("[token]\n", "give exactly one of"),
        ("[token]\nfile = '/x'\nenv = 'X'", "give exactly one of"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in " ".join(faults(tmp_path, text).values())


@dataclass(frozen=True)
class Patterns:
    text: re.Pattern[str] = re.compile("x")
    lines: list[re.Pattern[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.lines) > 2:
            raise ExceptionGroup("patterns", [ValueError("too many lines"), ValueError("really")])


def test_regular_expressions_are_compiled_for_text_or_bytes(tmp_path: Path) -> None:
    found = load(write(tmp_path, "text = '^a+$'\nlines = ['b(c)']"), Patterns)
    assert found.text.fullmatch("aa")
    assert found.lines[0].groups == 1
    assert found.lines[0].pattern == b"b(c)"


def test_several_mistakes_of_one_table_and_of_one_expression(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, "lines = ['a', 'b', 'c']"), Patterns)
    assert [fault.problem for fault in caught.value.faults] == ["too many lines", "really"]
    with pytest.raises(SettingsError, match=r"text: '\(' is not a regular expression"):
        load(write(tmp_path, "text = '('"), Patterns)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml", Whole)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_bytes(b"a = '\xff'")
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load(file, Whole)


def test_a_secret_is_read_from_a_closed_file_only(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    file.chmod(0o640)
    assert Secret(file=file).read() == "s3cret"
    file.chmod(0o644)
    with pytest.raises(OSError, match="open to other users"):
        Secret(file=file).read()


def test_a_secret_in_the_settings_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in str(faults(tmp_path, 'token = "hunter2"'))


@pytest.mark.parametrize("text", ["s3cret\nmore\n", "s3\rcret", "s3\0cret"])
def test_a_secret_that_no_header_can_hold_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(text.encode())
    file.chmod(0o600)
    with pytest.raises(OSError, match="more than one line, or a control character") as caught:
        Secret(file=file).read()
    assert "s3" not in str(caught.value).replace(str(file), "")


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"):
        Secret(file=tmp_path).read()


def test_a_mark_at_the_beginning_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_bytes(b'\xef\xbb\xbflisten = "x"\r\n')
    assert load(file, Whole).listen == "x"


def test_a_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTT_TOKEN", "abc")
    assert Secret(env="OTT_TOKEN").read() == "abc"
    monkeypatch.delenv("OTT_TOKEN")
    with pytest.raises(OSError, match="OTT_TOKEN is not set"):
        Secret(env="OTT_TOKEN").read()
