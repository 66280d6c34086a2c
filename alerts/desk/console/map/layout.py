"""Where boxes and arrows go: causes at the left, effects at the right, as few crossings as a simple rule gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.desk.console.map.folding import Picture

WIDTH, HEIGHT = 188, 58
ACROSS, DOWN = 62, 12
ROWS = 12  # boxes in one column; more take further columns
EDGE = 6
SWEEPS = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """The upper left corners of the boxes, the paths of the arrows, and the size of it all."""

    corners: Mapping[str, tuple[int, int]]
    paths: Mapping[tuple[str, str], str]
    width: int
    height: int


def layout(picture: Picture, order: Mapping[str, object]) -> Layout:
    """Return the layout; `order` sorts what no arrow sorts."""
    ranks = _ranks(picture)
    rows: dict[int, list[str]] = {}
    for key in sorted(picture.vertices, key=lambda key: (order[key], key)):
        rows.setdefault(ranks[key], []).append(key)
    _uncross(rows, picture)
    corners: dict[str, tuple[int, int]] = {}
    x = EDGE
    tallest = 0
    for rank in sorted(rows):
        keys = rows[rank]
        columns = -(-len(keys) // ROWS)
        high = -(-len(keys) // columns)
        for place, key in enumerate(keys):
            column, row = divmod(place, high)
            corners[key] = x + column * (WIDTH + DOWN), EDGE + row * (HEIGHT + DOWN)
        x += columns * (WIDTH + DOWN) - DOWN + ACROSS
        tallest = max(tallest, high)
    width, height = x - ACROSS + EDGE, 2 * EDGE + tallest * (HEIGHT + DOWN) - DOWN
    paths = {(one, other): _path(corners[one], corners[other]) for one, other in sorted(picture.arrows)}
    return Layout(corners, paths, max(width, 2 * EDGE), max(height, 2 * EDGE))


def _path(one: tuple[int, int], other: tuple[int, int]) -> str:
    x1, y1, x2, y2 = one[0] + WIDTH, one[1] + HEIGHT // 2, other[0], other[1] + HEIGHT // 2
    bend = max((x2 - x1) // 2, 24)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"


def _ranks(picture: Picture) -> dict[str, int]:
    """Return the column of each box: after all that feed it; a circle of folded boxes is cut where it is met."""
    before: dict[str, list[str]] = {key: [] for key in picture.vertices}
    for one, other in sorted(picture.arrows):
        before[other].append(one)
    ranks: dict[str, int] = {}
    for start in sorted(picture.vertices):
        _rank(start, before, ranks)
    return ranks


def _rank(start: str, before: Mapping[str, list[str]], ranks: dict[str, int]) -> None:
    pending, entered = [start], set[str]()
    while pending:
        key = pending[-1]
        if key in ranks:
            pending.pop()
            continue
        entered.add(key)
        missing = [each for each in before[key] if each not in ranks and each not in entered]
        if missing:
            pending += missing[:1]
            continue
        ranks[key] = max((ranks[each] + 1 for each in before[key] if each in ranks), default=0)
        pending.pop()


def _uncross(rows: dict[int, list[str]], picture: Picture) -> None:
    """Put each box near what it hangs on: the mean place of its neighbours, from left to right and back."""
    near: dict[str, list[str]] = {}
    for one, other in sorted(picture.arrows):
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    for _ in range(SWEEPS):
        for rank in (*sorted(rows), *sorted(rows, reverse=True)):
            place = {key: index / max(len(keys) - 1, 1) for keys in rows.values() for index, key in enumerate(keys)}

            def middle(key: str, place: Mapping[str, float] = place, rank: int = rank) -> float:
                mine = [place[each] for each in near.get(key, ()) if each not in rows[rank]]
                return sum(mine) / len(mine) if mine else place[key]

            rows[rank] = sorted(rows[rank], key=middle)
