"""Whether the fields of an odd line are those of one line, and of this format.

Taken apart with patience (`line_parts.py`), two lines that were written into each other fit as well, and so does a line
with a column more in front: a host, a pod, a time. Whoever was the client then is not, and all viewers are one, or each
request is a viewer of its own.
"""

import re
from collections.abc import Mapping

# Of these no server writes several words, but for a list of forwarded addresses in the address's place.
_OF_ONE_WORD = ("remote_addr", "realip_remote_addr", "request_time")
_LOGNAME, _USER, _NOBODY = "remote_logname", "remote_user", b"-"
_ADDRESS = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}")
# Of another line: the beginning of its request, which servers that escape quotes never write within a field; its time.
_ANOTHER = re.compile(rb'(?<!\\)"[A-Z]{3,16} [^"]* HTTP/[0-9]|\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:|[0-9]{10}\.[0-9]{3} ')


def check_line(values: Mapping[str, bytes]) -> None:
    """Raise ValueError for fields that are not those of one line of the format."""
    words = [values[name] for name in _OF_ONE_WORD if name in values]
    if not any(b"," in word for word in words):
        if any(b" " in word.strip(b" ") for word in words):  # Squid sets a column of numbers by blanks
            raise ValueError("several words where one is written")
        user = values.get(_USER, b"").split(b" ")
        nameless = user[-1] == _NOBODY or (_NOBODY in user and values.get(_LOGNAME, _NOBODY) != _NOBODY)
        if len(user) > 1 and (nameless or _ADDRESS.fullmatch(user[0])):
            raise ValueError("a column more in front of the user")
    if any(b" " in value and _ANOTHER.search(value) for value in values.values()):
        raise ValueError("two lines in one")
