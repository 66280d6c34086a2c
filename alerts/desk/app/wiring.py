"""What brings the slices together."""

from collections.abc import Iterable

from alerts.desk.core.settings import Settings
from alerts.desk.notify import outbox
from alerts.desk.tickets import policy
from alerts.desk.tickets.policy import Policy, ReadClocks


def policy_of(settings: Settings, clocks: Iterable[tuple[str, ReadClocks]] = ()) -> Policy:
    """Return the policy of the settings, whose events become messages; `clocks` are those of kinds of tickets."""
    return policy.policy_of(settings, outbox.publisher(settings), dict(clocks))
