"""Names with `*` for any characters. Every other one is itself: channels are called `Kanal [HD]` and `Что? Где?`."""


def matches(name: str, pattern: str) -> bool:
    """Return whether a name is one that a pattern stands for."""
    first, *others = pattern.split("*")
    if not others:
        return name == pattern
    if not name.startswith(first):
        return False
    place = len(first)
    for part in others[:-1]:
        place = name.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return len(name) - len(others[-1]) >= place and name.endswith(others[-1])
