# SPDX-License-Identifier: MIT
"""The source of a transfer: which bytes of which chunk go next."""

from collections import deque

from .messages import BRIDGES_MODELS
from .primitives import UNEXPECTED, PeerError, malformed
from .ranges import members, ranges_of
from .transfer import BASE, CODEC, LIMITS, MODEL, QUALITY, STALLED, Transfer

LEVEL_REASON, DEADLINE_REASON, BUDGET_REASON = 0, 1, 2


def objection(card, hello, request):
    """TRF-6: why the receiver cannot have this card, as (code, reason), or None."""
    root, limits = card.table.root, hello["limits"]
    largest = max((entry.size for entry in card.table.entries), default=0)
    if (len(card.table.root_bytes) > limits["root_bytes"] or root["chunks"] > limits["chunks"]
            or largest > limits["chunk_bytes"] or root["payload_bytes"] > limits["card_bytes"]):
        return LIMITS, "the card exceeds a limit"
    if "model" in hello and not hello["features"] & BRIDGES_MODELS and not same_model(hello["model"], root["model"]):
        return MODEL, "the card is of another model"
    if hello["codecs"] and root["codec"] not in hello["codecs"]:
        return CODEC, "the receiver does not decode this codec"
    measured = root.get("divergence", {}).get("top1", -1.0)
    if request.get("quality") is not None and measured < request["quality"]:
        return QUALITY, "the card is not that good, or was not measured"
    bases = request.get("bases", b"")
    if "bases" in request and "base" in root and root["base"] not in [bases[at:at + 32] for at in range(0, len(bases), 32)]:
        return BASE, "the card is a delta of another card"
    return None


def same_model(left, right):
    return all(left[key] == right[key] for key in right if key != "unknown")


class Source(Transfer):
    """Chunks are pending, then current, then begun; or skipped."""

    waits_in = ("offering", "sending", "sent", "ended")

    def __init__(self, session, number, state, now, card, request):
        super().__init__(session, number, state, now)
        self.card = card
        self.entries = card.table.entries
        self.faults = session.faults
        self.urgency = request.get("urgency", 3)
        self.budget = request.get("budget")
        deadline = request.get("deadline_us")
        self.late_at = None if deadline is None else max(now, now + deadline - session.round_trip_us())  # TRF-14
        self.pending = {}  # chunk: where its bytes begin
        self.preferred, self.again = [], []
        self.lost = deque()  # (chunk, begin, end)
        self.current = None  # [chunk, offset of what goes next]
        self.begun, self.skipped = set(), set()
        self.begun_bytes = 0
        self.credit = session.peer["limits"]["credit"]
        self.level = 255
        self.waits_for_have = False
        self.late_pages = []

    def provide(self, held, partial, known, manifest_first):
        """TRF-4: manifest and pages; DATA follows by next_data."""
        spared = {*members(held, len(self.entries)), *members(known, len(self.entries))}
        if "sends-held" in self.faults:
            spared, partial = set(), []
        starts = dict(partial)
        self.pending = {chunk: starts.get(chunk, 0) for chunk, entry in enumerate(self.entries)
                        if chunk not in spared and starts.get(chunk, 0) < entry.size}
        self.waits_for_have = bool(manifest_first)
        table = self.card.table
        self.send("MANIFEST", root=table.root_bytes, known=known or None)
        for index in range(table.page_count):
            if "data-before-pages" in self.faults:
                self.late_pages.append(index)
            else:
                self.send("PAGE", index=index, page=table.pages[index])
        self.enter("sending")
        self._skip_above()

    def next_data(self, now, room):
        """(chunk, offset, bytes), or None; it may queue SKIPs, which go first."""
        if self.state not in ("sending", "sent") or self.waits_for_have:
            return None
        self.expire(now)
        if self.lost:
            return self._lost_bytes(now, room)
        if self.current is None or "chunks-interleaved" in self.faults:
            self._begin()
        if self.current is None or self.session.out:
            return None
        chunk, offset = self.current
        data = self._bytes(chunk, offset, min(self.entries[chunk].size, offset + room))
        if "chunks-interleaved" in self.faults and len(data) > 1:  # STR-2 broken: the rest stays for later
            data = data[:-(-len(data) // 2)]
        self._passed(chunk, offset + len(data))
        self.moved_at = now
        return chunk, offset, data

    def _passed(self, chunk, offset):
        self.current = [chunk, offset]
        if offset == self.entries[chunk].size:
            self.current = None
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

    def _lost_bytes(self, now, room):
        chunk, begin, end = self.lost.popleft()
        if begin + room < end:
            self.lost.appendleft((chunk, begin + room, end))
            end = begin + room
        self.moved_at = now
        return chunk, begin, self._bytes(chunk, begin, end)

    def _begin(self):
        """TRF-9, TRF-10, TRF-13: the next chunk that credit and budget let begin."""
        too_much, chosen = [], None
        for chunk in dict.fromkeys([*self.again, *self.preferred, *self.pending]):
            if chunk not in self.pending:
                continue
            size = self.entries[chunk].size
            if self.budget is not None and size - self.pending[chunk] > self.budget and "over-budget" not in self.faults:
                too_much.append(chunk)
            elif self.begun_bytes + size > self.credit and "ignores-credit" not in self.faults:
                break
            else:
                chosen = chunk
                break
        self._skip(too_much, BUDGET_REASON)
        if chosen is not None:
            start = self.pending.pop(chosen)
            self.current = [chosen, start]
            if start == 0 or chosen not in self.begun:
                self.begun_bytes += self.entries[chosen].size
            self.begun.add(chosen)
            if self.budget is not None:
                self.budget -= self.entries[chosen].size - start
            self.again = [chunk for chunk in self.again if chunk != chosen]
        elif not self.pending and self.current is None:
            self.enter("sent")

    def _skip(self, chunks, reason):
        """TRF-12: final."""
        if not chunks:
            return
        self.skipped.update(chunks)
        for chunk in chunks:
            self.pending.pop(chunk, None)
        self.lost = deque(part for part in self.lost if part[0] not in self.skipped)
        if self.current and self.current[0] in self.skipped:
            self.current = None
        self.send("SKIP", chunks=ranges_of(chunks), reason=reason)

    def _skip_above(self):
        self._skip([chunk for chunk in self.pending if self.entries[chunk].level > self.level], LEVEL_REASON)

    def expire(self, now):
        """TRF-14 in its simplest form: half a round trip before the deadline, everything unfinished is skipped."""
        if self.late_at is not None and now >= self.late_at and self.state in ("sending", "sent"):
            unfinished = {*self.pending, *(part[0] for part in self.lost)}
            if self.current:
                unfinished.add(self.current[0])
            self._skip(sorted(unfinished), DEADLINE_REASON)

    def data_lost(self, chunk, begin, end):
        if self.state in ("sending", "sent") and chunk not in self.skipped:
            self.lost.append((chunk, begin, end))

    def on_accept(self, message, now):
        self.provide(message["held"], message.get("partial", []), [], message.get("manifest_first"))

    def on_have(self, message, now):
        self.waits_for_have = False
        for chunk in members(message["chunks"], len(self.entries)):
            if "sends-held" not in self.faults:
                self.pending.pop(chunk, None)

    def on_credit(self, message, now):
        if message["credit"] < self.credit:
            raise malformed("credit that shrinks")
        self.credit = message["credit"]

    def on_level(self, message, now):
        self.level = message["level"] if "ignores-level" not in self.faults else 255
        if self.state != "wanted":
            self._skip_above()

    def on_prefer(self, message, now):
        self.preferred = [chunk for chunk in members(message["chunks"], len(self.entries)) if chunk in self.pending]

    def on_resend(self, message, now):
        for chunk in members(message["chunks"], len(self.entries)):
            if chunk not in self.skipped and not (self.current and self.current[0] == chunk):
                self.pending[chunk] = 0
                self.again.append(chunk)
                self.lost = deque(part for part in self.lost if part[0] != chunk)
        self.enter("sending")
        self._skip_above()

    def on_stop(self, message, now):
        if "ignores-stop" in self.faults:
            return
        self.pending, self.current = {}, None
        self.lost.clear()
        self.send("END", count=len(self.begun))
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
