"""What is said of a body that is no JSON is in words of the body, not of Python."""

import pytest

from alerts.desk.core.json_body import read_json


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is not JSON: line 1, column 1 cannot be read"),
        (b'{"a": 1,\n}', "the body is not JSON: line 2, column 1 cannot be read"),
        (b'{"a": "\xe4"}', "the body is not JSON: byte 8 is not UTF-8"),
        (b"[" + b"9" * 5000 + b"]", "the body is not JSON: a number in it has thousands of digits"),
        (b"[" * 200_000, "the body is nested too deeply"),
    ],
)
def test_a_body_that_is_no_json(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=r"^the body") as caught:
        read_json(body)
    assert str(caught.value) == said
