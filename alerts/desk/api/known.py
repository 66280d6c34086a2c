"""What a request names has to be known: a word that is overlooked is an order that is not carried out."""

import difflib
from collections.abc import Callable, Collection, Iterable

from fastapi import HTTPException, Request

from alerts.desk.api import preconditions


def check(given: Iterable[str], known: Collection[str], what: str = "attribute") -> None:
    """Raise ValueError naming what is not known, the likeliest meant, and all that is."""
    unknown = [name for name in dict.fromkeys(given) if name not in known]
    if not unknown:
        return
    said = [f'unknown {what} "{name[:100]}"{_meant(name, known)}' for name in unknown[:5]]
    if len(unknown) > len(said):
        said.append(f"{len(unknown) - len(said)} more")
    raise ValueError(f"{', '.join(said)}; known: {', '.join(known) or 'none'}")


def _meant(name: str, known: Collection[str]) -> str:
    folded = {each.replace("_", "").lower(): each for each in known}
    near = difflib.get_close_matches(name.replace("_", "").lower(), folded, 1, 0.75)
    return f' (did you mean "{folded[near[0]]}"?)' if near else ""


def only(*parameters: str, conditional: bool = False) -> Callable[[Request], None]:
    """Return a dependency that refuses query parameters other than these, and any that is given twice.

    Unless the change is `conditional`, it refuses preconditions, too: who sends one relies on its being kept.
    """

    def dependency(request: Request) -> None:
        given = preconditions.given(request)
        if given and not conditional and request.method not in ("GET", "HEAD"):
            raise HTTPException(400, f"{given[0]} is not evaluated here; leave the header out")
        names = [name for name, _ in request.query_params.multi_items()]
        try:
            check(names, parameters, "parameter")
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        once(names, parameters)

    return dependency


def once(names: Iterable[str], single: Collection[str]) -> None:
    """Raise HTTPException where one of these parameters is given twice: either of them would be overlooked."""
    seen: set[str] = set()
    for name in names:
        if name in single and name in seen:
            raise HTTPException(400, f'the parameter "{name}" is given twice; give it once')
        seen.add(name)
