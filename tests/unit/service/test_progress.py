"""Progress is shown to people, and to nobody else."""

import io

from service import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_pipes_and_logs_see_nothing() -> None:
    out = io.StringIO()
    assert list(progress.over([1, 2, 3], "backfill", "days", out=out)) == [1, 2, 3]
    with progress.through(10, "access.log", out) as seen:
        seen(10)
    assert out.getvalue() == ""


def test_a_terminal_sees_the_share_done_and_no_line_stays() -> None:
    out = Terminal()
    assert list(progress.over(iter("abcd"), "backfill", "days", 4, out)) == list("abcd")
    assert "backfill:   0%" in out.getvalue()
    assert "/4 [" in out.getvalue()
    assert not out.getvalue().endswith("\n")


def test_the_lines_of_steps_are_printed_above_the_share_done() -> None:
    said: list[str] = []
    out = Terminal()
    with progress.steps(2, "publish", "steps", said.append, out) as done:
        done("first")
        done("second")
    assert said == ["first", "second"]
    assert "publish:   0%|" in out.getvalue()
    assert "/2 [" in out.getvalue()
    out = io.StringIO()  # type: ignore[assignment]
    with progress.steps(1, "publish", "steps", said.append, out) as done:
        done("third")
    assert (said, out.getvalue()) == (["first", "second", "third"], "")


def test_a_file_is_shown_by_its_bytes() -> None:
    out = Terminal()
    with progress.through(4096, "access.log", out) as seen:
        seen(1024)
        seen(4096)
    assert "access.log:   0%" in out.getvalue()
    assert "/4.10k" in out.getvalue()
