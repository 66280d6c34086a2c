"""The unit that the name of a column states, such as "Traffic (Mbit/s)", "kbits_per_sec_in" or "Загрузка, %"."""

import re
from dataclasses import dataclass

from dashboards.busy_hour.measures.quantities import SHARES

_PREFIXES = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "к": 1, "м": 2, "г": 3, "т": 4}
# A single letter is a unit only with its prefix or with "a second": "Site B" has none.
_WORDS = (
    r"(?i:(?P<prefix>kilo|mega|giga|tera|(?:ki|me|gi|te)(?P<binary>bi))[ -]?(?P<unit>bits?|bytes?|octets?)(?![a-z]))",
    r"(?i:(?P<prefix>кило|мега|гига|тера|(?:ки|ме|ги|те)(?P<binary>би))(?P<unit>бит|байт))",
    r"(?<![a-zß-ÿ])(?P<prefix>[kKmMgGtT](?P<binary>i)?)?(?P<unit>[Bb]its?|[Bb]ytes?|[Oo]ctets?)(?![a-z])",
    r"(?P<prefix>)(?P<binary>)(?P<unit>Bits?|Bytes?|Octets?)(?![a-z])",  # ifHCInOctets
    r"(?<![A-Za-zÀ-ÿ])(?P<prefix>[kKmMgGtT](?P<binary>i)?)?(?P<unit>[bB])(?=/s|ps)",
    r"(?P<prefix>[kMGT](?P<binary>i)?)(?P<unit>B)(?=/s|ps)",
    r"(?<![A-Za-zÀ-ÿ])(?P<prefix>[kKMGT](?P<binary>i)?)(?P<unit>B)(?![A-Za-z])",
    r"(?<![A-Za-zÀ-ÿ])(?P<prefix>[kKMGT](?P<binary>i)?)(?P<unit>o)(?=/s)",  # octets in French
    r"(?<![А-яЁё])(?P<prefix>[кКмМгГтТ](?P<binary>и)?)(?P<unit>б)(?=/[сc]| в с)",
    r"(?<![А-яЁё])(?P<prefix>[кКМГТ](?P<binary>и)?)?(?P<unit>[Бб]ит|[Бб]айт|Б(?=/с)|(?<=[кКМГТи])Б)(?![а-дж-я])",
)
_DATA = [re.compile(word) for word in _WORDS]
_PER_SECOND = re.compile(r"/s|ps(?![a-z])|_per_s|per sec|rate|/с|/c(?![a-z])|в сек", re.IGNORECASE)
_PERCENT = re.compile(r"%|\bpercent|(?<![a-z])pct(?![a-z])|процент", re.IGNORECASE)
_MANY = [
    (re.compile(form, re.IGNORECASE), factor)
    for form, factor in (
        (r"\bтыс(?:яч[аи]?)?\b|\bthousands?\b|(?<!\w)[x×х*] ?1[ ,.]?000\b|[(\[]'?000'?s?[)\]]|[(\[][kк][)\]]", 1e3),
        (
            r"\bмлн\b|\bмиллион(?:ов|а|ы)?\b|\bmillions?\b|\bmln\b|(?<!\w)[x×х*] ?1[ ,.]?000[ ,.]?000\b|[(\[][mм][)\]]",
            1e6,
        ),
        (r"\bмлрд\b|\bмиллиард(?:ов|а|ы)?\b|\bbillions?\b|\bbn\b", 1e9),
    )
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as text, the base that it is a multiple of, and the factor to that base."""

    text: str
    base: str  # "bit/s", "bit", "share" or "1"
    factor: float
    power: int = 0  # of 1024 that some programs mean where others mean 1000
    either: bool = False  # a sign that some write for bits and others for bytes


def stated(name: str) -> Unit | None:
    """Return the unit that a name states, None where it states none that is known here."""
    if found := _PERCENT.search(name):
        return Unit(found[0], "share", 0.01)
    counted = [(found[0], factor) for form, factor in _MANY if (found := form.search(name))]
    times, many = counted[-1] if counted else ("", 1.0)
    for form in _DATA:
        if found := form.search(name):
            bits = found["unit"] in "bб" or found["unit"].lower().startswith(("bit", "бит"))
            prefix, binary = (found["prefix"] or "")[:1].lower(), found["binary"]
            power = _PREFIXES[prefix]
            factor = many * (1024.0 if binary else 1000.0) ** power * (1 if bits else 8)
            second = _PER_SECOND.search(name, found.end())
            return Unit(
                f"{times} {found[0]}".strip() + ("/s" if second else ""),
                "bit/s" if second else "bit",
                factor,
                0 if bits or binary else power,
                found["unit"] == "б",
            )
    return Unit(times, "1", many) if times else None


def of_quantity(quantity: str) -> Unit | None:
    """Return the unit that a quantity has by its name, None where it is a number or of an operator's own."""
    return Unit("a share from 0 to 1", "share", 1.0) if quantity in SHARES else stated(quantity)


def scale_between(column: Unit, quantity: Unit) -> float | None:
    """Return the factor from one unit to the other, None where they are of different kinds."""
    return column.factor / quantity.factor if column.base == quantity.base else None
