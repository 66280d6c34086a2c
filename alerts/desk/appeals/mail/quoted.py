"""What somebody wrote in a reply, without the earlier messages that their mail program put under it."""

import re

# What mail programs write above a quoted message, in the languages of the operator and its suppliers. Each is a whole
# line: a sentence that only contains such words is nobody's quotation.
_HEADINGS = re.compile(
    r"""
    ^[\s>*|\u200b\u200e\u200f\ufeff]*+(?:
        -{2,}\s*(?:original\ message|original\ appointment|forwarded\ message|исходное\ сообщение
               |оригинальное\ сообщение|пересылаемое\ сообщение|пересланное\ сообщение
               |перенаправленное\ сообщение|бастапқы\ хабар|原始邮件)\s*-{2,}
      | on\ .{6,200}\ wrote:
      | .{6,200}\ (?:написал|написала|написал\(а\)|пишет|жазды|жазған):
      | .{0,200}\bписал(?:а|и|\(а\))?\ .{0,60}\d{1,2}:\d\d.{0,20}:
      | .{0,200}\ писал(?:а|\(а\))?:
      | (?=.{0,300}\d{1,2}[:.]\d\d).{0,200}<[^<>\s@]+@[^<>\s]+>.{0,60}[:：]  # a moment and an address in any language
      | .{0,40}\b(?:reply|answer|respond|write|type|ответ|отвеч|пиш)\w*\b.{0,60}\b(?:above\ this\ line
        |выше\ этой\ (?:строки|линии|черты))\b.{0,20}
      | _{20,}
    )\s*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FIELD = re.compile(
    r"^\W*(from|sent|date|to|subject|от|отправлено|дата|кому|тема|кімнен|кімге|жіберілді|发件人|发送时间|日期|收件人|主题)"
    r"\W?\s*(?::\*?\s|：)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[-=_*#—–\s]{3,}")
_FIELDS = 3  # lines of such a head that tell it from a text
MARK = "##- "
"""How the line begins above which a reply is to be written."""


def cut(text: str) -> str:
    """Return the reply without what it quotes; the whole text where nothing else remains."""
    lines = text.splitlines()
    kept = lines[: _end(lines)]
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">") or _RULE.fullmatch(kept[-1])):
        kept.pop()
    # A line such as "On Monday, somebody" whose second half is on the next one, as some programs fold it.
    while len(kept) > 1 and _HEADINGS.match(f"{kept[-2].strip()} {kept[-1].strip()}"):
        kept = kept[:-2]
    return "\n".join(kept).strip() or text.strip()


def _end(lines: list[str]) -> int:
    for place, line in enumerate(lines):
        if line.lstrip("> \t").startswith(MARK) or _HEADINGS.match(line[:400]) or _head(lines, place):
            return _before_heading(lines, place)
        folded = f"{line.strip()} {lines[place + 1].strip()}" if place + 1 < len(lines) else ""
        if folded and len(folded) < 400 and line.strip() and _HEADINGS.match(folded):
            return place
    return len(lines)


def _before_heading(lines: list[str], place: int) -> int:
    """Return where the heading above a quoted mark begins: a mark inside ">" lines has its heading above them."""
    while place and (lines[place - 1].lstrip().startswith(">") or not lines[place - 1].strip()):
        place -= 1
    return place


def _head(lines: list[str], place: int) -> bool:
    """Return whether the head of a quoted message begins here, as Outlook writes it."""
    found = {match[1].lower() for line in lines[place : place + 6] if (match := _FIELD.match(line[:400]))}
    return bool(_FIELD.match(lines[place][:400])) and len(found) >= _FIELDS
