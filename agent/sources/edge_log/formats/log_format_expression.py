"""The regular expression of a `log_format`: what each variable may look like, and what ends it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.sources.edge_log.formats.expression import NL, forms
from agent.sources.edge_log.formats.times import clf_time, epoch_time, iso_time

# Stand for a text in quotes, and for a word of it: its exact form knows what a backslash escapes. No log_format has
# characters of private use.
_QUOTED, _FIRST_QUOTED, _WORD = "\ue001", "\ue002", "\ue003"

# What the figures need, and the variables that give it, the best first.
TIMES: dict[str, Callable[[bytes], float]] = {"msec": epoch_time, "time_iso8601": iso_time, "time_local": clf_time}
ADDRESSES = ("remote_addr", "realip_remote_addr", "proxy_protocol_addr", "http_x_forwarded_for")
CONNECTIONS = ADDRESSES[:2]  # never a list
SIZES = ("bytes_sent", "body_bytes_sent")
TARGETS = ("request_uri", "uri", "document_uri")
QUERIES = ("args", "query_string")
AGENT, STATUS, DURATION, METHOD, REQUEST = "http_user_agent", "status", "request_time", "request_method", "request"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, and the text between it and the next one."""

    name: str
    text: str


@dataclass(slots=True)
class Template:
    """A regular expression under construction; `NL` marks where the exact form excludes the newline."""

    text: str
    methods: str
    groups: list[str] = field(default_factory=list)

    def group(self, name: str, pattern: str) -> None:
        """Append a group; its name is kept beside."""
        self.groups.append(name)
        self.text += f"({pattern})"


def forms_of(source: str) -> tuple[str, str]:
    """Return the exact and the quick form of a template; the words of the quick one may run over a quote."""
    exact, quick = forms(source)
    text, word = r'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+', r'(?=[^ ])[^ "\\\n]*+(?:\\[^ \n][^ "\\\n]*+)*+'
    for mark, of_exact, of_quick in (
        (_QUOTED, text, '[^"]*+'),
        (_FIRST_QUOTED, text, r'[^"\n]*+'),
        (_WORD, word, "[^ ]++"),
    ):
        exact, quick = exact.replace(mark, of_exact), quick.replace(mark, of_quick)
    return exact, quick


def fill(template: Template, prefix: str, parts: Sequence[Variable], wanted: set[str]) -> None:
    """Append the patterns of all variables; raise ValueError where nothing ends one."""
    for index, part in enumerate(parts):
        before = prefix if index == 0 else parts[index - 1].text
        following = part.text or (parts[index + 1].name if index + 1 < len(parts) else "\n")
        # Squid sets a column by blanks: what has no pattern ends at the first, and its number would be the client.
        if index and (before, part.text[:1], part.name in CONNECTIONS) == (" ", " ", True):
            template.text += NO_NUMBER if parts[index - 1].name not in PATTERNS else ""
        _add(template, part, before, following, wanted)
        if index == 0:
            template.text = template.text.replace(NL, r"\n").replace(_QUOTED, _FIRST_QUOTED)


def _add(template: Template, part: Variable, before: str, following: str, wanted: set[str]) -> None:
    """Append the pattern of one variable and of the text behind it."""
    end = following[0]
    if not part.text and following != "\n":
        if following not in TARGETS:
            raise ValueError(f"format has ${part.name} directly before ${following}; put a separator between them")
        end = "/"
    any_text = f"[^{_in_class(end)}{NL}]*+"
    quoted = before.endswith('"') and end == '"'
    if quoted:
        any_text = _QUOTED
    if part.name == REQUEST:
        if not quoted and end == " ":
            raise ValueError('format has $request without quotes around it; write "$request"')
        # Of a request without protocol, or with blanks in its target, `split_request` knows more.
        word = _WORD if quoted else f"[^ {_in_class(end)}{NL}]++"
        template.text += f"(?:(?:{template.methods}) "
        template.group(REQUEST, word)
        template.text += f" HTTP/[0-9.]++(?={re.escape(end)})|(?!(?:{template.methods}) ){any_text})"
    elif part.name not in wanted:
        template.text += _pattern(part.name, any_text)
    elif part.name == METHOD:
        template.text += "(?:"
        template.group(METHOD, template.methods)
        template.text += f"(?={re.escape(end)})|{any_text})"
    elif end == ":" and PATTERNS.get(part.name) == _ADDRESS:
        template.group(part.name, _BEFORE_PORT)
    else:
        template.group(part.name, _pattern(part.name, any_text))
    template.text += re.escape(part.text)


# Names too, because Apache may log them, and "unix:".
_ADDRESS = "[0-9A-Za-z.:_%-]++"
NO_NUMBER = r"(?![0-9]++(?: |\Z))"  # in front of an address
# With a colon behind it, before a port: an address of IPv6 goes up to the last one.
_BEFORE_PORT = "[0-9A-Za-z.:_%-]+"
_PORTS = ("remote_port", "realip_remote_port", "proxy_protocol_port", "server_port", "proxy_protocol_server_port")
PATTERNS = {
    "time_local": rf"[^\]{NL}]{{26}}",
    "time_iso8601": r"[0-9T:+-]{25}",
    # varnishncsa has microseconds.
    "msec": r"[0-9]{1,12}\.[0-9]{3,6}+",
    STATUS: "[0-9]{3}|0|-1|-",
    "bytes_sent": "[0-9]{1,18}+|-1|-",
    "body_bytes_sent": "[0-9]{1,18}+|-1|-",
    DURATION: r"[0-9]{1,9}\.[0-9]{3,6}+|[0-9]{1,18}+|-",
}
PATTERNS |= dict.fromkeys(CONNECTIONS, _ADDRESS)
PATTERNS |= dict.fromkeys(_PORTS, "[0-9]{1,5}|-|")
ANCHORS = (*TIMES, STATUS, *SIZES, *CONNECTIONS, *_PORTS)
# A list of addresses holds blanks, so it needs its own pattern where it stands without quotes.
_FORWARDED = f'[^ ,"{NL}]++(?:, ?[^ ,"{NL}]++)*+|'


def _pattern(name: str, any_text: str) -> str:
    if name == "http_x_forwarded_for":
        return any_text if any_text == _QUOTED else f"(?:{_FORWARDED})"
    known = PATTERNS.get(name)
    return f"(?:{known})" if known and "|" in known else known or any_text


def _in_class(character: str) -> str:
    return "" if character == "\n" else re.escape(character)
