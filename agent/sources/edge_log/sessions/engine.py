"""Counts the figures of one service from batches of log lines: pure, in the log's own time.

The loop over the lines is written for speed: it calls nothing for a line that continues a known session but
dictionary look-ups and one regular expression.
"""

import gc
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from agent.sources.edge_log.formats.batch import Batch, Reason
from agent.sources.edge_log.formats.request import NAMELESS
from agent.sources.edge_log.sessions.counters import NO_BUCKET, BucketCache, Counters, SecondsCache
from agent.sources.edge_log.sessions.cut import Cut
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.identity import Identities, Identity, ends_with_its_parameter, first_search
from agent.sources.edge_log.sessions.table import EXPIRED, Activity, OnExpired, Session, SessionTable, Who
from agent.sources.edge_log.sessions.targets import PENDING_PROTOCOLS, Target, Targets

# Seconds of the log's time, and sessions, between two looks for sessions that are over.
EXPIRE_EVERY, SMALL_TABLE = 300.0, 10_000
# Media requests, at least and for each session, after which it is weighed whether caching by the query pays. A
# session's first request can never be cached, so a busy edge has hundreds of thousands of those before it pays.
REVIEW_AFTER, REQUESTS_PER_REVIEW = 200_000, 4
# What a pattern finds and names nobody; None where its first group took no part.
NOBODY: frozenset[bytes | None] = NAMELESS | {None}


def spare_garbage_collector() -> None:
    """Let Python look for reference cycles less often in this process.

    A chunk of log is hundreds of short-lived rows and no cycle; looking through them at the default threshold takes
    an eighth of the time.
    """
    gc.set_threshold(10_000)


class Observer(Protocol):
    """Is told of every batch after it was counted; replay keeps time series with it."""

    def observe(self, batch: Batch) -> None:
        """Take note of the accepted rows and of the rejects."""


class Companion(Protocol):
    """Counts something else from the same batches."""

    def cut(self, batch: Batch) -> Cut | None:
        """Return the targets of a batch without what the companion reads of them; None where it reads nothing."""

    def take(self, batch: Batch, media_requests: int, found: Cut | None, media: Sequence[tuple[int, Target]]) -> None:
        """Count a batch with that many media requests: row and target of each where `cut` has found something."""

    def expire(self, moment: float) -> None:
        """Forget what no line can reach any more, in the log's time."""


class Engine:
    """The figures of one service."""

    def __init__(
        self,
        definition: Definition,
        secret: bytes,
        expired: OnExpired | None = None,
        observer: Observer | None = None,
        companion: Companion | None = None,
    ) -> None:
        self.counters = Counters()
        self.sessions = SessionTable(definition.idle_timeout, expired)
        self._definition = definition
        self._identities = Identities(definition, secret)
        self._observer = observer
        self._companion = companion
        self._token, query_only = first_search(definition.viewer)
        self._token_apart = not definition.viewer or ends_with_its_parameter(definition.viewer[0])
        self._targets = Targets(definition.media_suffixes, definition.channel, query_only=query_only)
        self._egress = [0] * len(self._targets.protocols)
        self._statuses = frozenset(b"%03d" % status for status in definition.media_statuses)
        self._buckets, self._seconds = BucketCache(), SecondsCache()
        # Sessions by the query that named them, so that its token need not be looked for again.
        self._by_query: dict[int, Session] = {}
        self._caching, self._query_only = query_only, query_only
        self._cached = self._searched = 0
        self._pending: set[Session] = set()  # sessions whose protocol the next manifest decides
        self._expired_to = float("-inf")
        self._expire_above = 0

    @property
    def protocols(self) -> list[str]:
        """Every value that the label `protocol` can take."""
        return self._targets.protocols

    def feed(self, batch: Batch, now: float) -> float:
        """Count a batch; `now` is the clock that a line's time is held against. Return the time of its newest line."""
        counters = self.counters
        limit = now + self._definition.ahead_tolerance
        newest = max(batch.times, default=EXPIRED)
        if newest > limit:
            batch = batch.without({row for row, time in enumerate(batch.times) if time > limit}, Reason.AHEAD)
            newest = max(batch.times, default=EXPIRED)
        counters.lines += batch.lines
        for reject in batch.rejects:
            counters.rejects[reject.reason] += 1
        if batch.times:
            counters.newest = newest if counters.newest is None else max(newest, counters.newest)
            for status, count in Counter(batch.statuses).items():
                counters.requests[_status_class(status)] += count
            if batch.durations is not None:
                self._count_durations(batch)
            if self._companion is None:
                self._count_media(batch, None, None)
            else:
                self._count_with_companion(batch, self._companion)
        if self._observer is not None:
            self._observer.observe(batch)
        return newest

    def bound(self, read_to: float) -> None:
        """Settle when the table has grown much, or much time has passed: while catching up nobody asks for figures."""
        due = self._expired_to + self._definition.lateness + EXPIRE_EVERY
        if len(self.sessions) > self._expire_above or read_to > due:
            self.expire(read_to)
            self._expire_above = max(SMALL_TABLE, 2 * len(self.sessions))

    def expire(self, read_to: float) -> None:
        """Forget sessions that no line can reach any more; `read_to` is the time of which every line was read.

        While catching up that is not the clock's time: lines of long ago are still to come.
        """
        moment = read_to - self._definition.lateness
        self._expired_to = moment
        self.sessions.expire(moment)
        if self._companion is not None:
            self._companion.expire(moment)
        if self._pending:
            self._pending = {session for session in self._pending if session.last != EXPIRED}

    def activity(self, moment: float) -> Activity:
        """Return the sessions active at `moment`, and advance the counters of started and ended sessions to it."""
        activity = self.sessions.active(moment)
        counters = self.counters
        counters.started = max(counters.started, self.sessions.started)
        counters.ended = max(counters.ended, self.sessions.started - activity.total)
        return activity

    def flush(self) -> Counters:
        """Return the counters with all that was counted so far."""
        for index, size in enumerate(self._egress):
            if size:
                self.counters.egress[self._targets.protocols[index]] += size
                self._egress[index] = 0
        return self.counters

    def _count_durations(self, batch: Batch) -> None:
        counters, column = self.counters, batch.durations or ()
        for bucket, count in Counter(map(self._buckets.__getitem__, column)).items():
            if bucket != NO_BUCKET:
                counters.durations[bucket] += count
        counters.duration_sum += sum(map(self._seconds.__getitem__, column))

    def _count_with_companion(self, batch: Batch, companion: Companion) -> None:
        sources, found = self.counters.identity_sources, companion.cut(batch)
        before = sources.total()
        media: list[tuple[int, Target]] = []
        self._count_media(batch, found, None if found is None else media)
        companion.take(batch, sources.total() - before, found, media)

    def _count_media(  # noqa: C901, PLR0912, PLR0915 - one loop: a call a line would cost a tenth
        self, batch: Batch, found: Cut | None, media: list[tuple[int, Target]] | None
    ) -> None:
        targets, egress, statuses, token = self._targets, self._egress, self._statuses, self._token
        by_key, idle, pending = self.sessions.by_key, self.sessions.idle_timeout, self._pending
        by_query, caching = self._by_query, self._caching
        identify, sources = self._identities.of, self.counters.identity_sources
        by_token = cached = 0
        # Reports differ in each line: without them the query of a session is always the same.
        uris = batch.uris if found is None or not self._token_apart else found.bases
        columns = zip(
            range(len(batch.times)),
            batch.times,
            uris,
            batch.statuses,
            batch.sizes,
            strict=True,
        )
        for row, time, uri, status, size in columns:
            path, _, query = uri.partition(b"?")
            target = targets[path]
            protocol, salt, query_only, manifest, origin, _ = target
            egress[protocol] += size
            if salt is None or status not in statuses:
                continue
            if media is not None:
                media.append((row, target))
            # The same query on the same channel is the same session, without another look for the token in it.
            if query_only and query and caching:
                session = by_query.get(hash(query) ^ salt)
                if session is not None and session.last <= time <= session.last + idle:
                    session.last = time
                    cached += 1
                    if manifest and pending and session in pending:
                        self._set_protocol(session, protocol)
                    continue
            if origin:
                uri = uri[origin:]  # noqa: PLW2901 - what stands before the path is no part of it
            match = token(uri, len(path) - origin if query_only else 0)
            if match is None and uris is not batch.uris:
                uri = batch.uris[row][origin:]  # noqa: PLW2901 - the whole of it: what names the viewer may come last
                match = token(uri, 0)
                query_only = False
            if match is not None and (identity := match[1]) not in NOBODY:
                by_token += 1
            else:
                source, identity = identify(uri, batch, row)
                sources[source] += 1
                if identity is None:
                    continue
                query_only = False
            key = hash(identity) ^ salt
            session = by_key.get(key) or self._begin(key, time, identity, target)
            if session is None:
                continue
            if query_only and caching:
                by_query[hash(query) ^ salt] = session
            if session.last <= time <= session.last + idle:
                session.last = time
            else:
                self.sessions.touch(session, time)
            if manifest and pending and session in pending:
                self._set_protocol(session, protocol)
        sources["token"] += by_token + cached
        self._review_cache(cached, by_token)

    def _set_protocol(self, session: Session, protocol: int) -> None:
        self._pending.discard(session)
        session.place = (session.place[0], self.protocols[protocol])

    def _review_cache(self, cached: int, searched: int) -> None:
        """Recall sessions by their query only while that pays, and within bounds.

        Where every request has a query of its own, such as a time stamp, caching would cost and gain nothing.
        """
        if len(self._by_query) > 2 * len(self.sessions) + SMALL_TABLE:
            self._by_query.clear()
        self._cached, self._searched = self._cached + cached, self._searched + searched
        if self._cached + self._searched > max(REVIEW_AFTER, REQUESTS_PER_REVIEW * len(self.sessions)):
            # A new trial now and then: players change.
            self._caching = self._query_only and (not self._caching or self._cached > self._searched)
            self._cached = self._searched = 0
            if not self._caching:
                self._by_query.clear()

    def _begin(self, key: int, time: float, identity: Identity, target: Target) -> Session | None:
        """Enter a session; None where the table is full."""
        if len(self.sessions) >= self._definition.max_sessions:
            self.counters.untracked += 1
            return None
        protocol = self.protocols[target.protocol]
        session = self.sessions.begin(key, time, Who(self._identities.viewer(identity), target.channel, protocol))
        if session.place[1] in PENDING_PROTOCOLS:
            self._pending.add(session)
        return session


def _status_class(status: bytes) -> str:
    return f"{chr(status[0])}xx" if status[:1] in b"12345" else "other"
