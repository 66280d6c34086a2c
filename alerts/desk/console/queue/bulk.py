"""Several tickets of the queue at once: taken, or resolved with one reason.

Each ticket is an action of its own, for the version that its picker saw: one that was changed meanwhile is refused, the
others are done, and the reader is told which is which.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.console.queue import routes as queue
from alerts.desk.console.queue.routes import Looking
from alerts.desk.console.ticket.routes import unfit
from alerts.desk.core.words import Words
from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Desk, Hand, UnfitError
from alerts.desk.tickets.states import IllegalMoveError, KeptOpenError
from alerts.desk.tickets.store import NoSuchTicketError, StaleTicketError
from alerts.desk.web.forms import Engineer
from alerts.desk.web.render import words_for
from alerts.desk.web.session import Running
from alerts.desk.web.written import Lines

MOST = queue.PER_PAGE
"""Tickets of one request: a page of them. Each is a transaction of its own, and a browser waits for all."""

_PICK = re.compile(r"(\d{1,18})\.(\d{1,9})", re.ASCII)

router = APIRouter(include_in_schema=False)
Picks = Annotated[list[str], Form(max_length=10 * MOST)]
Text = Annotated[str, Form(max_length=actions.MAX_NOTE), Lines]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one ticket: done, or the reason why not in the reader's words."""

    number: int
    refusal: str = ""


@router.get("/queue/act")
def act_again() -> Response:
    """Lead who loads the answer's address again to the queue."""
    return RedirectResponse("/", 303)


@router.post("/queue/act")
def act(
    request: Request,
    runtime: Running,
    found: Engineer,
    seen: Looking,
    pick: Picks = [],  # noqa: B006 - FastAPI copies it
    every: Annotated[bool, Form(alias="all")] = False,  # noqa: FBT002 - a check box
    shown: Text = "",
    do: Text = "",
    reason: Annotated[str, Form(alias="text", max_length=actions.MAX_NOTE), Lines] = "",
) -> Response:
    """Take or resolve what was picked and show the queue with the results above it."""
    words = words_for(request, found)
    try:
        picked = picks(shown.split() if every else pick)
    except ValueError:
        return queue.show(request, runtime, found, seen, 400, problem=words("error.form"))
    if not picked or len(picked) > MOST or do not in ("take", "resolve"):
        key = "bulk.none" if not picked else "bulk.too_many" if len(picked) > MOST else "error.form"
        return queue.show(request, runtime, found, seen, 400, problem=words(key, most=MOST))
    if do == "resolve" and not reason.strip():
        return queue.show(request, runtime, found, seen, 400, problem=words("bulk.no_reason"))
    hands = [Hand(found.principal.name, number, version) for number, version in picked.items()]
    results = [_act(runtime.desk, hand, do, reason, words) for hand in hands]
    refused = sum(bool(result.refusal) for result in results)
    return queue.show(
        request,
        runtime,
        found,
        seen,
        409 if refused else 200,
        results=results,
        outcome=words.number(f"bulk.{do}", len(results) - refused),
        refused=words.number("bulk.refused", refused) if refused else "",
    )


def picks(texts: Iterable[str]) -> dict[int, int]:
    """Return the version of each picked ticket by its number; raise ValueError where a pick is none."""
    result = {}
    for text in texts:
        found = _PICK.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not number.version")
        result[int(found[1])] = int(found[2])
    return result


def _act(desk: Desk, hand: Hand, do: str, reason: str, words: Words) -> Result:
    try:
        if do == "take":
            actions.take(desk, hand)
        else:
            actions.resolve(desk, hand, reason)
    except StaleTicketError:
        return Result(hand.number, words("bulk.stale"))
    except KeptOpenError:
        return Result(hand.number, words("error.kept_open"))
    except IllegalMoveError as error:
        names = {"old": words.of("status", error.old), "new": words.of("status", error.new)}
        return Result(hand.number, words("error.illegal", **names))
    except NoSuchTicketError:
        return Result(hand.number, words("bulk.gone"))
    except UnfitError as error:
        return Result(hand.number, unfit(words, error))
    return Result(hand.number)
