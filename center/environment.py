"""Files of variables for services, such as /etc/default/prometheus, as systemd reads them (`EnvironmentFile=`).

It is not the shell: a value without quotes reaches to the end of its line, and one in quotes over several lines.
"""

from collections.abc import Iterator

_ESCAPED = '"\\`$'  # what a backslash within double quotes takes its meaning from


def variables(text: str) -> dict[str, str]:
    """Return the variables, of several with one name the last; raise ValueError for a quote that is not closed."""
    found = {}
    signs = iter(text)
    for sign in signs:
        if sign.isspace():
            continue
        if sign in "#;":
            _passed_over(signs)
            continue
        name = sign
        for sign in signs:  # noqa: PLW2901 - the signs of one file, read once
            if sign in "=\n":
                break
            name += sign
        if sign == "=":
            found[name.strip()] = _value(signs)
    return found


def _passed_over(signs: Iterator[str]) -> None:
    for sign in signs:
        if sign == "\n":
            return


def _value(signs: Iterator[str]) -> str:
    """Return a value: parts in quotes, or from the first sign outside of them the rest of the line."""
    value = ""
    bare = False
    kept = 0  # how much of the value is no space at its end
    for sign in signs:
        if sign == "\n":
            break
        if not bare and sign in "'\"":
            value += _quoted(signs, sign)
            kept = len(value)
        elif sign == "\\":
            after = next(signs, "")
            value += "" if after == "\n" else after
            bare, kept = True, len(value)
        elif bare or not sign.isspace():
            value += sign
            bare = True
            kept = kept if sign.isspace() else len(value)
    return value[:kept]


def _quoted(signs: Iterator[str], quote: str) -> str:
    value = ""
    for sign in signs:
        if sign == quote:
            return value
        if sign == "\\" and quote == '"':
            after = next(signs, "")
            value += after if after in _ESCAPED else "" if after == "\n" else f"\\{after}"
        else:
            value += sign
    raise ValueError("a quote is not closed")
