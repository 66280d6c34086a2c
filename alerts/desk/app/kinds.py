"""The kinds of tickets beside incidents, one line each. A new kind is a folder in `kinds/` and its line here."""

from alerts.desk.kinds import appeals, billing
from alerts.desk.web.kind import TicketKind

KINDS: tuple[TicketKind, ...] = (
    appeals.KIND,
    billing.KIND,
)
CLOCKS = tuple(one for kind in KINDS for one in kind.clocks.items())
"""What reads the clocks of each type of ticket that has its own."""
