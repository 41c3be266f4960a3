# SPDX-License-Identifier: MIT
"""The source of a transfer: which bytes of which chunk go next."""

from collections import deque

from .credit import Credit
from .dropping import DATAGRAMS, LOST_REASON, Dropping
from .frames import encode_data
from .messages import TAKES_DATAGRAMS, USUAL_URGENCY
from .primitives import UNEXPECTED, PeerError, malformed
from .ranges import members, ranges_of
from .transfer import EAGER_OVERHEAD, STALLED, Transfer

LEVEL_REASON, DEADLINE_REASON, BUDGET_REASON = 0, 1, 2


class Source(Transfer):
    """Chunks are pending, then current, then begun; or skipped."""

    waits_in = ("offering", "sending")
    verdict_in = ("sent", "ended")

    def __init__(self, session, number, state, now, card, request, eager=False):
        super().__init__(session, number, state, now)
        self.card = card
        self.entries = card.table.entries
        self.faults = session.faults
        self.urgency = request.get("urgency", USUAL_URGENCY)
        self.eager, self.eager_bytes = eager, 0
        self.budget, self.paid = request.get("budget"), set()
        deadline = request.get("deadline_us")
        self.late_at = None if deadline is None else max(now, now + deadline - session.round_trip_us())  # TRF-14
        self.pending = {}  # chunk: where its bytes begin
        self.preferred, self.again = [], []
        self.lost = deque()  # (chunk, begin, end)
        self.current = {}  # stream: [chunk, offset of what goes next], the first begun first
        self.skipped = set()
        self.credit = Credit(session.peer["limits"]["credit"])
        self.level = 255
        self.waits_for_have = False
        self.late_pages = []
        self.dropping = None
        self._name_droppable(request)

    def _name_droppable(self, message):
        takes = self.session.peer["features"] & TAKES_DATAGRAMS
        self.dropping = Dropping(self.entries, message.get("droppable_from") if takes else None)

    def provide(self, held, partial, known, manifest_first):
        """TRF-4: manifest and pages; DATA follows by next_data."""
        self.pending = dict.fromkeys(range(len(self.entries)), 0)
        self._spare([*members(held, len(self.entries)), *members(known, len(self.entries))], partial)
        self.waits_for_have = bool(manifest_first)
        self.send_manifest(known)
        self.enter("sending")

    def _spare(self, chunks, partial=()):
        """TRF-7, of what was not begun."""
        for chunk, count in partial:
            if chunk >= len(self.entries) or count >= self.entries[chunk].size:
                raise malformed(f"{count} bytes of chunk {chunk}, which has less")
        if "sends-held" in self.faults:
            return
        for chunk in chunks:
            self.pending.pop(chunk, None)
        self.pending.update((chunk, count) for chunk, count in partial if chunk in self.pending)

    def push(self):
        """TRF-21: before ACCEPT."""
        self.pending = dict.fromkeys(range(len(self.entries)), 0)
        self.send_manifest([])

    def send_manifest(self, known):
        table = self.card.table
        self.send("MANIFEST", root=table.root_bytes, known=known or None)
        for index in range(table.page_count):
            if "data-before-pages" in self.faults:
                self.late_pages.append(index)
            else:
                self.send("PAGE", index=index, page=table.pages[index])

    def next_data(self, now, room, streams, datagram_room=0):
        """(chunk, offset, bytes, stream), or None; it may queue SKIPs, which go first. One of the streams may be
        DATAGRAMS, whose bytes and their place have datagram_room."""
        if self.waits_for_have or not (self.state in ("sending", "sent") or self.eager and self.state == "offering"):
            return None
        self.expire(now)
        if self.state == "offering":
            room = min(room, self.session.eager_left() - EAGER_OVERHEAD)
            if room <= 0:
                return None
        found = self._next_bytes(now, room, streams, datagram_room)
        if found and self.state == "offering":
            self.eager_bytes += len(found[2]) + EAGER_OVERHEAD
        return found

    def _next_bytes(self, now, room, streams, datagram_room):
        if self.lost:
            return *self._lost_bytes(room), streams[0]
        stream = next((stream for stream in self.current if stream in streams), None)  # SMS-2
        if stream is None or "chunks-interleaved" in self.faults:
            begun = self._begin(streams)
            stream = stream if begun is None else begun
        if stream not in self.current or self.session.out:
            return None
        chunk, offset = self.current[stream]
        if stream == DATAGRAMS:
            room = datagram_room - len(encode_data(self.number, chunk, offset, b""))
        data = self._bytes(chunk, offset, min(self.entries[chunk].size, offset + room))
        if "chunks-interleaved" in self.faults and len(data) > 1:  # STR-2 broken: the rest stays for later
            data = data[:-(-len(data) // 2)]
        self._passed(stream, chunk, offset + len(data))
        self.moved_at = now
        return chunk, offset, data, stream

    def _passed(self, stream, chunk, offset):
        self.current[stream] = [chunk, offset]
        if offset == self.entries[chunk].size:
            del self.current[stream]
        elif "chunks-interleaved" in self.faults:
            self.pending[chunk] = offset
            self.preferred = [other for other in self.pending if other != chunk]
        for index in self.late_pages:
            self.send("PAGE", index=index, page=self.card.table.pages[index])
        self.late_pages = []

    def _bytes(self, chunk, begin, end):
        data = self.card.payloads[chunk][begin:end]
        if "wrong-bytes" in self.faults and chunk == 0 and begin == 0:
            data = bytes([data[0] ^ 1]) + data[1:]
        return data

    def _lost_bytes(self, room):
        chunk, begin, end = self.lost.popleft()
        if begin + room < end:
            self.lost.appendleft((chunk, begin + room, end))
            end = begin + room
        return chunk, begin, self._bytes(chunk, begin, end)

    def _begin(self, streams):
        """TRF-10: the next chunk; what it comes to and may not send is skipped. Where it has begun, or None."""
        above, too_much, chosen = [], [], None
        for chunk in dict.fromkeys([*self.again, *self.preferred, *self.pending]):
            if chunk not in self.pending:
                continue
            if self.entries[chunk].level > self.level:
                above.append(chunk)  # TRF-11
            elif self._exceeds_budget(chunk):
                too_much.append(chunk)
            else:
                chosen = chunk
                break
        self._skip(above, LEVEL_REASON)
        self._skip(too_much, BUDGET_REASON)
        if chosen is None:
            if not self.pending and not self.current and self.state == "sending":
                self.enter("sent")
        elif self.credit.fits(chosen, self.entries[chosen].size) or "ignores-credit" in self.faults:
            return self._begin_with(chosen, streams)
        return None

    def _exceeds_budget(self, chunk):
        """TRF-13."""
        if self.budget is None or chunk in self.paid or "over-budget" in self.faults:
            return False
        return self.entries[chunk].size - self.pending[chunk] > self.budget

    def _begin_with(self, chunk, streams):
        stream = next((stream for stream in streams if stream != DATAGRAMS), None)
        if DATAGRAMS in streams and chunk not in self.again and self.dropping.may_take(chunk):
            stream = DATAGRAMS
        if stream is None:
            return None
        start, size = self.pending.pop(chunk), self.entries[chunk].size
        self.current[stream] = [chunk, start]
        self.credit.begin(chunk, size)  # TRF-9
        if self.budget is not None and chunk not in self.paid:
            self.budget -= size - start
            self.paid.add(chunk)
        self.again = [other for other in self.again if other != chunk]
        if stream == DATAGRAMS:
            self.dropping.begin(chunk, size - start)
        return stream

    def _skip(self, chunks, reason):
        """TRF-12: final."""
        if not chunks:
            return
        self.skipped.update(chunks)
        for chunk in chunks:
            self.pending.pop(chunk, None)
            self.credit.skip(chunk, self.entries[chunk].size)
        self.lost = deque(part for part in self.lost if part[0] not in self.skipped)
        self.current = {stream: part for stream, part in self.current.items() if part[0] not in self.skipped}
        self.send("SKIP", chunks=ranges_of(chunks), reason=reason)

    def expire(self, now):
        """TRF-14 in its simplest form: half a round trip before the deadline, everything unfinished is skipped."""
        if self.late_at is not None and now >= self.late_at and self.state in ("sending", "sent"):
            unfinished = {*self.pending, *(part[0] for part in (*self.lost, *self.current.values()))}
            self._skip(sorted(unfinished), DEADLINE_REASON)

    def data_lost(self, chunk, begin, end):
        if self.state in ("offering", "sending", "sent") and chunk not in self.skipped:
            self.lost.append((chunk, begin, end))

    def datagram_fate(self, chunk, count, arrived):
        """SMS-11, of so many bytes of a chunk."""
        if arrived:
            self.dropping.arrived(chunk, count)
        elif self.state in ("sending", "sent"):
            going = {part[0] for part in self.current.values()}
            self._skip([lost for place, lost in enumerate(self.dropping.lost(chunk))
                        if not place or lost in self.pending or lost in going], LOST_REASON)

    def on_accept(self, message, now):
        self._name_droppable(message)
        held, partial, first = message["held"], message.get("partial", []), message.get("manifest_first")
        if not self.eager:
            return self.provide(held, partial, [], first)
        self._spare(members(held, len(self.entries)), partial)
        self.waits_for_have = bool(first)
        self.enter("sending")

    def on_have(self, message, now):
        self.waits_for_have = False
        self.dropping.allowed = True
        self._spare(members(message["chunks"], len(self.entries)))

    def on_credit(self, message, now):
        self.credit.name(message["credit"])

    def on_level(self, message, now):
        self.level = message["level"] if "ignores-level" not in self.faults else 255

    def on_prefer(self, message, now):
        self.preferred = [chunk for chunk in members(message["chunks"], len(self.entries)) if chunk in self.pending]

    def on_resend(self, message, now):
        for chunk in members(message["chunks"], len(self.entries)):
            if chunk not in self.skipped and all(part[0] != chunk for part in self.current.values()):
                self.pending[chunk] = 0
                self.again.append(chunk)
                self.dropping.forget(chunk)
                self.lost = deque(part for part in self.lost if part[0] != chunk)
        self.enter("sending")

    def on_stop(self, message, now):
        if "ignores-stop" in self.faults:
            return
        self.pending, self.current = {}, {}
        self.lost.clear()
        self.send("END", count=len(self.credit.begun))
        self.enter("ended")

    def on_confirm(self, message, now):
        if message["card"] != self.card.digest and "any-digest" not in self.faults:
            raise PeerError(UNEXPECTED, "CONFIRM of another card")  # TRF-16
        self.finish(None, "confirmed")

    def next_timeout(self):
        late_at = self.late_at if self.pending or self.current or self.lost else None
        return min((at for at in (late_at, self.stalls_at()) if at is not None), default=None)

    def handle_timeout(self, now):
        self.expire(now)
        stalls_at = self.stalls_at()
        if stalls_at is not None and now >= stalls_at:
            self.give_up("CANCEL", STALLED, "no progress")
