"""What brings the slices together."""

from alerts.desk.core.settings import Settings
from alerts.desk.notify import outbox
from alerts.desk.tickets import policy
from alerts.desk.tickets.policy import Policy


def policy_of(settings: Settings) -> Policy:
    """Return the policy of the settings, whose events become messages."""
    return policy.policy_of(settings, outbox.publisher(settings))
