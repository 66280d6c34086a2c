"""Whether one alarm can be the cause of another."""

from collections.abc import Iterable

from alerts.desk.alarms.correlation.alarm import PLATFORM, Alarm
from alerts.desk.alarms.correlation.topology import Topology
from alerts.layers import Layers, Where

# Alarms that count viewers of a site or of the platform: whatever fails there or feeds it can be the cause.
COUNTED = "quality"
SHARE = 0.25  # of the edges: fewer do not halve the traffic of a site or of the platform


class Explainer:
    """Answers for one topology, one declaration of layers, and what fails at the moment."""

    def __init__(self, topology: Topology, layers: Layers, failing: Iterable[str] = ()) -> None:
        self.topology = topology
        self.layers = layers
        self._failed = topology.failed_groups(failing)

    def explains(self, cause: Alarm, effect: Alarm) -> bool:
        """Return whether `cause` explains `effect`: by what its layer can cause, and by where the two are."""
        if cause.key == effect.key:
            return False
        if cause.place == effect.place:
            return self.layers.can_explain(cause.labels, effect.labels, Where.HERE)
        if not self.layers.can_explain(cause.labels, effect.labels, Where.UPSTREAM):
            return False
        return self._feeds(cause.place, effect)

    def _feeds(self, source: str, effect: Alarm) -> bool:
        if source == PLATFORM:
            return True
        if effect.layer == COUNTED and (effect.place == PLATFORM or effect.place.startswith("site:")):
            return self._counts(source, effect)
        return self._above(source, effect, effect.place)

    def _counts(self, source: str, effect: Alarm) -> bool:
        """Return whether enough of what is counted together depends on a place, or lies in it."""
        site = "" if effect.place == PLATFORM else effect.labels["site"]
        counted = self.topology.counted(site)
        if not counted:
            return True
        below = sum(one == source or self._above(source, effect, one) for one in counted)
        return below >= SHARE * len(counted)

    def _above(self, source: str, effect: Alarm, place: str) -> bool:
        service = effect.labels.get("service", "")
        above = self.topology.ancestors(place, effect.channel, service, effect.layer)
        if source in above:
            return True
        # A member explains what its group feeds once the group has failed.
        for name in self._failed & above:
            if source in self.topology.groups[name].members:
                return True
        return any(
            source in self.topology.ancestors(member, effect.channel, service, effect.layer)
            for name in self._failed & above
            for member in self.topology.groups[name].members
        )

    def may_have_cause(self, alarm: Alarm) -> bool:
        """Return whether an alarm is only ever an effect, so that its cause may still be on its way.

        A picture that stands or viewers that leave have a cause somewhere; so has what is measured through an edge's
        own requests. A node that dies or a program that ends is a cause of its own.
        """
        if alarm.layer in ("stream", "quality"):
            return True
        reach = self.layers.reach(alarm.labels)
        explains = reach.explains | reach.explains_here | reach.explains_downstream
        measured = alarm.layer == "service" and alarm.labels.get("component") == "edge"
        return alarm.layer == "service" and (measured or explains <= {"quality"})
