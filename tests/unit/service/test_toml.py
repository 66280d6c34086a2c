"""A file that is no TOML is told by line, key and remedy, and without the parser's own words or the value."""

import tomllib

import pytest

from service.toml import not_toml


def told(text: str) -> str:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    return not_toml(caught.value, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "listen = ",
            "is not TOML at line 1 (key listen): the value is missing or not one of TOML; put text in quotes",
        ),
        ("a = 1\nlisten = :9780\n", "line 2, column 10 (key listen): the value is missing or not one of TOML"),
        ("a = 1\nb = 2\na = 3\n\nc = 4", "line 3, column 6 (key a): this key is there twice; remove one"),
        ("a = 1\na = 2\n\n", "line 2, column 6 (key a): this key is there twice"),
        ("[edge]\n[[stream\n", "line 2, column 9: the heading of a table is not closed; write [name], or [[name]]"),
        ("[[site]\n", "line 1, column 7: the heading of a table is not closed"),
        ("[a]\n[a]\n", "line 2, column 3: this table is there twice"),
        ("[a.b]\n[a]\nb.c = 1", "this table was defined before; put its keys together"),
        ("a = {b = 1}\na.c = 2", "this table was closed before; put its keys together"),
        ("a = {b = 1, b = 2}", "(key a): this key is there twice"),
        ("name 1", "line 1, column 6: write key = value; a key has no blanks unless it is in quotes"),
        ("port = 01", "line 1, column 9 (key port): there is more after the value; put text in quotes"),
        ('password = "secret" x', "line 1, column 21 (key password): there is more after the value"),
        ("a = [1", "line 1 (key a): the list is not closed; write ]"),
        ("a = {b = 1", "line 1 (key a): the table is not closed; write }"),
        ("a = {b = 1,}", "line 1, column 12 (key a): a name is missing; write key = value, without a comma before a }"),
        ('a = "x\nb = 1', "line 1, column 7 (key a): the text is not closed on its line"),
        ("a = 'x", "line 1 (key a): the text is not closed; write the same quote at its end"),
        ('a = """x', "line 1 (key a): the text is not closed; write the same quote at its end"),
        (r'a = "C:\files"' + "\n" + r'b = "\d"', "(key b): in double quotes a backslash is written twice"),
        (r'a = "C:\users"', "(key a): in double quotes a backslash is written twice"),
        (r'a = "\ud800"', "(key a): in double quotes a backslash is written twice"),
        ("a = 2026-02-30", "(key a): there is no such date or time; put text in quotes"),
        ("a = 1 # \x01", "there is a control character; remove it"),
        ("= 1", "line 1, column 1: write key = value, text in quotes, and each table's heading as [name]"),
    ],
)
def test_the_place_and_the_remedy_are_told(text: str, said: str) -> None:
    assert said in told(text)


def test_no_value_is_shown() -> None:
    assert "hunter2" not in told("password = hunter2")
