"""One playback session by its events: each new state comes with its moment, and nothing is computed from buffers."""

from agent.sources.edge_log.quality.playback import SHORTEST_STALL
from agent.sources.edge_log.quality.tally import Tally
from agent.sources.player_events.event import RESPONSE, Event

PLAYING, STALLED, SEEKING = "p", "r", "k"
# Requests run side by side, so that events overtake each other. One is waited for until so many, or for so long.
_MOST_PENDING, _PATIENCE = 8, 5.0


class EventSession:
    """A session of one player on one content. Moments are the player's own, in the order of `sn`."""

    __slots__ = (
        "_began",
        "_bit_rate",
        "_complete",
        "_gap",
        "_has_stalled",
        "_moment",
        "_named",
        "_newest",
        "_pending",
        "_pending_from",
        "_sequence",
        "_stalled_from",
        "_state",
        "_tally",
        "elsewhere",
        "last",
        "started",
    )

    def __init__(self, tally: Tally, arrived: float) -> None:
        self._tally = tally
        self.last = arrived  # by the agent's clock
        self.elsewhere = False  # whether it asks one of our edges
        self.started = False  # whether anything played
        self._began: float | None = None  # moment of the first event
        self._complete = False  # whether its first events are here: players count from 0
        self._sequence = -1
        self._newest = 0.0  # moment of the newest event
        self._pending: dict[int, Event] = {}
        self._pending_from = arrived
        self._gap = False  # events are missing since the last state
        self._named = False  # whether the player has ever named a state
        self._state = ""
        self._moment = 0.0  # up to where the time is accounted for
        self._stalled_from: float | None = None
        self._has_stalled = False
        self._bit_rate: float | None = None

    def take(self, event: Event, arrived: float, longest: float) -> None:
        """Take an event; a silence of more than `longest` seconds is not accounted for."""
        self.last = arrived
        sequence = event.report.sequence
        if sequence is None:
            self._complete = self._complete or not self._state
            self._judge(event, longest)
            return
        if sequence <= self._sequence:
            if event.kind == RESPONSE or event.moment <= self._newest:
                return  # it comes too late, or again
            self._begin_again(longest)
        if event.kind != RESPONSE:
            self._newest = max(self._newest, event.moment)
        if not self._pending:
            self._pending_from = arrived
        self._pending[sequence] = event
        overdue = len(self._pending) > _MOST_PENDING or arrived - self._pending_from > _PATIENCE
        self._go_on(longest, overdue=overdue)

    def end(self, longest: float) -> None:
        """Count a session that nothing more has come of."""
        while self._pending:
            self._go_on(longest, overdue=True)
        # A player that names no state does not say whether it played.
        if self._named and not self.started and not self.elsewhere:
            self._tally.sessions += 1
            self._tally.abandoned += 1

    def _begin_again(self, longest: float) -> None:
        """Expect numbers from 0: hls.js begins with 0 again when it loads another source, and keeps `sid`."""
        while self._pending:
            self._go_on(longest, overdue=True)
        self._sequence, self._gap = -1, True

    def _go_on(self, longest: float, *, overdue: bool) -> None:
        """Judge the events that are next; one that is overdue is not waited for any more."""
        pending = self._pending
        if overdue and pending and self._sequence + 1 not in pending:
            self._gap = True
            self._sequence = min(pending) - 1
        while (event := pending.pop(self._sequence + 1, None)) is not None:
            self._complete |= self._sequence <= 0 and not self._state
            self._sequence += 1
            self._judge(event, longest)

    def _judge(self, event: Event, longest: float) -> None:
        if self._began is None:
            self._began = self._moment = event.moment
        if event.kind == RESPONSE:
            return  # what a response says of the state is of the time of its request
        moment = max(event.moment, self._moment)  # a clock that was set back stands still
        self._account(moment, longest)
        self._change(event, moment)
        self._note_bit_rate(event.report.bit_rate)

    def _account(self, moment: float, longest: float) -> None:
        """Account for the time since the last state."""
        passed, tally = moment - self._moment, self._tally
        gap, self._gap = self._gap, False
        if passed <= 0:
            return
        if gap or passed > longest:
            # The player may have been in other states meanwhile, so a stall begins again here.
            tally.refused_seconds += min(passed, longest) if self.started else 0.0
            self._stalled_from = moment if self._stalled_from is not None else None
        elif self._state in (PLAYING, STALLED):
            tally.watched_seconds += passed
            if self._state == PLAYING and self._bit_rate:
                tally.played_seconds += passed
                tally.played_bits += passed * self._bit_rate
        elif self.started:
            tally.refused_seconds += passed
        self._moment = moment

    def _change(self, event: Event, moment: float) -> None:
        """Take the state that an event names, if it names one; the time up to `moment` is accounted for."""
        state = event.report.state
        if state is None or state == self._state:
            return
        self._named = True
        if state == STALLED and self._state != PLAYING:
            state = SEEKING  # what was not played cannot stall: a start, a seek, or the end of a pause
        if self._state == STALLED and self._stalled_from is not None:
            self._stall(moment - self._stalled_from)
        self._stalled_from = moment if state == STALLED else None
        self._state = state
        if state == PLAYING and not self.started:
            self.started = True
            self._tally.sessions += 1
            if self._complete and self._began is not None:
                self._tally.startup.add(max(0.0, moment - self._began))

    def _stall(self, seconds: float) -> None:
        if seconds < SHORTEST_STALL:
            return
        self._tally.stalls += 1
        self._tally.stall_seconds += seconds
        self._tally.stalled_sessions += not self._has_stalled
        self._has_stalled = True

    def _note_bit_rate(self, bit_rate: float | None) -> None:
        if not bit_rate or bit_rate == self._bit_rate:
            return
        self._tally.switches += self._bit_rate is not None
        self._bit_rate = bit_rate
