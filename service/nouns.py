"""English nouns behind numbers, for programs that speak English alone; texts in several languages are in catalogues."""


def counted(number: float, noun: str) -> str:
    """Return a number, rounded, and its noun, such as "1 packet" and "2 packets"; the plural is made with -s."""
    whole = round(number)
    return f"{whole} {noun}" if whole == 1 else f"{whole} {noun}s"
