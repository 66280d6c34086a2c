"""The demo without a person: every figure beside its truth, and a node from its death to its ticket and back."""

import re
import signal
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import httpx

from demo import cause_check
from demo.apis import Console, Desk, Prometheus, Ticket
from demo.cause_check import EVERY, TOGETHER
from demo.configuration import IDLE_TIMEOUT
from demo.figures import Truth, compare
from demo.layout import EDGES
from demo.platform import billing
from demo.platform.ledger import read_stalls
from demo.processes import DemoError, wait_until
from demo.stack import OPERATOR, Stack
from demo.table import render
from service.program import Exit

# How long the audience moves before it is held: joins, zaps and leaves are part of what must be counted right.
MOVING_SECONDS = 15
# Until a picture has stood still: at night few watch, and with no stall there is nothing to compare.
STALL_SECONDS = 180
# Longer than the idle timeout and the keep-alive's window with a few scrapes on top; and the minute that rates look
# back over must have begun after the first scrape.
STEADY_SECONDS = 60
WORST_DETECTION_SECONDS = 17
RECOVERY_SECONDS = 60
BILLING_SECONDS = 120  # a round of the agent, a scrape, and what the page remembers
VICTIM = EDGES[1].name


class Step(NamedTuple):
    """One thing shown and whether it came out as promised."""

    text: str
    fine: bool


def run(stack: Stack, *, every: bool = False) -> int:
    """Check the figures, the chain and the causes, with `every` break there is; return the exit status."""
    started = time.monotonic()
    _say(f"the audience moves for {MOVING_SECONDS} s")
    time.sleep(MOVING_SECONDS)
    wait_until(
        lambda: any(one.reported for one in read_stalls(stack.layout.stalls)), STALL_SECONDS, "no picture stalled"
    )
    figures_fine = check_figures(stack)
    steps = [check_billing(stack)]
    steps += check_chain(stack)
    steps += check_causes(stack, EVERY if every else TOGETHER)
    ended = [program.name for program in stack.unexpected_ends()]
    steps.append(Step(f"nothing ended by itself{': ' + ', '.join(ended) if ended else ''}", not ended))
    print()
    for step in steps:
        print(f"  {'ok' if step.fine else 'FAILED':<7}{step.text}")
    fine = figures_fine and all(step.fine for step in steps)
    verdict = (
        "everything agrees" if fine else f"something differs; what the programs said is in {stack.layout.folder}/logs/"
    )
    print(f"\ndemo --check: {verdict} ({time.monotonic() - started:.0f} s)", flush=True)
    return Exit.FINE if fine else Exit.FAILED


def check_figures(stack: Stack) -> bool:
    """Hold the audience steady, then compare the seven figures with what really happened."""
    since = time.time()
    stack.programs["viewers"].signal(signal.SIGUSR1)
    _say(f"the audience is held steady for {STEADY_SECONDS} s (the idle timeout is {IDLE_TIMEOUT} s)")
    time.sleep(STEADY_SECONDS)
    now = time.time()
    with Prometheus(stack.layout.url("prometheus")) as prometheus:
        rows = compare(prometheus, Truth.at(stack.layout, stack.history, now), since, now)
    stack.programs["viewers"].signal(signal.SIGUSR2)
    print(f"\n{render(rows)}\n", flush=True)
    return all(row.fine for row in rows)


def check_billing(stack: Stack) -> Step:
    """See on the console how many fees of the simulated billing were due and charged today."""
    row = rf'<th scope="row">{billing.SERVICE}</th>\s*<td class="num">([^<]+)</td>\s*<td class="num">([^<]+)</td>'
    found: list[tuple[int, int]] = []

    def shown() -> bool:
        match = re.search(row, console.page("/billing"))
        numbers = [re.sub(r"\D", "", each) for each in match.groups()] if match else []
        found[:] = [(int(numbers[0]), int(numbers[1]))] if numbers and all(numbers) else []
        return bool(found) and min(found[0]) > 0

    try:
        with Console(stack.layout.url("desk"), OPERATOR, stack.password) as console:
            wait_until(shown, BILLING_SECONDS, "the page /billing does not show what was due and charged today")
    except (DemoError, httpx.HTTPError) as error:
        return Step(str(error), fine=False)
    due, charged = found[0]
    return Step(f"the page /billing shows {due} fees due today, {charged} charged", fine=True)


def check_chain(stack: Stack) -> list[Step]:
    """Kill a node, wait for its ticket, kill the desk meanwhile, repair both and see the ticket move on."""
    steps: list[Step] = []
    with Desk(stack.layout.url("desk"), stack.api_token) as desk:
        try:
            steps.extend(_chain(stack, desk))
        except (DemoError, httpx.HTTPError) as error:
            steps.append(Step(str(error), fine=False))
    return steps


def check_causes(stack: Stack, breaks: Sequence[Sequence[str]]) -> list[Step]:
    """Break what fails together, and see one ticket for each cause."""
    steps: list[Step] = []
    with Desk(stack.layout.url("desk"), stack.api_token) as desk:
        for names in breaks:
            if "disk origin-1" in names and "origin-1 disk" not in stack.programs:
                _say("disk origin-1 is left out: a disk of its own takes root, losetup and mkfs.ext4")
                continue
            _say(f"broken: {' and '.join(names)}")
            try:
                for proof in cause_check.prove(stack, desk, names):
                    _say(proof.text)
                    steps.append(Step(*proof))
            except (DemoError, httpx.HTTPError) as error:
                steps.append(Step(str(error), fine=False))
                for name in names:
                    stack.repair(name)
    return steps


def _chain(stack: Stack, desk: Desk) -> Iterator[Step]:
    _say(f"{VICTIM} is killed (nginx and agent, kill -9)")
    stack.break_(VICTIM)
    seconds = wait_for_ticket(desk, VICTIM, seconds=3 * WORST_DETECTION_SECONDS)
    text = f"{seconds:.1f} s from killing {VICTIM} to its ticket (at most {WORST_DETECTION_SECONDS} s)"
    yield Step(text, seconds <= WORST_DETECTION_SECONDS)
    print(f"\n{_shown(tickets_of(desk, VICTIM)[0])}\n", flush=True)
    yield _survives_a_crash(stack, desk)
    _say(f"{VICTIM} is repaired")
    stack.repair(VICTIM)
    recovered = wait_until(
        lambda: [ticket.status for ticket in tickets_of(desk, VICTIM)] == ["resolved"],
        RECOVERY_SECONDS,
        f"the ticket of {VICTIM} did not move on to resolved",
    )
    ticket = tickets_of(desk, VICTIM)[0]
    reason = ticket.body["statusChangeReason"]
    yield Step(f"{recovered:.1f} s after repairing, ticket {ticket.number} is resolved by itself ({reason})", fine=True)


def tickets_of(desk: Desk, node: str) -> list[Ticket]:
    """Return the tickets that say this node is down."""
    return desk.tickets(alertname="NodeDown", node=node)


def wait_for_ticket(desk: Desk, node: str, *, seconds: float, earlier: int = 0) -> float:
    """Wait for one ticket more than there were; return how long it took."""
    return wait_until(lambda: len(tickets_of(desk, node)) > earlier, seconds, f"{node} is down and no ticket says so")


def _survives_a_crash(stack: Stack, desk: Desk) -> Step:
    """Kill the desk while the node is down; after its restart Alertmanager's next word must change nothing."""
    before = tickets_of(desk, VICTIM)
    _say("the desk is killed (kill -9) while the node is down, and started again")
    stack.break_("desk")
    stack.repair("desk")
    at_restart = time.time()
    wait_until(
        lambda: any(value > at_restart for _, value in desk.counters("ott_desk_watchdog_last_timestamp_seconds")),
        RECOVERY_SECONDS,
        "Alertmanager did not reach the desk after its restart",
    )
    after = tickets_of(desk, VICTIM)
    same = len(before) == len(after) == 1 and before[0].number == after[0].number
    same = same and after[0].body["statusChangeHistory"] == before[0].body["statusChangeHistory"]
    numbers = ", ".join(ticket.number for ticket in after)
    return Step(f"after kill -9 and a restart of the desk the ticket is there once (ticket {numbers})", same)


def _shown(ticket: Ticket) -> str:
    body = ticket.body
    lines = [
        f"ticket {ticket.number}: {body['name']}",
        body["description"],
        f"severity {body['severity']}, priority {body['priority']}, status {body['status']}, "
        f"opened {body['creationDate']}, to be restored by {body.get('expectedResolutionDate', 'nothing set')}",
        ", ".join(f"{name} {value}" for name, value in sorted(ticket.labels.items())),
    ]
    return "\n".join(f"  │ {line}" for text in lines for line in text.splitlines())


def _say(text: str) -> None:
    print(f"· {text}", flush=True)
