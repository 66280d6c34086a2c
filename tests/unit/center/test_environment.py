"""Files of variables as systemd reads them: src/basic/env-file.c of systemd, systemd.exec(5), EnvironmentFile=."""

import pytest

from center.environment import variables


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('ARGS=""\n', ""),
        ("ARGS=\n", ""),
        ("ARGS=--a --b=1  \n", "--a --b=1"),  # to the end of the line, unlike in a shell
        ("ARGS='--a' \"--b\"\n", "--a--b"),
        ('ARGS="--a \\\n  --b"\n', "--a   --b"),
        ('ARGS="--a\n--b"\n', "--a\n--b"),
        ("ARGS=--a \\\n --b\n", "--a  --b"),
        ("ARGS=--a='x y'\n", "--a='x y'"),
        ('ARGS="\\$HOME \\"x\\" \\d"\n', '$HOME "x" \\d'),
        ("ARGS='\\d \\'\n", "\\d \\"),
        ("# ARGS=1\n; ARGS=2\nOTHER=3\n  ARGS = 4\n", "4"),
        ("ARGS=1\nARGS=2", "2"),
        ("words without a sign\nARGS=5", "5"),
    ],
)
def test_a_value_is_read_as_systemd_reads_it(text: str, value: str) -> None:
    assert variables(text)["ARGS"] == value


def test_a_variable_that_is_not_there() -> None:
    assert variables("# ARGS=x\nexport ARGS=y\n") == {"export ARGS": "y"}


@pytest.mark.parametrize("text", ['ARGS="--a\n', "ARGS='--a\nB=1\n"])
def test_an_open_quote(text: str) -> None:
    with pytest.raises(ValueError, match="a quote is not closed"):
        variables(text)
